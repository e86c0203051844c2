using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>
/// The fixed part of an RTP header: measuring, writing and patching in place (RFC 3550 §5.1). Patching expects a packet that has been read
/// or written before, so at least 12 bytes.
/// </summary>
public static class RtpHeader
{
    /// <summary>Flags 2 + sequence 2 + timestamp 4 + ssrc 4.</summary>
    public const int FixedLength = 12;

    internal const int Version = 2;

    private const byte MarkerBit = 0x80;

    /// <summary>
    /// Length of the header with contributing sources and extensions. Looks at header bytes only, so it holds for an encrypted packet too
    /// (SRTP leaves the header in the clear, but not the padding count).
    /// </summary>
    public static bool TryMeasure(ReadOnlySpan<byte> packet, out int headerLength)
    {
        headerLength = 0;
        if (packet.Length < FixedLength || packet[0] >> 6 != Version)
        {
            return false;
        }

        var length = FixedLength + ((packet[0] & 0x0F) * 4);
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < length + 4)
            {
                return false;
            }

            length += 4 + (BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]) * 4);
        }

        if (packet.Length < length)
        {
            return false;
        }

        headerLength = length;
        return true;
    }

    /// <summary>Writes 12 bytes without sources, padding or extension; false when they do not fit.</summary>
    public static bool TryWrite(
        Span<byte> packet, bool marker, byte payloadType, SequenceNumber sequenceNumber, RtpTimestamp timestamp, uint ssrc)
    {
        if (packet.Length < FixedLength)
        {
            return false;
        }

        packet[0] = Version << 6;
        packet[1] = (byte)((marker ? MarkerBit : 0) | (payloadType & 0x7F));
        WriteSequenceNumber(packet, sequenceNumber.Value);
        WriteTimestamp(packet, timestamp.Value);
        WriteSsrc(packet, ssrc);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteSequenceNumber(Span<byte> packet, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(packet[2..], value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteTimestamp(Span<byte> packet, uint value) => BinaryPrimitives.WriteUInt32BigEndian(packet[4..], value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteSsrc(Span<byte> packet, uint value) => BinaryPrimitives.WriteUInt32BigEndian(packet[8..], value);

    /// <summary>Sets the payload type and keeps the marker.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WritePayloadType(Span<byte> packet, byte value) => packet[1] = (byte)((packet[1] & MarkerBit) | (value & 0x7F));

    /// <summary>Sets the marker and keeps the payload type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteMarker(Span<byte> packet, bool value) => packet[1] = (byte)((packet[1] & 0x7F) | (value ? MarkerBit : 0));
}
