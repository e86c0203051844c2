namespace Events.Rtc.Protocol.Wire;

/// <summary>RTP padding (RFC 3550 §5.1): bytes behind the payload, the last of which counts them, itself included.</summary>
public static class RtpPadding
{
    /// <summary>Pads a plain packet to the next multiple; one that is padded already, or has no room, stays as it is.</summary>
    /// <param name="packet">Begins with the packet; has room behind it.</param>
    /// <param name="length">Of the packet.</param>
    /// <param name="multiple">A power of two, 256 at most.</param>
    /// <returns>The new length.</returns>
    public static int Align(Span<byte> packet, int length, int multiple)
    {
        const byte PaddingBit = 0x20;
        var padding = -length & (multiple - 1);
        if (padding == 0 || (packet[0] & PaddingBit) != 0 || packet.Length < length + padding)
        {
            return length;
        }

        packet[0] |= PaddingBit;
        packet.Slice(length, padding).Clear();
        packet[length + padding - 1] = (byte)padding;
        return length + padding;
    }
}
