using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>Reception quality of one source (RFC 3550 §6.4.1).</summary>
/// <param name="Ssrc">The source that the block is about.</param>
/// <param name="FractionLost">Lost since the last report, unit 1/256.</param>
/// <param name="CumulativeLost">Lost since the start, 24 bits signed; clamped when written.</param>
/// <param name="ExtendedHighestSequence">Cycles in the high half, highest sequence number in the low half.</param>
/// <param name="Jitter">Interarrival jitter in clock ticks.</param>
/// <param name="LastSenderReport">Middle 32 bits of the NTP time of the last SR, 0 when none came.</param>
/// <param name="DelaySinceLastSenderReport">Unit 1/65,536 s.</param>
public readonly record struct ReportBlock(
    uint Ssrc,
    byte FractionLost,
    int CumulativeLost,
    uint ExtendedHighestSequence,
    uint Jitter,
    uint LastSenderReport,
    uint DelaySinceLastSenderReport)
{
    /// <summary>Bytes of a block.</summary>
    public const int Length = 24;

    /// <summary>Most blocks in one report: its count has five bits.</summary>
    public const int MaxPerReport = 31;

    private const int MaxCumulativeLost = 0x7F_FFFF;
    private const int MinCumulativeLost = -0x80_0000;

    internal static ReportBlock Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32BigEndian(bytes),
        bytes[4],
        BinaryPrimitives.ReadInt32BigEndian(bytes[4..]) << 8 >> 8, // the sign of the low 24 bits
        BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]));

    internal void Write(Span<byte> bytes)
    {
        var lost = Math.Clamp(CumulativeLost, MinCumulativeLost, MaxCumulativeLost);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], ((uint)FractionLost << 24) | ((uint)lost & 0xFF_FFFF));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], ExtendedHighestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[20..], DelaySinceLastSenderReport);
    }
}
