using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>RR: how a participant hears others (RFC 3550 §6.4.2).</summary>
public readonly ref struct ReceiverReport
{
    internal const int FixedLength = 4;

    private readonly ReadOnlySpan<byte> _body;

    private ReceiverReport(ReadOnlySpan<byte> body, int blockCount)
    {
        _body = body;
        BlockCount = blockCount;
    }

    /// <summary>Who reports.</summary>
    public uint Ssrc => BinaryPrimitives.ReadUInt32BigEndian(_body);

    public int BlockCount { get; }

    public static bool TryRead(RtcpPacket packet, out ReceiverReport report)
    {
        var valid = packet.Type == RtcpType.ReceiverReport
            && packet.Body.Length >= FixedLength + (packet.Count * ReportBlock.Length);
        report = valid ? new(packet.Body, packet.Count) : default;
        return valid;
    }

    /// <summary>The block at an index below <see cref="BlockCount"/>.</summary>
    public ReportBlock GetBlock(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)BlockCount);
        return ReportBlock.Read(_body[(FixedLength + (index * ReportBlock.Length))..]);
    }
}
