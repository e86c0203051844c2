using System.Buffers.Binary;
using System.Net;

namespace Events.Rtc.Protocol.Primitives;

/// <summary>
/// An IP address and a port as one value that hashes and compares without allocation. IPv4 is held as IPv4-mapped IPv6
/// (RFC 4291 §2.5.5.2), so one dual-stack socket and one table serve both families. ICE counts the transport protocol in
/// (RFC 8445 §4), and so does <see cref="Connection"/>.
/// </summary>
public readonly record struct TransportAddress(ulong High, ulong Low, ushort Port)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000UL;

    /// <summary>0: UDP. Else TCP: the owner's number for the connection, never used twice, so that a closed one's is nobody's.</summary>
    public uint Connection { get; init; }

    public bool IsTcp => Connection != 0;

    public bool IsIPv4 => High == 0 && (Low & 0xFFFF_FFFF_0000_0000UL) == MappedPrefix;

    /// <summary>The IPv4 address in host order; meaningful only when <see cref="IsIPv4"/>.</summary>
    public uint IPv4 => (uint)Low;

    public static TransportAddress FromIPv4(uint hostOrder, ushort port) => new(0, MappedPrefix | hostOrder, port);

    /// <param name="address">16 bytes in network order.</param>
    /// <param name="port">Port in host order.</param>
    public static TransportAddress FromIPv6(ReadOnlySpan<byte> address, ushort port) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), port);

    public static TransportAddress From(IPEndPoint endPoint)
    {
        Span<byte> bytes = stackalloc byte[16];
        endPoint.Address.MapToIPv6().TryWriteBytes(bytes, out _);
        return FromIPv6(bytes, (ushort)endPoint.Port);
    }

    /// <summary>Writes the 16 bytes of the (possibly mapped) IPv6 address in network order.</summary>
    public void WriteIPv6(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        WriteIPv6(bytes);
        var address = new IPAddress(bytes);
        return new(IsIPv4 ? address.MapToIPv4() : address, Port);
    }

    public override int GetHashCode()
    {
        var mixed = (High * 0x9E37_79B9_7F4A_7C15UL) ^ (Low + Port + ((ulong)Connection << 20)) * 0xC2B2_AE3D_27D4_EB4FUL;
        return (int)(mixed ^ (mixed >> 32));
    }

    public override string ToString() => ToIPEndPoint().ToString();
}
