using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>
/// The sending half of an association: queues, what is on its way, what is sent again and what is given up (RFC 9260 §6.1, §6.3, §7;
/// RFC 3758 §3.5). Messages that may be lost are unordered, are sent once, and wait in a queue whose oldest give way.
/// </summary>
internal sealed class SctpSender(uint initialTsn)
{
    /// <summary>Flags aside, what a DATA chunk has before its payload: TSN, stream, sequence, payload protocol.</summary>
    private const int DataHeaderBytes = 12;

    private const int MaxPayload = SctpPacket.MaxBytes - SctpPacket.HeaderBytes - SctpChunkReader.HeaderBytes - DataHeaderBytes;

    /// <summary>Of reliable messages that wait: fifteen of the largest, or what 2 Mbit/s carry in a second.</summary>
    public const int MaxReliableBytes = 256 * 1024;

    /// <summary>Of lossy ones: half a second of the same path is as old as they may become.</summary>
    public const int MaxLossyBytes = 64 * 1024;

    /// <summary>RFC 9260 §7.2.4.</summary>
    private const int MissingReports = 3;

    /// <summary>Whose cumulative TSN stands still is sent nothing new beyond so many, though single ones are acknowledged: they are kept, and walked through.</summary>
    private const int MaxSentChunks = 2_048;

    private readonly Queue<OutgoingMessage> _reliable = new();
    private readonly Queue<OutgoingMessage> _lossy = new();
    private readonly Dictionary<ushort, ushort> _sequences = [];
    private readonly List<SentChunk> _sent = [];
    private readonly CongestionWindow _congestion = new();
    private readonly RetransmissionTimeout _timeout = new();
    private OutgoingMessage? _current;
    private int _currentOffset;
    private bool _lossyIsNext;
    private int _reliableBytes;
    private int _lossyBytes;
    private int _inFlight;
    private long _peerWindow = SctpReceiver.WindowBytes;
    private uint _nextTsn = initialTsn;
    private uint _acknowledged = initialTsn - 1;
    private bool _skipDue;

    /// <summary>When <see cref="Expire"/> wants to be called.</summary>
    public MonotonicTime Deadline { get; private set; } = MonotonicTime.Never;

    public uint LastTsn => _nextTsn - 1;

    /// <summary>Everything up to there has come, or was given up and that is known.</summary>
    public bool HasAcknowledged(uint tsn) => (int)(tsn - _acknowledged) <= 0;

    public TimeSpan Timeout => _timeout.Value;

    /// <summary>Whether the other side understands FORWARD-TSN; else what is lost is sent again.</summary>
    public bool CanSkip { get; set; }

    /// <summary>Lossy messages that gave way in the queue, or were lost on their way.</summary>
    public long Dropped { get; private set; }

    public bool IsIdle => _sent.Count == 0 && _current is null && _reliable.Count == 0 && _lossy.Count == 0;

    /// <summary>False when the message does not fit the reliable queue. A lossy one always fits: the oldest give way.</summary>
    public bool TryEnqueue(ushort stream, uint payloadProtocol, ReadOnlySpan<byte> message, bool reliable)
    {
        if (reliable && _reliableBytes + message.Length > MaxReliableBytes)
        {
            return false;
        }

        if (reliable)
        {
            _reliableBytes += message.Length;
            _reliable.Enqueue(new(stream, payloadProtocol, message.ToArray(), true));
            return true;
        }

        while (_lossyBytes + message.Length > MaxLossyBytes && _lossy.TryDequeue(out var oldest))
        {
            _lossyBytes -= oldest.Bytes.Length;
            Dropped++;
        }

        _lossyBytes += message.Length;
        _lossy.Enqueue(new(stream, payloadProtocol, message.ToArray(), false));
        return true;
    }

    public void SetPeerWindow(uint bytes) => _peerWindow = bytes;

    /// <summary>Forgets what waits for the stream. What was begun is sent to its end: half a message would stand in the way of those after it.</summary>
    public void Purge(ushort stream)
    {
        Keep(_reliable, ref _reliableBytes, stream);
        Keep(_lossy, ref _lossyBytes, stream);
    }

    /// <summary>Whether a message of the stream is half sent.</summary>
    public bool IsSending(ushort stream) => _current?.Stream == stream;

    public void ResetSequence(ushort stream) => _sequences.Remove(stream);

    /// <summary>False when it acknowledges what was never sent.</summary>
    /// <param name="gaps">Distances from the cumulative TSN that have come, each from and to (RFC 9260 §3.3.4).</param>
    public bool TryAcknowledge(uint cumulative, uint window, ReadOnlySpan<(ushort Start, ushort End)> gaps, MonotonicTime now)
    {
        if ((int)(cumulative - _acknowledged) < 0)
        {
            return true; // Overtaken by a later one.
        }

        if ((int)(cumulative - LastTsn) > 0)
        {
            return false;
        }

        var wasFull = _inFlight + MaxPayload > _congestion.Bytes;
        var advanced = cumulative != _acknowledged;
        var acknowledged = 0;
        var count = 0;
        while (count < _sent.Count && (int)(_sent[count].Tsn - cumulative) <= 0)
        {
            acknowledged += Acknowledge(_sent[count], now);
            count++;
        }

        _sent.RemoveRange(0, count);
        _acknowledged = cumulative;
        acknowledged += AcknowledgeGaps(cumulative, gaps, now, out var highest);
        if (highest is { } newest)
        {
            ReportMissing(newest);
        }

        if (advanced)
        {
            _congestion.Advanced(cumulative, acknowledged, wasFull);
            Deadline = MonotonicTime.Never;
        }

        _peerWindow = Math.Max(0, (long)window - _inFlight);
        GiveUp();
        if (_sent.Count == 0)
        {
            Deadline = MonotonicTime.Never;
        }
        else if (Deadline.IsNever)
        {
            Deadline = now + _timeout.Value;
        }

        return true;
    }

    /// <summary>The timer ran out (RFC 9260 §6.3.3): everything that is not acknowledged is sent again, or given up.</summary>
    public void Expire(MonotonicTime now)
    {
        if (now < Deadline)
        {
            return;
        }

        _timeout.Expired();
        _congestion.TimedOut();
        foreach (var chunk in _sent)
        {
            if (chunk.State == ChunkState.InFlight)
            {
                Lose(chunk);
            }
        }

        _skipDue = true; // Also again: the last FORWARD-TSN may be what was lost (RFC 3758 §3.5 F).
        GiveUp();
        Deadline = _sent.Count == 0 ? MonotonicTime.Never : now + _timeout.Value;
    }

    /// <summary>Adds FORWARD-TSN when it is due; true when it did.</summary>
    public bool TryWriteSkip(ref SctpPacketWriter packet)
    {
        if (!_skipDue || _sent.Count == 0 || _sent[0].State != ChunkState.GivenUp)
        {
            _skipDue = false;
            return false;
        }

        var point = _acknowledged;
        foreach (var chunk in _sent)
        {
            if (chunk.State is not (ChunkState.GivenUp or ChunkState.Acknowledged))
            {
                break;
            }

            point = chunk.State == ChunkState.GivenUp ? chunk.Tsn : point;
        }

        // Only unordered messages are given up, so no stream is named (RFC 3758 §3.2).
        _skipDue = false;
        packet.Begin(SctpChunkType.ForwardTsn);
        packet.Write(point);
        packet.End();
        return true;
    }

    /// <summary>Fills the packet with chunks as far as both windows allow; true when there was one.</summary>
    public bool TryWriteData(ref SctpPacketWriter packet, MonotonicTime now)
    {
        var wrote = false;
        for (var i = 0; i < _sent.Count; i++)
        {
            if (_sent[i].State == ChunkState.Lost)
            {
                if (!MaySend(_sent[i].Length) || !packet.Fits(DataHeaderBytes + _sent[i].Length))
                {
                    return wrote;
                }

                Write(ref packet, _sent[i], now);
                wrote = true;
            }
        }

        while (_sent.Count < MaxSentChunks && NextMessage() is { } message)
        {
            var length = Math.Min(MaxPayload, message.Bytes.Length - _currentOffset);
            if (!MaySend(length) || !packet.Fits(DataHeaderBytes + length))
            {
                return wrote;
            }

            var flags = (_currentOffset == 0 ? DataHeader.First : 0)
                | (_currentOffset + length == message.Bytes.Length ? DataHeader.Last : 0)
                | (message.IsReliable ? 0 : DataHeader.Unordered);
            var chunk = new SentChunk(message, _nextTsn++, _currentOffset, length, (byte)flags);
            _sent.Add(chunk);
            _currentOffset += length;
            if (message.IsReliable)
            {
                _reliableBytes -= length;
            }
            else
            {
                _lossyBytes -= length;
            }

            Write(ref packet, chunk, now);
            wrote = true;
            if (chunk.IsLast)
            {
                _current = null;
            }
        }

        return wrote;
    }

    private OutgoingMessage? NextMessage()
    {
        if (_current is not null)
        {
            return _current;
        }

        // In turns, so that neither kind waits for more than a message of the other.
        if (!(_lossyIsNext ? _lossy : _reliable).TryDequeue(out _current) && !(_lossyIsNext ? _reliable : _lossy).TryDequeue(out _current))
        {
            return null;
        }

        _lossyIsNext = _current.IsReliable;
        _currentOffset = 0;
        if (_current.IsReliable)
        {
            _current.Sequence = _sequences.GetValueOrDefault(_current.Stream);
            _sequences[_current.Stream] = (ushort)(_current.Sequence + 1);
        }

        return _current;
    }

    /// <summary>One chunk may always be on its way, to a closed window too: it asks whether that has opened (RFC 9260 §6.1 A).</summary>
    private bool MaySend(int length) => _inFlight == 0 || (_inFlight + length <= _congestion.Bytes && length <= _peerWindow);

    private void Write(ref SctpPacketWriter packet, SentChunk chunk, MonotonicTime now)
    {
        packet.Begin(SctpChunkType.Data, chunk.Flags);
        packet.Write(chunk.Tsn);
        packet.Write(chunk.Message.Stream);
        packet.Write(chunk.Message.Sequence);
        packet.Write(chunk.Message.PayloadProtocol);
        packet.Write(chunk.Message.Bytes.AsSpan(chunk.Offset, chunk.Length));
        packet.End();
        chunk.State = ChunkState.InFlight;
        chunk.Missing = 0;
        chunk.Transmissions++;
        chunk.SentAt = now;
        _inFlight += chunk.Length;
        _peerWindow -= chunk.Length;
        if (Deadline.IsNever)
        {
            Deadline = now + _timeout.Value;
        }
    }

    private int AcknowledgeGaps(uint cumulative, ReadOnlySpan<(ushort Start, ushort End)> gaps, MonotonicTime now, out uint? highest)
    {
        highest = null;
        var acknowledged = 0;
        var gap = 0;
        foreach (var chunk in _sent)
        {
            var distance = chunk.Tsn - cumulative;
            while (gap < gaps.Length && gaps[gap].End < distance)
            {
                gap++;
            }

            if (gap < gaps.Length && gaps[gap].Start <= distance)
            {
                if (chunk.State != ChunkState.Acknowledged)
                {
                    acknowledged += Acknowledge(chunk, now);
                    highest = chunk.Tsn;
                }
            }
            else if (chunk.State == ChunkState.Acknowledged)
            {
                chunk.State = ChunkState.Lost; // The receiver gave it up again (RFC 9260 §6.2.1 D iv).
            }
        }

        return acknowledged;
    }

    private int Acknowledge(SentChunk chunk, MonotonicTime now)
    {
        var isNew = chunk.State != ChunkState.Acknowledged;
        if (chunk.State == ChunkState.InFlight)
        {
            _inFlight -= chunk.Length;
            if (chunk.Transmissions == 1)
            {
                _timeout.Measured(now - chunk.SentAt); // Karn's rule (RFC 9260 §6.3.1 C5).
            }
        }

        chunk.State = ChunkState.Acknowledged;
        return isNew ? chunk.Length : 0;
    }

    private void ReportMissing(uint newest)
    {
        foreach (var chunk in _sent)
        {
            if ((int)(chunk.Tsn - newest) >= 0)
            {
                return;
            }

            if (chunk.State == ChunkState.InFlight && ++chunk.Missing == MissingReports)
            {
                Lose(chunk);
                _congestion.Lost(LastTsn);
            }
        }
    }

    private void Lose(SentChunk chunk)
    {
        _inFlight -= chunk.Length;
        chunk.State = ChunkState.Lost;
        if (!chunk.Message.IsReliable && CanSkip)
        {
            chunk.Message.IsGivenUp = true;
        }
    }

    /// <summary>A message is lost as a whole (RFC 3758 §3.5 A3): its other fragments need not come either.</summary>
    private void GiveUp()
    {
        if (_current is { IsGivenUp: true } begun)
        {
            _lossyBytes -= begun.Bytes.Length - _currentOffset;
            _current = null;
        }

        foreach (var chunk in _sent)
        {
            if (!chunk.Message.IsGivenUp || chunk.State is ChunkState.GivenUp or ChunkState.Acknowledged)
            {
                continue;
            }

            if (chunk.State == ChunkState.InFlight)
            {
                _inFlight -= chunk.Length;
            }

            chunk.State = ChunkState.GivenUp;
            if (!chunk.Message.IsCounted)
            {
                chunk.Message.IsCounted = true;
                Dropped++;
            }
        }

        _skipDue |= _sent.Count > 0 && _sent[0].State == ChunkState.GivenUp;
    }

    private static void Keep(Queue<OutgoingMessage> queue, ref int bytes, ushort stream)
    {
        for (var i = queue.Count; i > 0; i--)
        {
            var message = queue.Dequeue();
            if (message.Stream != stream)
            {
                queue.Enqueue(message);
            }
            else
            {
                bytes -= message.Bytes.Length;
            }
        }
    }

    private enum ChunkState
    {
        InFlight,
        Lost,
        GivenUp,
        Acknowledged,
    }

    private sealed class OutgoingMessage(ushort stream, uint payloadProtocol, byte[] bytes, bool isReliable)
    {
        public ushort Stream { get; } = stream;

        public uint PayloadProtocol { get; } = payloadProtocol;

        public byte[] Bytes { get; } = bytes;

        public bool IsReliable { get; } = isReliable;

        public ushort Sequence { get; set; }

        public bool IsGivenUp { get; set; }

        public bool IsCounted { get; set; }
    }

    private sealed class SentChunk(OutgoingMessage message, uint tsn, int offset, int length, byte flags)
    {
        public OutgoingMessage Message { get; } = message;

        public uint Tsn { get; } = tsn;

        public int Offset { get; } = offset;

        public int Length { get; } = length;

        public byte Flags { get; } = flags;

        public bool IsLast => (Flags & DataHeader.Last) != 0;

        public ChunkState State { get; set; }

        public int Missing { get; set; }

        public int Transmissions { get; set; }

        public MonotonicTime SentAt { get; set; }
    }
}
