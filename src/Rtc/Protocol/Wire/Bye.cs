using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>BYE: sources that leave (RFC 3550 §6.6).</summary>
public readonly ref struct Bye
{
    private readonly ReadOnlySpan<byte> _body;

    private Bye(ReadOnlySpan<byte> body, int count)
    {
        _body = body;
        Count = count;
    }

    public int Count { get; }

    public static bool TryRead(RtcpPacket packet, out Bye bye)
    {
        var valid = packet.Type == RtcpType.Goodbye && packet.Body.Length >= packet.Count * 4;
        bye = valid ? new(packet.Body, packet.Count) : default;
        return valid;
    }

    /// <summary>The source at an index below <see cref="Count"/>.</summary>
    public uint GetSsrc(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        return BinaryPrimitives.ReadUInt32BigEndian(_body[(index * 4)..]);
    }
}
