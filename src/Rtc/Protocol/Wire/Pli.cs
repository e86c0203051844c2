using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>PLI: the decoder needs a keyframe (RFC 4585 §6.3.1).</summary>
public readonly record struct Pli(uint SenderSsrc, uint MediaSsrc)
{
    internal const int Length = 8;

    public static bool TryRead(RtcpPacket packet, out Pli pli)
    {
        var valid = packet.Type == RtcpType.PayloadFeedback && packet.Format == RtcpFeedbackFormat.Pli
            && packet.Body.Length >= Length;
        pli = valid
            ? new(BinaryPrimitives.ReadUInt32BigEndian(packet.Body), BinaryPrimitives.ReadUInt32BigEndian(packet.Body[4..]))
            : default;
        return valid;
    }
}
