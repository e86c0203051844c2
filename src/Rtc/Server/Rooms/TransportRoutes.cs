using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>Whose a datagram is: by the address that it comes from, or by the user name of a connectivity check. Bounded per transport.</summary>
/// <param name="released">An address that was a transport's no longer is.</param>
internal sealed class TransportRoutes(Action<TransportAddress> released)
{
    /// <summary>An endpoint has a handful of candidates.</summary>
    private const int MaxAddresses = 8;

    private readonly Dictionary<TransportAddress, MediaTransport> _byAddress = [];
    private readonly Dictionary<ulong, MediaTransport> _byUfrag = [];

    /// <summary>Addresses and user fragments.</summary>
    public int Count => _byUfrag.Count + _byAddress.Count;

    /// <summary>The transport, or null: nobody's.</summary>
    public MediaTransport? Find(ReadOnlySpan<byte> datagram, in TransportAddress from) =>
        _byAddress.TryGetValue(from, out var transport) && transport.Peer is { } peer && !IsForAnother(datagram, peer)
            ? transport
            : FindByUsername(datagram);

    public void Register(IceCredentials local, MediaTransport transport)
    {
        _byUfrag[local.UfragKey] = transport;
        if (!transport.Ufrags.Contains(local.UfragKey))
        {
            transport.Ufrags.Add(local.UfragKey);
        }
    }

    /// <summary>Checks with credentials that the agent does not know any more need not find it.</summary>
    public void ForgetOldUfrags(MediaTransport transport, IceLiteAgent agent)
    {
        for (var i = transport.Ufrags.Count - 1; i >= 0; i--)
        {
            var key = transport.Ufrags[i];
            if (key != agent.Local.UfragKey && key != agent.PreviousLocal?.UfragKey)
            {
                _byUfrag.Remove(key);
                transport.Ufrags.RemoveAt(i);
            }
        }
    }

    /// <summary>An authenticated check came from the address.</summary>
    public void Bind(in TransportAddress address, MediaTransport transport)
    {
        if (_byAddress.TryGetValue(address, out var owner) && owner == transport)
        {
            return;
        }

        owner?.Addresses.Remove(address);
        _byAddress[address] = transport;
        transport.Addresses.Add(address);
        if (transport.Addresses.Count > MaxAddresses)
        {
            // The oldest that is not in use makes room.
            var oldest = transport.Addresses[0] == transport.Destination.Address ? transport.Addresses[1] : transport.Addresses[0];
            transport.Addresses.Remove(oldest);
            _byAddress.Remove(oldest);
            released(oldest);
        }
    }

    /// <summary>The address is gone: a closed connection's.</summary>
    public void Forget(in TransportAddress address)
    {
        if (_byAddress.Remove(address, out var owner))
        {
            owner.Addresses.Remove(address);
        }
    }

    public void Remove(MediaTransport transport)
    {
        foreach (var key in transport.Ufrags)
        {
            _byUfrag.Remove(key);
        }

        foreach (var address in transport.Addresses)
        {
            _byAddress.Remove(address);
            released(address);
        }

        transport.Ufrags.Clear();
        transport.Addresses.Clear();
    }

    /// <summary>An address may pass from one endpoint to another (a NAT's port): a check says so by its user name.</summary>
    private static bool IsForAnother(ReadOnlySpan<byte> datagram, Peer peer) =>
        PacketDemux.Classify(datagram) == PacketKind.Stun
        && TryReadLocalUfrag(datagram, out var key)
        && key != peer.Ice.Local.UfragKey
        && key != (peer.Ice.PreviousLocal?.UfragKey ?? 0);

    private MediaTransport? FindByUsername(ReadOnlySpan<byte> datagram) =>
        PacketDemux.Classify(datagram) == PacketKind.Stun && TryReadLocalUfrag(datagram, out var key) ? _byUfrag.GetValueOrDefault(key) : null;

    private static bool TryReadLocalUfrag(ReadOnlySpan<byte> datagram, out ulong key)
    {
        key = 0;
        if (!StunReader.TryRead(datagram, out var message)
            || !message.TryGetUsername(out var username)
            || !IceLiteAgent.SplitUsername(username, out var ours, out _))
        {
            return false;
        }

        key = IceCredentials.KeyOf(ours);
        return key != 0;
    }
}
