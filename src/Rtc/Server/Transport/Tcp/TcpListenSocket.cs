using System.Net;
using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport.Tcp;

/// <summary>A listening, non-blocking TCP socket: dual-stack for a wildcard where the machine has IPv6.</summary>
internal sealed unsafe class TcpListenSocket : IDisposable
{
    /// <summary>
    /// What the kernel holds unsent, bytes. Beyond it datagrams wait with us, where old ones can be dropped; the default would hold seconds
    /// of a picture that is late already.
    /// </summary>
    private const int UnsentBytes = 64 * 1024;

    /// <summary>Unacknowledged for so long, the kernel gives a connection up (tcp(7)): ICE finds another way by then.</summary>
    private const int UserTimeoutMs = 30_000;

    private TcpListenSocket(int descriptor) => Descriptor = descriptor;

    public int Descriptor { get; private set; }

    /// <exception cref="IOException">The port is taken, or the address is not this machine's.</exception>
    public static TcpListenSocket Bind(IPAddress address, ushort port, int backlog)
    {
        var inet6 = SocketAddresses.TakesInet6(address);
        var descriptor = Open(inet6 ? AddressFamilyInet6 : AddressFamilyInet);
        if (descriptor < 0 && inet6)
        {
            inet6 = false;
            descriptor = Open(AddressFamilyInet);
        }

        if (descriptor < 0)
        {
            throw SocketAddresses.Failure("open a TCP socket");
        }

        var socket = new TcpListenSocket(descriptor);
        try
        {
            // Connections of the process before are in TIME_WAIT; another listener is refused all the same.
            Set(descriptor, LevelSocket, OptionReuseAddress, 1);
            if (inet6)
            {
                Set(descriptor, LevelIPv6, OptionIPv6Only, 0);
            }

            SocketAddressInet6 native;
            var bound = inet6 && SocketAddresses.IsWildcard(address) ? IPAddress.IPv6Any : address;
            var length = SocketAddresses.Write(inet6, TransportAddress.From(new IPEndPoint(bound, port)), &native);
            if (LinuxSockets.Bind(descriptor, &native, length) != 0 || Listen(descriptor, backlog) != 0)
            {
                throw SocketAddresses.Failure($"listen on TCP {address}:{port}");
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next connection and whose it is; a descriptor below 0 and the error when there is none.</summary>
    public (int Descriptor, TransportAddress From) Accept(out int error)
    {
        SocketAddressInet6 native;
        var length = (uint)sizeof(SocketAddressInet6);
        var accepted = LinuxSockets.Accept(Descriptor, &native, &length, SocketNonBlocking | SocketCloseOnExec);
        error = accepted < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (accepted < 0)
        {
            return (accepted, default);
        }

        Set(accepted, LevelTcp, TcpNoDelay, 1);
        Set(accepted, LevelTcp, TcpNotSentLowAt, UnsentBytes);
        Set(accepted, LevelTcp, TcpUserTimeout, UserTimeoutMs);
        return (accepted, SocketAddresses.Read(&native));
    }

    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            _ = Close(Descriptor);
            Descriptor = -1;
        }
    }

    private static int Open(int family) => LinuxSockets.Socket(family, SocketStream | SocketNonBlocking | SocketCloseOnExec, 0);

    private static void Set(int descriptor, int level, int option, int value) => _ = SetSocketOption(descriptor, level, option, &value, sizeof(int));
}
