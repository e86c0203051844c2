using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>What <see cref="DataChannels"/> hand to their owner.</summary>
public interface IDataChannelSink
{
    /// <summary>The content of a DTLS record to send.</summary>
    void SendPacket(ReadOnlySpan<byte> packet);

    /// <summary>A message came; its bytes are good until this returns.</summary>
    void DataReceived(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now);

    /// <summary>A channel was closed by us, or all by the end of the association. The reason is a stable code.</summary>
    void DataClosed(string reason);
}

/// <summary>
/// The two data channels of a participant (RFC 8831, RFC 8832), which the other side opens: "reliable" (ordered, complete) and "lossy"
/// (unordered, with limited retransmission; from here each message is sent once). Any other channel is closed again.
/// </summary>
public sealed class DataChannels : ISctpSink
{
    public const string ReliableLabel = "reliable";
    public const string LossyLabel = "lossy";

    // RFC 8831 §8.
    private const uint Dcep = 50;
    private const uint Text = 51;
    private const uint Binary = 53;
    private const uint EmptyText = 56;
    private const uint EmptyBinary = 57;

    private readonly SctpAssociation _association;
    private readonly IDataChannelSink _sink;
    private ushort? _reliable;
    private ushort? _lossy;
    private MonotonicTime _now;

    public DataChannels(SctpOptions options, IDataChannelSink sink)
    {
        _association = new(options, this);
        _sink = sink;
    }

    public MonotonicTime Deadline => _association.Deadline;

    public bool IsEnded => _association.IsEnded;

    /// <summary>Lossy messages that were given up on their way out.</summary>
    public long Dropped => _association.Dropped;

    /// <summary>Whether the channel is open.</summary>
    public bool IsOpen(bool reliable) => (reliable ? _reliable : _lossy) is not null;

    public void Receive(ReadOnlySpan<byte> packet, MonotonicTime now)
    {
        _now = now;
        _association.Receive(packet, now);
    }

    public void HandleDeadline(MonotonicTime now)
    {
        _now = now;
        _association.HandleDeadline(now);
    }

    /// <summary>
    /// Sends one message, not empty. False when the channel is not open. A reliable channel whose queue is full is closed: its reader is too slow, and
    /// must not believe that it has missed nothing.
    /// </summary>
    public bool Send(bool reliable, ReadOnlySpan<byte> message, MonotonicTime now)
    {
        _now = now;
        if ((reliable ? _reliable : _lossy) is not { } stream)
        {
            return false;
        }

        if (!_association.TrySend(stream, Binary, message, reliable))
        {
            Close(stream);
            _sink.DataClosed("data_too_slow");
            _association.Flush(now);
            return false;
        }

        _association.Flush(now);
        return true;
    }

    void ISctpSink.SendPacket(ReadOnlySpan<byte> packet) => _sink.SendPacket(packet);

    void ISctpSink.MessageReceived(ushort stream, uint payloadProtocol, ReadOnlySpan<byte> message)
    {
        switch (payloadProtocol)
        {
            case Dcep:
                ReceiveDcep(stream, message);
                break;
            case Text or Binary when stream == _reliable || stream == _lossy:
                _sink.DataReceived(stream == _reliable, message, _now);
                break;
            case EmptyText or EmptyBinary when stream == _reliable || stream == _lossy:
                _sink.DataReceived(stream == _reliable, [], _now); // The one byte stands for none (RFC 8831 §6.6).
                break;
        }
    }

    void ISctpSink.StreamReset(ushort stream)
    {
        if (stream == _reliable || stream == _lossy)
        {
            Close(stream); // RFC 8831 §6.7: the other direction follows.
        }
    }

    void ISctpSink.Ended(string reason)
    {
        _reliable = _lossy = null;
        _sink.DataClosed(reason);
    }

    private void ReceiveDcep(ushort stream, ReadOnlySpan<byte> message)
    {
        if (message is [DataChannelOpen.AckType])
        {
            return; // We open none.
        }

        if (!DataChannelOpen.TryRead(message, out var open) || stream == _reliable || stream == _lossy)
        {
            Close(stream);
        }
        else if (open is { Label: ReliableLabel, IsReliable: true, IsOrdered: true } && _reliable is null)
        {
            _reliable = stream;
            Acknowledge(stream);
        }
        else if (open is { Label: LossyLabel, IsReliable: false, IsOrdered: false } && _lossy is null)
        {
            _lossy = stream;
            Acknowledge(stream);
        }
        else
        {
            Close(stream);
        }
    }

    private void Acknowledge(ushort stream) => _association.TrySend(stream, Dcep, [DataChannelOpen.AckType], reliable: true);

    private void Close(ushort stream)
    {
        _reliable = stream == _reliable ? null : _reliable;
        _lossy = stream == _lossy ? null : _lossy;
        _association.CloseStream(stream);
    }
}
