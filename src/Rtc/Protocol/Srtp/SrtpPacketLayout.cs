using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>The few fields of a packet that SRTP must read before it knows whether to trust it.</summary>
internal static class SrtpPacketLayout
{
    private const int FixedHeaderLength = 12;
    private const int ExtensionHeaderLength = 4;

    /// <summary>Length of fixed header, CSRC list and extension (RFC 3550 §5.1, §5.3.1); false when it exceeds the packet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadRtpHeaderLength(ReadOnlySpan<byte> packet, out int headerLength)
    {
        headerLength = FixedHeaderLength;
        if (packet.Length < FixedHeaderLength || packet[0] >> 6 != 2)
        {
            return false;
        }

        headerLength += (packet[0] & 0x0F) * sizeof(uint);
        if ((packet[0] & 0x10) != 0)
        {
            if (headerLength + ExtensionHeaderLength > packet.Length)
            {
                return false;
            }

            var words = BinaryPrimitives.ReadUInt16BigEndian(packet[(headerLength + 2)..]);
            headerLength += ExtensionHeaderLength + (words * sizeof(uint));
        }

        return headerLength <= packet.Length;
    }

    public static ushort ReadSequence(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);

    public static uint ReadRtpSsrc(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);

    public static uint ReadRtcpSsrc(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);

    /// <summary>
    /// The index nearest to the highest one known (RFC 3711 §3.3.1). Below zero there is no index: a number that seems to
    /// precede roll-over counter 0 belongs to it, which is a large jump ahead.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong EstimateIndex(ulong highest, ushort sequence)
    {
        var index = (long)highest + (short)(sequence - (ushort)highest);
        return index < 0 ? sequence : (ulong)index;
    }
}
