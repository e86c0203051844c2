using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;

namespace Events.Rtc.Transport;

/// <summary>The host candidates of a node, UDP then TCP: what it was told to advertise, else where it is bound.</summary>
internal static class CandidateAddresses
{
    public static IReadOnlyList<Candidate> Of(RtcOptions options, ushort port)
    {
        var addresses = options.Advertise.Count > 0
            ? options.Advertise
            : options.BindAddress.Equals(IPAddress.Any) || options.BindAddress.Equals(IPAddress.IPv6Any)
                ? OfInterfaces()
                : [options.BindAddress];
        // RFC 8445 §5.1.2.2: each candidate of a component has its own local preference.
        var preferred = addresses.Select((address, i) => (Address: TransportAddress.From(new IPEndPoint(address, port)), Preference: (ushort)(ushort.MaxValue - i)))
            .ToList();
        return
        [
            .. preferred.Select(p => Candidate.Host(p.Address, tcp: false, p.Preference)),
            .. preferred.Select(p => Candidate.Host(p.Address, tcp: true, p.Preference)),
        ];
    }

    private static List<IPAddress> OfInterfaces()
    {
        var found = new List<IPAddress>();
        foreach (var network in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (network.OperationalStatus != OperationalStatus.Up)
            {
                continue;
            }

            foreach (var unicast in network.GetIPProperties().UnicastAddresses)
            {
                // RFC 8445 §5.1.1.1: link-local addresses need a scope that a candidate cannot carry.
                if (!unicast.Address.IsIPv6LinkLocal)
                {
                    found.Add(unicast.Address);
                }
            }
        }

        // Loopback last: it helps a client on this machine and nobody else.
        return [.. found.OrderBy(IPAddress.IsLoopback).ThenBy(a => a.AddressFamily != AddressFamily.InterNetwork).Take(16)];
    }
}
