using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>Numbers that must not be guessed or repeat, and the ports of the descriptions.</summary>
/// <param name="LocalTag">Not zero.</param>
/// <param name="InitialTsn">Our first TSN.</param>
/// <param name="Cookie">What the other side must echo.</param>
/// <param name="LocalPort">Ours (RFC 8841 §5).</param>
/// <param name="RemotePort">Theirs.</param>
/// <param name="MaxMessageBytes">A longer message ends the association.</param>
public sealed record SctpOptions(uint LocalTag, uint InitialTsn, ulong Cookie, ushort LocalPort, ushort RemotePort, int MaxMessageBytes);

/// <summary>
/// One SCTP association over DTLS (RFC 9260, RFC 8261), the side that is called: it waits for INIT. Packets and time go in; packets, messages
/// and the next deadline come out. See docs/deviations/sctp.md for what is left out.
/// </summary>
public sealed class SctpAssociation
{
    /// <summary>The reason of an end that the other side wanted: it closed its connection.</summary>
    public const string Closed = "sctp_closed";

    private const ushort UserInitiatedAbort = 12; // RFC 9260 §3.3.10.12
    private const ushort ProtocolViolation = 13; // RFC 9260 §3.3.10.13
    private const ushort CookieParameter = 7;
    private const ushort SupportedExtensions = 0x8008;
    private const ushort ForwardTsnSupported = 0xC000;

    /// <summary>Of INIT after its header: tag, window, streams out and in, first TSN.</summary>
    private const int InitBytes = 16;

    /// <summary>Of SACK: cumulative TSN, window, number of gaps, number of duplicates.</summary>
    private const int SackBytes = 12;

    /// <summary>What we echo of a HEARTBEAT; ours would be 4 + 8 + 16.</summary>
    private const int MaxHeartbeatBytes = 512;

    private const int MaxSkippedStreams = 64;

    /// <summary>Packets of one turn; the window's worth is a hundred.</summary>
    private const int MaxBurst = 128;

    private readonly SctpOptions _options;
    private readonly ISctpSink _sink;
    private readonly SctpSender _sender;
    private SctpReceiver? _receiver;
    private StreamResets? _resets;
    private uint _remoteTag;
    private bool _sackDue;
    private UInt128 _seen;

    public SctpAssociation(SctpOptions options, ISctpSink sink)
    {
        _options = options;
        _sink = sink;
        _sender = new(options.InitialTsn);
    }

    public bool IsEstablished { get; private set; }

    public bool IsEnded { get; private set; }

    /// <summary>Packets that were none, or belonged to another association.</summary>
    public long Refused { get; private set; }

    /// <summary>Lossy messages that were given up.</summary>
    public long Dropped => _sender.Dropped;

    public MonotonicTime Deadline => !IsEstablished || IsEnded ? MonotonicTime.Never : MonotonicTime.Min(_sender.Deadline, _resets!.Deadline);

    /// <summary>Feeds the content of one DTLS record.</summary>
    public void Receive(ReadOnlySpan<byte> packet, MonotonicTime now)
    {
        if (IsEnded || !SctpPacket.TryRead(packet, out var tag, out var chunks))
        {
            Refused++;
            return;
        }

        _seen = 0;
        var reader = new SctpChunkReader(chunks);
        while (!IsEnded && reader.TryReadNext(out var chunk))
        {
            // INIT alone bears no tag (RFC 9260 §8.5.1).
            if (tag != (chunk.Type == SctpChunkType.Init ? 0 : _options.LocalTag) && !IsReflected(chunk, tag))
            {
                Refused++;
                return;
            }

            if (!TryReceive(chunk, now))
            {
                Abort("sctp_protocol_violation");
            }
        }

        Flush(now);
    }

    /// <summary>Queues a message; it goes out with <see cref="Flush"/>. False when the queue of reliable messages is full, or there is no association.</summary>
    public bool TrySend(ushort stream, uint payloadProtocol, ReadOnlySpan<byte> message, bool reliable) =>
        IsEstablished && !IsEnded && _sender.TryEnqueue(stream, payloadProtocol, message, reliable);

    /// <summary>Sends nothing more of a stream, and tells the other side so.</summary>
    public void CloseStream(ushort stream)
    {
        _sender.Purge(stream);
        _resets?.Want(stream);
    }

    public void HandleDeadline(MonotonicTime now)
    {
        if (now >= Deadline)
        {
            _sender.Expire(now);
            Flush(now);
        }
    }

    /// <summary>Sends what is due and allowed.</summary>
    public void Flush(MonotonicTime now)
    {
        if (!IsEstablished || IsEnded)
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[SctpPacket.MaxBytes];
        for (var i = 0; i < MaxBurst; i++)
        {
            var packet = new SctpPacketWriter(buffer, _options.LocalPort, _options.RemotePort, _remoteTag);
            if (_sackDue)
            {
                WriteSack(ref packet);
                _sackDue = false;
            }

            _sender.TryWriteSkip(ref packet);
            while (_resets!.TryWrite(ref packet, now))
            {
                // As many as there are, or fit.
            }

            _sender.TryWriteData(ref packet, now);
            if (packet.IsEmpty)
            {
                return;
            }

            _sink.SendPacket(packet.Finish());
        }
    }

    /// <summary>RFC 9260 §8.5.1 B, C: ABORT and SHUTDOWN-COMPLETE may bear the receiver's own tag, with the T bit.</summary>
    private bool IsReflected(in SctpChunk chunk, uint tag) =>
        chunk.Type is SctpChunkType.Abort or SctpChunkType.ShutdownComplete && (chunk.Flags & 1) != 0 && tag == _remoteTag && IsEstablished;

    /// <summary>Browsers close so: with the cause that their user wants it, or with none. Any other is something that went wrong (RFC 9260 §3.3.10).</summary>
    private static bool IsClosing(ReadOnlySpan<byte> causes) => causes.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(causes) == UserInitiatedAbort;

    private bool TryReceive(in SctpChunk chunk, MonotonicTime now)
    {
        switch (chunk.Type)
        {
            case SctpChunkType.Init:
                return TryReceiveInit(chunk.Value);
            case SctpChunkType.CookieEcho:
                ReceiveCookie(chunk.Value);
                return true;
            case SctpChunkType.Abort:
                End(IsClosing(chunk.Value) ? Closed : "sctp_aborted");
                return true;
            case SctpChunkType.Heartbeat:
                Reply(SctpChunkType.HeartbeatAck, chunk.Value[..Math.Min(chunk.Value.Length, MaxHeartbeatBytes)]);
                return true;
            case SctpChunkType.ShutdownComplete when IsEstablished:
                End(Closed);
                return true;
        }

        if (!IsEstablished)
        {
            return true; // Before COOKIE-ECHO nothing else counts.
        }

        switch (chunk.Type)
        {
            case SctpChunkType.Data:
                return TryReceiveData(chunk);
            case SctpChunkType.Sack:
                return !IsFirst(chunk.Type) || TryReceiveSack(chunk.Value, now);
            case SctpChunkType.ForwardTsn when chunk.Value.Length >= sizeof(uint):
                if (IsFirst(chunk.Type))
                {
                    ReceiveSkip(chunk.Value);
                }

                return true;
            case SctpChunkType.ReConfig:
                _resets!.Receive(chunk.Value);
                return true;
            case SctpChunkType.Shutdown:
                // What we still had would have nobody to read it.
                Reply(SctpChunkType.ShutdownAck, []);
                return true;
            default:
                return true; // ERROR asks for nothing; of what we do not know we need not speak (RFC 9260 §3.2, "may").
        }
    }

    private bool TryReceiveInit(ReadOnlySpan<byte> init)
    {
        if (init.Length < InitBytes || BinaryPrimitives.ReadUInt32BigEndian(init) is 0)
        {
            return false;
        }

        var remoteTag = BinaryPrimitives.ReadUInt32BigEndian(init);
        if (IsEstablished || !IsFirst(SctpChunkType.InitAck))
        {
            return true; // A late copy; who starts over does so with a new DTLS association.
        }

        var remoteTsn = BinaryPrimitives.ReadUInt32BigEndian(init[12..]);
        _remoteTag = remoteTag;
        _sender.SetPeerWindow(BinaryPrimitives.ReadUInt32BigEndian(init[4..]));
        _receiver = new(remoteTsn, _options.MaxMessageBytes, (stream, protocol, message) => _sink.MessageReceived(stream, protocol, message.Span));
        _resets = new(_options.InitialTsn, _sender, _receiver, _sink.StreamReset) { Expected = remoteTsn };
        _sender.CanSkip = false;
        var parameters = new SctpParameterReader(init[InitBytes..]);
        while (parameters.TryReadNext(out var type, out _))
        {
            _sender.CanSkip |= type == ForwardTsnSupported;
        }

        Span<byte> buffer = stackalloc byte[SctpPacket.MaxBytes];
        var packet = new SctpPacketWriter(buffer, _options.LocalPort, _options.RemotePort, remoteTag);
        packet.Begin(SctpChunkType.InitAck);
        packet.Write(_options.LocalTag);
        packet.Write((uint)SctpReceiver.WindowBytes);
        packet.Write((ushort)SctpReceiver.MaxStreams);
        packet.Write((ushort)SctpReceiver.MaxStreams);
        packet.Write(_options.InitialTsn);
        packet.Write(CookieParameter);
        packet.Write((ushort)12);
        packet.Write((uint)(_options.Cookie >> 32));
        packet.Write((uint)_options.Cookie);
        packet.Write(ForwardTsnSupported);
        packet.Write((ushort)4);
        packet.Write(SupportedExtensions);
        packet.Write((ushort)6);
        packet.Write([(byte)SctpChunkType.ReConfig, (byte)SctpChunkType.ForwardTsn]);
        packet.End();
        _sink.SendPacket(packet.Finish());
        return true;
    }

    private void ReceiveCookie(ReadOnlySpan<byte> cookie)
    {
        if (_receiver is null || cookie.Length != sizeof(ulong) || BinaryPrimitives.ReadUInt64BigEndian(cookie) != _options.Cookie)
        {
            return; // Dropped in silence (RFC 9260 §5.1.5).
        }

        IsEstablished = true;
        Reply(SctpChunkType.CookieAck, []);
    }

    private bool TryReceiveData(in SctpChunk chunk)
    {
        var value = chunk.Value;
        if (value.Length < 12)
        {
            return false;
        }

        var header = new DataHeader(
            chunk.Flags,
            BinaryPrimitives.ReadUInt16BigEndian(value[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[6..]),
            BinaryPrimitives.ReadUInt32BigEndian(value[8..]));
        _sackDue = true;
        return _receiver!.TryAccept(BinaryPrimitives.ReadUInt32BigEndian(value), header, value[12..]);
    }

    private bool TryReceiveSack(ReadOnlySpan<byte> sack, MonotonicTime now)
    {
        if (sack.Length < SackBytes)
        {
            return false;
        }

        int count = BinaryPrimitives.ReadUInt16BigEndian(sack[8..]);
        if (sack.Length < SackBytes + (4 * count))
        {
            return false;
        }

        // More gaps than this in the little that we keep on its way say nothing that the next SACK will not.
        count = Math.Min(count, 4 * SctpReceiver.MaxGaps);
        Span<(ushort Start, ushort End)> gaps = stackalloc (ushort, ushort)[count];
        for (var i = 0; i < count; i++)
        {
            var gap = sack[(SackBytes + (4 * i))..];
            gaps[i] = (BinaryPrimitives.ReadUInt16BigEndian(gap), BinaryPrimitives.ReadUInt16BigEndian(gap[2..]));
        }

        return _sender.TryAcknowledge(BinaryPrimitives.ReadUInt32BigEndian(sack), BinaryPrimitives.ReadUInt32BigEndian(sack[4..]), gaps, now);
    }

    private void ReceiveSkip(ReadOnlySpan<byte> skip)
    {
        _sackDue = true;
        var tsn = BinaryPrimitives.ReadUInt32BigEndian(skip);
        skip = skip[sizeof(uint)..];
        Span<(ushort Stream, ushort Sequence)> streams = stackalloc (ushort, ushort)[Math.Min(skip.Length / 4, MaxSkippedStreams)];
        for (var i = 0; i < streams.Length; i++, skip = skip[4..])
        {
            streams[i] = (BinaryPrimitives.ReadUInt16BigEndian(skip), BinaryPrimitives.ReadUInt16BigEndian(skip[2..]));
        }

        _receiver!.Skip(tsn, streams);
    }

    /// <summary>At once rather than for every second packet (RFC 9260 §6.2 allows to wait): the channels are for what is awaited.</summary>
    private void WriteSack(ref SctpPacketWriter packet)
    {
        Span<(ushort Start, ushort End)> gaps = stackalloc (ushort, ushort)[SctpReceiver.MaxGaps];
        gaps = gaps[.._receiver!.WriteGaps(gaps)];
        packet.Begin(SctpChunkType.Sack);
        packet.Write(_receiver.Cumulative);
        packet.Write(_receiver.Window);
        packet.Write((ushort)gaps.Length);
        packet.Write((ushort)_receiver.Duplicates.Length);
        foreach (var (start, end) in gaps)
        {
            packet.Write(start);
            packet.Write(end);
        }

        foreach (var duplicate in _receiver.Duplicates)
        {
            packet.Write(duplicate);
        }

        _receiver.ForgetDuplicates();
        packet.End();
    }

    /// <summary>One of a kind for each packet: a packet of five hundred HEARTBEATs is not answered by five hundred packets.</summary>
    private void Reply(SctpChunkType type, ReadOnlySpan<byte> value)
    {
        if (!IsFirst(type))
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[SctpPacket.MaxBytes];
        var packet = new SctpPacketWriter(buffer, _options.LocalPort, _options.RemotePort, _remoteTag);
        packet.Begin(type);
        packet.Write(value);
        packet.End();
        _sink.SendPacket(packet.Finish());
    }

    /// <summary>Of its kind in this packet. What costs more than its bytes is taken once: each may be a walk through all that is held.</summary>
    private bool IsFirst(SctpChunkType type)
    {
        var before = _seen;
        _seen |= UInt128.One << ((int)type & 0x7F);
        return _seen != before;
    }

    private void Abort(string reason)
    {
        if (_remoteTag != 0)
        {
            Reply(SctpChunkType.Abort, [0, (byte)ProtocolViolation, 0, 4]);
        }

        End(reason);
    }

    private void End(string reason)
    {
        if (!IsEnded)
        {
            IsEnded = true;
            _sink.Ended(reason);
        }
    }
}
