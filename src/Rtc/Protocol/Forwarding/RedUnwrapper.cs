using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>Writes packets without redundancy out of one with it (RFC 2198 §3), for those who do not take RED.</summary>
public static class RedUnwrapper
{
    /// <summary>The packet with its primary block alone; its length, or −1 when the destination is too small.</summary>
    /// <param name="packet">As it came.</param>
    /// <param name="red">Its payload.</param>
    /// <param name="destination">As long as the packet, at most.</param>
    public static int WritePrimary(in RtpReader packet, in RedPayload red, Span<byte> destination)
    {
        var length = packet.HeaderLength + red.Primary.Length;
        if (length > destination.Length)
        {
            return -1;
        }

        packet.Packet[..packet.HeaderLength].CopyTo(destination);
        destination[0] &= 0xDF; // P: the padding stays behind.
        RtpHeader.WritePayloadType(destination, red.PrimaryPayloadType);
        red.Primary.CopyTo(destination[packet.HeaderLength..]);
        return length;
    }

    /// <summary>
    /// The earlier packet that a block repeats, without its header extensions, which nobody knows; its length, or −1 when the destination is too small.
    /// </summary>
    /// <param name="packet">The one that the block came in.</param>
    /// <param name="block">One of its older blocks.</param>
    /// <param name="sequence">Of the earlier packet.</param>
    /// <param name="destination">12 bytes and the block, at most.</param>
    public static int WriteRecovered(in RtpReader packet, in RedBlock block, SequenceNumber sequence, Span<byte> destination)
    {
        var length = RtpHeader.FixedLength + block.Data.Length;
        if (length > destination.Length
            || !RtpHeader.TryWrite(destination, false, block.PayloadType, sequence, new(packet.Timestamp.Value - block.TimestampOffset), packet.Ssrc))
        {
            return -1;
        }

        block.Data.CopyTo(destination[RtpHeader.FixedLength..]);
        return length;
    }
}
