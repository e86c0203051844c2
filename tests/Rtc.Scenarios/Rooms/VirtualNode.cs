using Events.Rtc;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// The real worker with its rooms, transports, SRTP and RTCP, driven in virtual time: datagrams come from links and go to links, a turn is taken for each and
/// every 10 ms. Only its thread, its socket and OpenSSL's handshake are left out.
/// </summary>
internal sealed class VirtualNode : IRoomObserver, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly Simulation _simulation;
    private readonly RtcMetrics _metrics = new();
    private readonly Dictionary<TransportAddress, VirtualPeer> _peers = [];

    public VirtualNode(Simulation simulation)
    {
        _simulation = simulation;
        Worker = new MediaWorker(
            0,
            new RtcOptions { Port = 0, Workers = 1 },
            Dtls,
            this,
            new TransientRoomRules(),
            new RtcLog(NullLogger<RtcLog>.Instance),
            _metrics,
            (_, _) => { },
            new WorkerSurroundings
            {
                Now = () => simulation.Now,
                UnixNow = () => 1_700_000_000_000_000_000 + simulation.Now.Nanoseconds,
                Random = () => simulation.Chance(1_000),
                Sink = Deliver,
            });
        Room = Worker.GetOrAddRoom("room");
        simulation.Every(Tick, () => Worker.TurnBy(default, default));
    }

    public ScriptedDtls Dtls { get; } = new();

    public MediaWorker Worker { get; }

    public Room Room { get; }

    /// <summary>An address for a peer, behind these links.</summary>
    public TransportAddress Attach(VirtualPeer peer)
    {
        var address = TransportAddress.FromIPv4(0x0A00_0001u + (uint)_peers.Count, 5_000);
        _peers[address] = peer;
        return address;
    }

    public void Receive(ReadOnlySpan<byte> datagram, in TransportAddress from) => Worker.TurnBy(datagram, from);

    public void Record(string type, object data)
    {
    }

    public void Dispose()
    {
        Worker.Dispose();
        _metrics.Dispose();
    }

    private void Deliver(in TransportAddress to, ReadOnlySpan<byte> datagram)
    {
        if (_peers.TryGetValue(to, out var peer))
        {
            peer.FromNode(datagram);
        }
    }
}
