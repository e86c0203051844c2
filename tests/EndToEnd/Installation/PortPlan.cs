using System.Net;
using System.Net.Sockets;

namespace Events.Tests.EndToEnd.Installation;

/// <summary>Ports of one installation: three for HTTP, then the media ports in a row, UDP and TCP alike.</summary>
/// <param name="Http">The platform.</param>
/// <param name="Media">The media role's doors.</param>
/// <param name="Mixer">The mixer.</param>
/// <param name="Rtc">The first media port.</param>
public sealed record PortPlan(int Http, int Media, int Mixer, int Rtc)
{
    public const int Workers = 2;

    // Below the ephemeral range (32,768 on Linux), so that no outgoing connection takes one meanwhile.
    private const int First = 20_000;
    private const int Last = 32_000;

    public static PortPlan Find()
    {
        for (var tries = 0; tries < 200; tries++)
        {
            var at = Random.Shared.Next(First, Last);
            if (Enumerable.Range(at, 3 + Workers).All(IsFree))
            {
                return new(at, at + 1, at + 2, at + 3);
            }
        }

        throw new InvalidOperationException($"No {3 + Workers} free ports in a row between {First} and {Last}.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
