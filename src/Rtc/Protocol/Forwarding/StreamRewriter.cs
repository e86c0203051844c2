using System.Buffers.Binary;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// Makes one subscriber's stream of a publisher's packets: own SSRC and payload type, sequence numbers and timestamps shifted
/// by a constant that changes only when the source does, so that the subscriber sees one continuous stream. The payload
/// is copied byte for byte, but for the frame ids of layered streams; of the header extensions the orientation and AV1's dependency
/// descriptor travel on, beside the one that the subscriber measures its path by.
/// </summary>
public struct StreamRewriter
{
    /// <summary>What the extension block may have more than the source's: a header of 4, an element of 1 + 3 (or 2 + 3), padded (RFC 8285 §4.2).</summary>
    public const int MaxGrowth = 12;

    private readonly uint _ssrc;
    private byte _payloadType;
    private byte _orientationIn;
    private byte _orientationOut;
    private byte _descriptorIn;
    private byte _descriptorOut;
    private CongestionElement _congestion;
    private ushort _sequenceOffset;
    private uint _timestampOffset;
    private ushort _lastSequence;
    private uint _lastTimestamp;
    private ushort _firstSequence;
    private bool _firstIsNear;
    private bool _sent;
    private bool _started;
    private CompressedPast _past;

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
    /// <param name="descriptorIn">Extension id of the publisher's AV1 dependency descriptor; 0: none.</param>
    /// <param name="descriptorOut">Extension id negotiated with the subscriber; 0: none.</param>
    public void Configure(
        byte payloadType, byte orientationIn, byte orientationOut, CongestionElement congestion = default, byte descriptorIn = 0, byte descriptorOut = 0)
    {
        // Larger ids would need the two-byte form in every packet (RFC 8285 §4.2).
        orientationOut = orientationOut > CongestionElement.MaxId ? (byte)0 : orientationOut;
        descriptorOut = descriptorOut > CongestionElement.MaxId ? (byte)0 : descriptorOut;
        _congestion = congestion;
        _descriptorIn = descriptorOut == 0 ? (byte)0 : descriptorIn;
        _descriptorOut = descriptorOut;
        _payloadType = payloadType;
        _orientationIn = orientationOut == 0 ? (byte)0 : orientationIn;
        _orientationOut = orientationOut;
    }

    public readonly bool Started => _started;

    /// <summary>Highest number sent, or the one before the first.</summary>
    public readonly ushort LastSequence => _lastSequence;

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
    /// The stream's next packet comes from another source (first packet, republished track), or from the same one after numbers that were not spent: its
    /// number follows the last one sent.
    /// </summary>
    /// <param name="sourceSequence">Of the next packet.</param>
    /// <param name="present">The source's newest timestamp: the next packet's own, or a later one if that is of the past (see <see cref="CompressBefore"/>).</param>
    /// <param name="past">How much older the next packet is, in ticks.</param>
    /// <param name="elapsed">Since the last packet was sent.</param>
    /// <param name="aligned">The subscriber's timestamp of <paramref name="present"/> by the sources' clocks; null: by the time that went by.</param>
    /// <param name="clockRate">Hz.</param>
    public void Rebase(ushort sourceSequence, uint present, uint past, TimeSpan elapsed, uint? aligned, int clockRate)
    {
        _sequenceOffset = (ushort)(_lastSequence + 1 - sourceSequence);
        _timestampOffset = _started ? Continuation.Place(_lastTimestamp, elapsed, aligned, CompressedPast.Lead(past), clockRate) - present : 0;
        _started = true;
        _sent = false;
        _past.End();
    }

    /// <summary>What was captured before <paramref name="present"/> comes late, all at once: see <see cref="CompressedPast"/>.</summary>
    /// <param name="present">The publisher's timestamp of its newest frame.</param>
    public void CompressBefore(uint present) => _past.Begin(present);

    /// <summary>Writes the rewritten packet; returns its length, or −1 when the destination is too small.</summary>
    public int Write(in RtpReader source, Span<byte> destination, out int headerLength)
    {
        var sequence = (ushort)(source.SequenceNumber.Value + _sequenceOffset);
        var timestamp = TimestampOf(source);
        _past.Advance(source.Timestamp.Value);
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
            source, destination, rtxPayloadType, rtxSequence, TimestampOf(source), rtxSsrc, out headerLength);
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
        TimestampOf(source),
        _ssrc,
        out headerLength);

    /// <summary>A function of the packet alone, so that one sent again is the same.</summary>
    private readonly uint TimestampOf(in RtpReader source) => source.Timestamp.Value + _timestampOffset + _past.Shift(source.Timestamp.Value);

    /// <summary>Writes a packet of a layered stream with the numbers that <see cref="LayerSelector"/> gave it.</summary>
    public readonly int WriteLayered(in RtpReader source, in VideoPacket video, in SentPacket sent, Span<byte> destination, out int headerLength) =>
        WriteLayered(source, video, sent, destination, _payloadType, sent.Sequence, _ssrc, out headerLength);

    /// <summary>As <see cref="WriteLayered(in RtpReader, in VideoPacket, in SentPacket, Span{byte}, out int)"/>, on the retransmission stream (RFC 4588 §4).</summary>
    public readonly int WriteLayeredRetransmission(
        in RtpReader source, in VideoPacket video, in SentPacket sent, Span<byte> destination, byte rtxPayloadType, uint rtxSsrc, ushort rtxSequence, out int headerLength)
    {
        var length = WriteLayered(source, video, sent, destination, rtxPayloadType, rtxSequence, rtxSsrc, out headerLength);
        if (length < 0 || length + 2 > destination.Length)
        {
            return -1;
        }

        destination[headerLength..length].CopyTo(destination[(headerLength + 2)..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[headerLength..], sent.Sequence);
        return length + 2;
    }

    /// <summary>Writes a packet of one byte of padding (RFC 3550 §5.1): it fills a number that was kept free in vain.</summary>
    public readonly int WriteFill(in SentPacket sent, Span<byte> destination, out int headerLength)
    {
        headerLength = RtpHeader.FixedLength;
        if (destination.Length <= headerLength + MaxGrowth
            || !RtpHeader.TryWrite(destination, false, _payloadType, new(sent.Sequence), new(sent.Timestamp), _ssrc))
        {
            return -1;
        }

        if (!_congestion.IsNone)
        {
            destination[0] |= 0x10;
            headerLength += _congestion.WriteBlock(destination[headerLength..]);
        }

        destination[0] |= 0x20;
        destination[headerLength] = 1;
        return headerLength + 1;
    }

    private readonly int WriteLayered(
        in RtpReader source, in VideoPacket video, in SentPacket sent, Span<byte> destination, byte payloadType, ushort sequence, uint ssrc, out int headerLength)
    {
        var length = Write(source, destination, payloadType, sequence, sent.Timestamp, ssrc, out headerLength);
        if (length < 0)
        {
            return -1;
        }

        RtpHeader.WriteMarker(destination, sent.Marker);
        if (sent.FrameIdBits == 0)
        {
            return length;
        }

        if (video.Codec != Codec.Av1)
        {
            video.WriteIds(destination[headerLength..length], sent.FrameId, sent.Tl0PicIdx);
        }
        else if (_descriptorIn != 0 && RtpReader.TryRead(destination[..length], out var written) && written.TryLocateExtension(_descriptorOut, out var at, out _))
        {
            // The frame number stands behind the flags (AV1 RTP, appendix A.8.2).
            BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 1)..], sent.FrameId);
        }

        return length;
    }

    private readonly int Write(
        in RtpReader source, Span<byte> destination, byte payloadType, ushort sequence, uint timestamp, uint ssrc, out int headerLength)
    {
        var packet = source.Packet;
        var payload = packet[source.HeaderLength..]; // With padding, if there is any: P stays as it was.
        headerLength = RtpHeader.FixedLength;
        // What we write of the extensions came in the source's header, in the same form or a shorter one, but for our own element.
        if (destination.Length < source.HeaderLength + MaxGrowth + payload.Length)
        {
            return -1;
        }

        destination[0] = (byte)(0x80 | (packet[0] & 0x20)); // V=2, P; CSRCs are not forwarded.
        if (!_congestion.IsNone || ((_orientationIn | _descriptorIn) != 0 && source.HasExtensions))
        {
            headerLength += WriteExtensions(source, destination[headerLength..]);
            destination[0] |= (byte)(headerLength > RtpHeader.FixedLength ? 0x10 : 0);
        }

        destination[1] = (byte)((packet[1] & 0x80) | payloadType);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ssrc);
        payload.CopyTo(destination[headerLength..]);
        return headerLength + payload.Length;
    }

    /// <summary>The extension block with what travels on; 0 when none of it is there. Two-byte elements only where a long one needs them (RFC 8285 §4.1.2).</summary>
    private readonly int WriteExtensions(in RtpReader source, Span<byte> block)
    {
        ReadOnlySpan<byte> orientation = default;
        ReadOnlySpan<byte> descriptor = default;
        if (source.TryGetExtension(_orientationIn, out var found) && found.Length == 1)
        {
            orientation = found;
        }

        if (source.TryGetExtension(_descriptorIn, out found) && found.Length > 0)
        {
            descriptor = found;
        }

        if (orientation.IsEmpty && descriptor.IsEmpty && _congestion.IsNone)
        {
            return 0;
        }

        var twoByte = descriptor.Length > RtpExtensionBlock.OneByteMaxLength;
        var end = _congestion.IsNone ? 4 : 4 + _congestion.Write(block[4..], twoByte);
        end = WriteElement(block, end, _orientationOut, orientation, twoByte);
        end = WriteElement(block, end, _descriptorOut, descriptor, twoByte);
        var padded = (end + 3) & ~3;
        block[end..padded].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(block, (ushort)(twoByte ? RtpExtensionBlock.TwoByteProfile : RtpExtensionBlock.OneByteProfile));
        BinaryPrimitives.WriteUInt16BigEndian(block[2..], (ushort)((padded - 4) / 4));
        return padded;
    }

    private static int WriteElement(Span<byte> block, int at, byte id, ReadOnlySpan<byte> value, bool twoByte)
    {
        if (value.IsEmpty)
        {
            return at;
        }

        if (twoByte)
        {
            block[at++] = id;
            block[at++] = (byte)value.Length;
        }
        else
        {
            block[at++] = (byte)((id << 4) | (value.Length - 1));
        }

        value.CopyTo(block[at..]);
        return at + value.Length;
    }
}
