using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>
/// Resetting streams, which closes data channels (RFC 6525, RFC 8831 §6.7): the other side's outgoing streams when it asks, and our own, one
/// request after the other.
/// </summary>
internal sealed class StreamResets(uint initialTsn, SctpSender sender, SctpReceiver receiver, Action<ushort> wasReset)
{
    private const ushort OutgoingRequest = 13;
    private const ushort Response = 16;

    /// <summary>Sequence of the request, of the answered one, last TSN.</summary>
    private const int RequestBytes = 12;

    private const uint Performed = 1;
    private const uint Denied = 2;
    private const uint BadSequence = 5;
    private const uint InProgress = 6;

    private readonly Queue<ushort> _wanted = new();
    private readonly Queue<(uint Sequence, uint Result)> _responses = new();
    private uint _nextRequest = initialTsn;
    private ushort? _asked;
    private uint _askedLastTsn;
    private MonotonicTime _askAt = MonotonicTime.Never;
    private (uint Sequence, uint Result)? _lastResult;

    /// <summary>The sequence number that the other side's next request bears: it begins at its initial TSN.</summary>
    public uint Expected { get; init; }

    private uint _answered;

    /// <summary>When a request is to be sent, or sent again.</summary>
    public MonotonicTime Deadline => MayAsk ? _askAt : MonotonicTime.Never;

    /// <summary>
    /// Not before all that was sent has come: "in progress" is answered by some with every repetition of the request, and by others is the end of its number
    /// (RFC 6525 §5.2.1).
    /// </summary>
    private bool MayAsk => _asked is not null && sender.HasAcknowledged(_askedLastTsn);

    /// <summary>We send nothing more of the stream.</summary>
    public void Want(ushort stream)
    {
        if (_asked != stream && !_wanted.Contains(stream))
        {
            _wanted.Enqueue(stream);
        }
    }

    public void Receive(ReadOnlySpan<byte> chunk)
    {
        var parameters = new SctpParameterReader(chunk);
        while (parameters.TryReadNext(out var type, out var value))
        {
            if (type == Response && value.Length >= 8)
            {
                Answered(BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]));
            }
            else if (value.Length >= sizeof(uint) && _responses.Count < 4)
            {
                var sequence = BinaryPrimitives.ReadUInt32BigEndian(value);
                _responses.Enqueue((sequence, Answer(sequence, type == OutgoingRequest && value.Length >= RequestBytes ? value : [])));
            }
        }
    }

    /// <summary>Adds an answer or a request that is due; true when it did.</summary>
    public bool TryWrite(ref SctpPacketWriter packet, MonotonicTime now)
    {
        if (_responses.TryPeek(out var response) && packet.Fits(12))
        {
            _responses.Dequeue();
            packet.Begin(SctpChunkType.ReConfig);
            packet.Write(Response);
            packet.Write((ushort)12);
            packet.Write(response.Sequence);
            packet.Write(response.Result);
            packet.End();
            return true;
        }

        if (_asked is null && _wanted.TryPeek(out var next) && !sender.IsSending(next))
        {
            _wanted.Dequeue();
            _asked = next;
            _askedLastTsn = sender.LastTsn;
            _askAt = now;
        }

        if (!MayAsk || now < _askAt || !packet.Fits(18))
        {
            return false;
        }

        _askAt = now + sender.Timeout;
        packet.Begin(SctpChunkType.ReConfig);
        packet.Write(OutgoingRequest);
        packet.Write((ushort)18);
        packet.Write(_nextRequest);
        packet.Write((_lastResult?.Sequence ?? (Expected - 1)));
        packet.Write(_askedLastTsn);
        packet.Write(_asked!.Value);
        packet.End();
        return true;
    }

    /// <param name="request">Empty: one that we deny.</param>
    private uint Answer(uint sequence, ReadOnlySpan<byte> request)
    {
        if (_lastResult?.Sequence != sequence)
        {
            if (sequence != Expected + _answered)
            {
                return BadSequence;
            }

            _answered++; // With whatever result: who was told "in progress" asks again with this number, or with the next one.
        }
        else if (_lastResult.Value.Result != InProgress)
        {
            return _lastResult.Value.Result;
        }

        var result = request.IsEmpty ? Denied : Perform(request);
        _lastResult = (sequence, result);
        return result;
    }

    private uint Perform(ReadOnlySpan<byte> request)
    {
        if ((int)(BinaryPrimitives.ReadUInt32BigEndian(request[8..]) - receiver.Cumulative) > 0)
        {
            return InProgress; // What it sent before is still on its way (RFC 6525 §5.2.2 E2).
        }

        var streams = request[RequestBytes..];
        if (streams.IsEmpty)
        {
            for (ushort stream = 0; stream < SctpReceiver.MaxStreams; stream++)
            {
                Reset(stream);
            }
        }

        for (; streams.Length >= sizeof(ushort); streams = streams[sizeof(ushort)..])
        {
            Reset(BinaryPrimitives.ReadUInt16BigEndian(streams));
        }

        return Performed;
    }

    private void Reset(ushort stream)
    {
        if (stream < SctpReceiver.MaxStreams)
        {
            receiver.Reset(stream);
            wasReset(stream);
        }
    }

    private void Answered(uint sequence, uint result)
    {
        if (_asked is not { } stream || sequence != _nextRequest)
        {
            return;
        }

        _nextRequest++;
        if (result != InProgress)
        {
            _asked = null;
            if (result <= Performed)
            {
                sender.ResetSequence(stream);
            }
        }
    }
}
