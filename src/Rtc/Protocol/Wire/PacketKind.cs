namespace Events.Rtc.Protocol.Wire;

/// <summary>What a datagram on a multiplexed port is (RFC 7983, RFC 5761).</summary>
public enum PacketKind : byte
{
    Unknown,
    Stun,
    Zrtp,
    Dtls,
    TurnChannel,
    Rtp,
    Rtcp,
}

/// <summary>Tells the protocols apart that share one port, by the first two bytes only.</summary>
public static class PacketDemux
{
    /// <summary>Kind of a datagram; <see cref="PacketKind.Unknown"/> when empty, or outside every range.</summary>
    public static PacketKind Classify(ReadOnlySpan<byte> datagram)
    {
        if (datagram.IsEmpty)
        {
            return PacketKind.Unknown;
        }

        // RFC 7983 §7
        switch (datagram[0])
        {
            case <= 3: return PacketKind.Stun;
            case >= 16 and <= 19: return PacketKind.Zrtp;
            case >= 20 and <= 63: return PacketKind.Dtls;
            case >= 64 and <= 79: return PacketKind.TurnChannel;
            case >= 128 and <= 191:
                if (datagram.Length < 2)
                {
                    return PacketKind.Unknown;
                }

                // RFC 5761 §4: the RTCP types 192…223 take the place of RTP payload types 64…95 with the marker set.
                return datagram[1] is >= 192 and <= 223 ? PacketKind.Rtcp : PacketKind.Rtp;
            default: return PacketKind.Unknown;
        }
    }
}
