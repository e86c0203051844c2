using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Transport.Tcp;

namespace Events.Rtc.Transport;

/// <summary>The sockets that a worker serves.</summary>
internal static class WorkerSockets
{
    /// <summary>One number for both: it is what firewalls and 1:1 NAT are told.</summary>
    public static (UdpSocket Udp, TcpCandidate Tcp) Bind(RtcOptions options, int index, WorkerCounters counters, Action<TransportAddress> closed)
    {
        // The system chooses for UDP alone, so its choice may be taken for TCP.
        for (var tries = options.Port == 0 ? 16 : 1; ; tries--)
        {
            var udp = UdpSocket.Bind(options.BindAddress, options.Port == 0 ? 0 : options.Port + index, options.SocketBufferBytes);
            try
            {
                return (udp, new TcpCandidate(options.BindAddress, udp.Port, options.Tcp, counters, closed));
            }
            catch (IOException) when (tries > 1)
            {
                udp.Dispose();
            }
            catch
            {
                udp.Dispose();
                throw;
            }
        }
    }
}
