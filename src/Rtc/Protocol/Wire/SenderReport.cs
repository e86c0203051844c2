using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>SR: what a sender has sent, and how it hears others (RFC 3550 §6.4.1).</summary>
public readonly ref struct SenderReport
{
    /// <summary>ssrc 4 + NTP 8 + RTP time 4 + packets 4 + octets 4.</summary>
    internal const int FixedLength = 24;

    private readonly ReadOnlySpan<byte> _body;

    private SenderReport(ReadOnlySpan<byte> body, int blockCount)
    {
        _body = body;
        BlockCount = blockCount;
    }

    public uint Ssrc => BinaryPrimitives.ReadUInt32BigEndian(_body);

    public NtpTime NtpTime => new(BinaryPrimitives.ReadUInt64BigEndian(_body[4..]));

    /// <summary>The same instant on the media clock.</summary>
    public RtpTimestamp RtpTimestamp => new(BinaryPrimitives.ReadUInt32BigEndian(_body[12..]));

    public uint PacketCount => BinaryPrimitives.ReadUInt32BigEndian(_body[16..]);

    /// <summary>Payload bytes, without headers and padding.</summary>
    public uint OctetCount => BinaryPrimitives.ReadUInt32BigEndian(_body[20..]);

    public int BlockCount { get; }

    public static bool TryRead(RtcpPacket packet, out SenderReport report)
    {
        var valid = packet.Type == RtcpType.SenderReport
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
