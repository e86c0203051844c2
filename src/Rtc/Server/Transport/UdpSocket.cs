using System.Net;
using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport;

/// <summary>One bound, non-blocking UDP socket: dual-stack for a wildcard where the machine has IPv6.</summary>
internal sealed unsafe class UdpSocket : IDisposable
{
    private readonly bool _inet6;
    private int _descriptor;

    private UdpSocket(int descriptor, bool inet6)
    {
        _descriptor = descriptor;
        _inet6 = inet6;
    }

    public int Descriptor => _descriptor;

    public ushort Port { get; private set; }

    /// <summary>What the kernel granted, bytes; the smaller of both directions.</summary>
    public int BufferBytes { get; private set; }

    /// <summary>
    /// Datagrams that came and for which the receive buffer had no room, so far. Of this socket alone, unlike the system's RcvbufErrors; what the kernel does not
    /// tell (before Linux 4.12) is 0. Wraps at 2^32.
    /// </summary>
    public uint ReceiveDrops
    {
        get
        {
            var words = stackalloc uint[MemoryInformationWords];
            uint length = MemoryInformationWords * sizeof(uint);
            return GetSocketOption(_descriptor, LevelSocket, OptionMemoryInformation, words, &length) == 0 && length >= MemoryInformationWords * sizeof(uint)
                ? words[MemoryInformationDrops]
                : 0;
        }
    }

    /// <summary>The device segments one large send into datagrams (UDP_SEGMENT); turned off for good at the first EIO.</summary>
    public bool SegmentationOffload { get; set; }

    /// <summary>
    /// Datagrams are never cut (IPv4's DF), and so need no identification of their own (RFC 6864 §4.1): finding one takes the kernel 1.3 % of what a
    /// packet costs. Where a path turns out to be too narrow for that, they may be from then on.
    /// </summary>
    public bool ForbidsFragments { get; private set; }

    /// <summary>The kernel hands over runs of datagrams of one sender as one buffer (UDP_GRO).</summary>
    public bool ReceiveOffload { get; private set; }

    /// <summary>Binds, or throws <see cref="IOException"/> that says why (address in use, not available).</summary>
    public static UdpSocket Bind(IPAddress address, int port, int bufferBytes)
    {
        var wildcard = SocketAddresses.IsWildcard(address);
        var socket = (SocketAddresses.TakesInet6(address) ? Open(AddressFamilyInet6) : null)
            ?? Open(AddressFamilyInet)
            ?? throw SocketAddresses.Failure("open a UDP socket");
        try
        {
            socket.BindTo(wildcard && socket._inet6 ? IPAddress.IPv6Any : address, port);
            socket.BufferBytes = Math.Min(
                socket.SetBuffer(OptionReceiveBufferForce, OptionReceiveBuffer, bufferBytes),
                socket.SetBuffer(OptionSendBufferForce, OptionSendBuffer, bufferBytes));
            socket.ProbeOffloads();
            socket.ForbidsFragments = socket.SetPathMtuDiscovery(PathMtuDo);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>From now on what is too large for its path is cut.</summary>
    public void AllowFragments()
    {
        SetPathMtuDiscovery(PathMtuWant);
        ForbidsFragments = false;
    }

    /// <summary>Writes a socket address of this socket's family; returns its length.</summary>
    public uint WriteAddress(in TransportAddress address, SocketAddressInet6* destination) => SocketAddresses.Write(_inet6, address, destination);

    public TransportAddress ReadAddress(SocketAddressInet6* source) => SocketAddresses.Read(source);

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static UdpSocket? Open(int family)
    {
        var descriptor = LinuxSockets.Socket(family, SocketDatagram | SocketNonBlocking | SocketCloseOnExec, 0);
        return descriptor < 0 ? null : new UdpSocket(descriptor, family == AddressFamilyInet6);
    }

    private void BindTo(IPAddress address, int port)
    {
        if (_inet6)
        {
            var off = 0;
            _ = SetSocketOption(_descriptor, LevelIPv6, OptionIPv6Only, &off, sizeof(int));
        }

        SocketAddressInet6 native;
        var length = WriteAddress(TransportAddress.From(new IPEndPoint(address, port)), &native);
        if (LinuxSockets.Bind(_descriptor, &native, length) != 0)
        {
            throw SocketAddresses.Failure($"bind UDP {address}:{port}");
        }

        length = (uint)sizeof(SocketAddressInet6);
        if (GetSocketName(_descriptor, &native, &length) != 0)
        {
            throw SocketAddresses.Failure("read the bound UDP port");
        }

        Port = ReadAddress(&native).Port;
    }

    private int SetBuffer(int force, int option, int bytes)
    {
        // The forced variant needs CAP_NET_ADMIN and passes net.core.[rw]mem_max; the plain one is capped by it.
        if (SetSocketOption(_descriptor, LevelSocket, force, &bytes, sizeof(int)) != 0)
        {
            _ = SetSocketOption(_descriptor, LevelSocket, option, &bytes, sizeof(int));
        }

        var granted = 0;
        uint length = sizeof(int);
        _ = GetSocketOption(_descriptor, LevelSocket, option, &granted, &length);
        return granted / 2; // The kernel reports twice what it lets a program use (socket(7)).
    }

    private bool SetPathMtuDiscovery(int how) =>
        SetSocketOption(_descriptor, LevelIP, OptionPathMtuDiscovery, &how, sizeof(int)) == 0;

    private void ProbeOffloads()
    {
        var zero = 0;
        SegmentationOffload = SetSocketOption(_descriptor, LevelUdp, UdpSegment, &zero, sizeof(int)) == 0;
        var one = 1;
        ReceiveOffload = SetSocketOption(_descriptor, LevelUdp, UdpGro, &one, sizeof(int)) == 0;
    }
}
