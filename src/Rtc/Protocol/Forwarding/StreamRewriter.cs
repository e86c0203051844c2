using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// Makes one subscriber's stream of a publisher's packets: own SSRC and payload type, sequence numbers and timestamps shifted
/// by a constant that changes only when the source does, so that the subscriber sees one continuous stream. The payload
/// is copied byte for byte; of the header extensions only the orientation travels on, beside the one that the subscriber measures its path by.
/// </summary>
public struct StreamRewriter
{
    /// <summary>What the header may grow by: the extension header and elements of 1 + 3 and 1 + 1 bytes, padded (RFC 8285 §4.2).</summary>
    public const int MaxGrowth = 12;

    private readonly uint _ssrc;
    private byte _payloadType;
    private byte _orientationIn;
    private byte _orientationOut;
    private CongestionElement _congestion;
    private ushort _sequenceOffset;
    private uint _timestampOffset;
    private ushort _lastSequence;
    private uint _lastTimestamp;
    private ushort _firstSequence;
    private bool _firstIsNear;
    private bool _sent;
    private bool _started;

    /// <param name="ssrc">The subscriber's.</param>
    /// <param name="firstSequence">First number sent. Below 2^15, since receivers that miss the first packets guess the roll-over counter from it (RFC 3711 §3.3.1).</param>
    public StreamRewriter(uint ssrc, ushort firstSequence)
    {
        _ssrc = ssrc;
        _lastSequence = (ushort)(firstSequence - 1);
    }

    /// <param name="payloadType">As negotiated with the subscriber.</param>
    /// <param name="orientationIn">Extension id of the publisher's video orientation; 0: none.</param>
    /// <param name="orientationOut">Extension id negotiated with the subscriber; 0: none.</param>
    /// <param name="congestion">What every packet carries; its value is stamped by who sends it.</param>
    public void Configure(byte payloadType, byte orientationIn, byte orientationOut, CongestionElement congestion = default)
    {
        _congestion = congestion;
        _payloadType = payloadType;
        _orientationIn = orientationOut == 0 ? (byte)0 : orientationIn;
        _orientationOut = orientationOut;
    }

    public readonly bool Started => _started;

    /// <summary>Of the last packet sent, on the subscriber's clock.</summary>
    public readonly RtpTimestamp LastTimestamp => new(_lastTimestamp);

    /// <summary>
    /// Whether the number is one that we gave to a packet of the present source. One from before, sent again now, would be another packet:
    /// on a stream without RTX the same nonce for two plaintexts (RFC 3711 §9.1).
    /// </summary>
    public readonly bool WasSent(ushort sent) =>
        _sent && (short)(_lastSequence - sent) >= 0 && (!_firstIsNear || (short)(sent - _firstSequence) >= 0);

    /// <summary>The number that the publisher gave to what we sent as <paramref name="sent"/>.</summary>
    public readonly ushort SourceSequence(ushort sent) => (ushort)(sent - _sequenceOffset);

    /// <summary>The subscriber's timestamp of a publisher's timestamp.</summary>
    public readonly uint Timestamp(uint source) => source + _timestampOffset;

    /// <summary>
    /// The stream's next packet comes from another source (first packet, republished track): its number follows the last one
    /// sent, its timestamp lies <paramref name="elapsedTicks"/> after the last one sent.
    /// </summary>
    public void Rebase(ushort sourceSequence, uint sourceTimestamp, uint elapsedTicks)
    {
        _sequenceOffset = (ushort)(_lastSequence + 1 - sourceSequence);
        _timestampOffset = _started ? _lastTimestamp + elapsedTicks - sourceTimestamp : 0;
        _started = true;
        _sent = false;
    }

    /// <summary>Writes the rewritten packet; returns its length, or −1 when the destination is too small.</summary>
    public int Write(in RtpReader source, Span<byte> destination, out int headerLength)
    {
        var sequence = (ushort)(source.SequenceNumber.Value + _sequenceOffset);
        var timestamp = source.Timestamp.Value + _timestampOffset;
        if (!_sent)
        {
            _sent = true;
            _firstSequence = sequence;
            _firstIsNear = true;
        }

        if ((short)(sequence - _lastSequence) > 0)
        {
            // Later on every number of the half circle behind the last one is of this source.
            _firstIsNear &= (short)(sequence - _firstSequence) is >= 0 and < 0x4000;
            _lastSequence = sequence;
            _lastTimestamp = timestamp;
        }

        return Write(source, destination, _payloadType, sequence, timestamp, _ssrc, out headerLength);
    }

    /// <summary>
    /// Writes the packet again on the retransmission stream: the original number leads the payload (RFC 4588 §4).
    /// </summary>
    public readonly int WriteRetransmission(
        in RtpReader source, Span<byte> destination, byte rtxPayloadType, uint rtxSsrc, ushort rtxSequence, out int headerLength)
    {
        var original = (ushort)(source.SequenceNumber.Value + _sequenceOffset);
        var length = Write(
            source, destination, rtxPayloadType, rtxSequence, source.Timestamp.Value + _timestampOffset, rtxSsrc, out headerLength);
        if (length < 0 || length + 2 > destination.Length)
        {
            return -1;
        }

        destination[headerLength..length].CopyTo(destination[(headerLength + 2)..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[headerLength..], original);
        return length + 2;
    }

    /// <summary>Writes the packet again as it was sent.</summary>
    public readonly int WriteAgain(in RtpReader source, Span<byte> destination, out int headerLength) => Write(
        source,
        destination,
        _payloadType,
        (ushort)(source.SequenceNumber.Value + _sequenceOffset),
        source.Timestamp.Value + _timestampOffset,
        _ssrc,
        out headerLength);

    private readonly int Write(
        in RtpReader source, Span<byte> destination, byte payloadType, ushort sequence, uint timestamp, uint ssrc, out int headerLength)
    {
        var packet = source.Packet;
        var payload = packet[source.HeaderLength..]; // With padding, if there is any: P stays as it was.
        headerLength = RtpHeader.FixedLength;
        if (destination.Length < headerLength + MaxGrowth + payload.Length)
        {
            return -1;
        }

        byte first = (byte)(0x80 | (packet[0] & 0x20)); // V=2, P; CSRCs are not forwarded.
        var extensions = _congestion.Length;
        if (extensions > 0)
        {
            destination.Slice(16, 8).Clear();
            _congestion.WriteHeader(destination[16..]);
        }

        if (_orientationIn != 0 && source.HasExtensions && source.TryGetExtension(_orientationIn, out var orientation) && orientation.Length == 1)
        {
            destination[16 + extensions] = (byte)(_orientationOut << 4);
            destination[17 + extensions] = orientation[0];
            extensions += 2;
        }

        if (extensions > 0)
        {
            first |= 0x10;
            var words = (extensions + 3) / 4;
            BinaryPrimitives.WriteUInt32BigEndian(destination[12..], 0xBEDE_0000 | (uint)words); // RFC 8285 §4.2
            destination[(16 + extensions)..(16 + (words * 4))].Clear();
            headerLength += 4 + (words * 4);
        }

        destination[0] = first;
        destination[1] = (byte)((packet[1] & 0x80) | payloadType);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ssrc);
        payload.CopyTo(destination[headerLength..]);
        return headerLength + payload.Length;
    }
}
