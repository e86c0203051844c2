using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport;

/// <summary>Addresses as the kernel writes them (ip(7), ipv6(7)).</summary>
internal static unsafe class SocketAddresses
{
    public static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>A socket of both families costs more per datagram, so one bound to an IPv4 address is of that family alone.</summary>
    public static bool TakesInet6(IPAddress address) =>
        (IsWildcard(address) || address.AddressFamily == AddressFamily.InterNetworkV6) && System.Net.Sockets.Socket.OSSupportsIPv6;

    /// <summary>Writes a socket address of the family; returns its length.</summary>
    public static uint Write(bool inet6, in TransportAddress address, SocketAddressInet6* destination)
    {
        if (inet6)
        {
            destination->Family = AddressFamilyInet6;
            destination->Port = BinaryPrimitives.ReverseEndianness(address.Port);
            destination->FlowInfo = 0;
            address.WriteIPv6(new Span<byte>(destination->Address, 16));
            destination->ScopeId = 0;
            return 28;
        }

        // sockaddr_in: family, port, 4 bytes of address, 8 of padding.
        var bytes = new Span<byte>(destination, 16);
        bytes.Clear();
        destination->Family = AddressFamilyInet;
        destination->Port = BinaryPrimitives.ReverseEndianness(address.Port);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], address.IPv4);
        return 16;
    }

    public static TransportAddress Read(SocketAddressInet6* source)
    {
        var port = BinaryPrimitives.ReverseEndianness(source->Port);
        return source->Family == AddressFamilyInet6
            ? TransportAddress.FromIPv6(new ReadOnlySpan<byte>(source->Address, 16), port)
            : TransportAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(new ReadOnlySpan<byte>((byte*)source + 4, 4)), port);
    }

    /// <summary>The last call's error; an address in use is told by its inner <see cref="SocketException"/>.</summary>
    public static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException(
            $"Cannot {what}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).",
            error == ErrorAddressInUse ? new SocketException((int)SocketError.AddressAlreadyInUse) : null);
    }
}
