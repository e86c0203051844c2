using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// A packet of nothing but padding, on a retransmission stream, where receivers throw it away (RFC 4588 §4: there is no original number in it).
/// It measures the path.
/// </summary>
public static class PaddingPacket
{
    /// <summary>The last byte counts the padding (RFC 3550 §5.1).</summary>
    private const int MaxPadding = 255;

    /// <summary>Writes the packet, as near to <paramref name="bytes"/> as one byte of count allows; its length.</summary>
    public static int Write(
        Span<byte> destination,
        byte payloadType,
        uint ssrc,
        SequenceNumber sequence,
        RtpTimestamp timestamp,
        CongestionElement element,
        int bytes,
        out int headerLength)
    {
        RtpHeader.TryWrite(destination, false, payloadType, sequence, timestamp, ssrc);
        headerLength = RtpHeader.FixedLength;
        if (!element.IsNone)
        {
            destination[0] |= 0x10;
            headerLength += element.WriteBlock(destination[headerLength..]);
        }

        var padding = Math.Clamp(bytes - headerLength, 1, MaxPadding);
        destination[0] |= 0x20;
        destination.Slice(headerLength, padding).Clear();
        destination[headerLength + padding - 1] = (byte)padding;
        return headerLength + padding;
    }
}
