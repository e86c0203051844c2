using System.Net;
using System.Net.Sockets;
using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Load;

/// <summary>A peer with its own connected socket, driven by an <see cref="EndpointLoop"/>.</summary>
internal abstract class LoadClient : IClientPeerEvents, IDisposable
{
    // As much as a browser's socket gets; a viewer of 1.5 Mbit/s fills it in seconds, not milliseconds.
    private const int ReceiveBufferBytes = 1024 * 1024;

    private readonly Socket _socket;

    protected LoadClient(ClientStack stack, ClientSession session, IPAddress? host, bool gro)
    {
        Remote = ClientEndpoint.Choose(session.Candidates, host);
        var address = Remote.ToIPEndPoint();
        _socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Connect(address);
        Descriptor = (int)_socket.Handle;
        LinuxUdp.ForceReceiveBuffer(Descriptor, ReceiveBufferBytes);
        if (gro && !LinuxUdp.EnableGro(Descriptor))
        {
            throw new NotSupportedException("This kernel has no UDP_GRO.");
        }

        Peer = new(stack.Options with { UnixNanosecondsAtZero = ClientClock.UnixNanosecondsAtZero }, session, stack.Dtls, stack.Ciphers, this);
    }

    public ClientPeer Peer { get; }

    public int Descriptor { get; }

    public TransportAddress Remote { get; }

    public long DatagramsNotTaken { get; private set; }

    /// <summary>When <see cref="Tick"/> wants to be called, besides the peer's own deadline.</summary>
    public virtual MonotonicTime NextTick => MonotonicTime.Never;

    public virtual void Tick(MonotonicTime now)
    {
    }

    public virtual void MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
    {
    }

    public virtual void KeyframeRequested(ClientSendTrack track)
    {
    }

    public virtual void StateChanged(ClientPeerState state, string? reason)
    {
    }

    public void Send(ReadOnlySpan<byte> datagram) => DatagramsNotTaken += LinuxUdp.Send(Descriptor, datagram) ? 0 : 1;

    public void Dispose()
    {
        Peer.Dispose();
        _socket.Dispose();
    }
}
