using Events.Rtc;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// The real worker with its rooms, transports, SRTP and RTCP, driven in virtual time: datagrams come from links and go to links, a turn is taken for each,
/// every 10 ms, and when something is due. Only its thread, its socket and OpenSSL's handshake are left out.
/// </summary>
internal sealed class VirtualNode : IRoomObserver, IDisposable
{
    public const long UnixNanosecondsAtZero = 1_700_000_000_000_000_000;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly Simulation _simulation;
    private readonly RtcMetrics _metrics = new();
    private readonly RtcOptions _options;
    private readonly ISrtpCipherFactory _ciphers;
    private readonly Func<Random>? _random;
    private readonly List<MediaWorker> _workers = [];
    private readonly Dictionary<MediaWorker, MonotonicTime> _wakes = [];
    private readonly Dictionary<TransportAddress, (VirtualPeer Peer, MediaWorker Worker)> _peers = [];
    private long _outside;

    /// <param name="simulation">Its time.</param>
    /// <param name="configure">What is other than usual.</param>
    /// <param name="ciphers">Its workers'; null: the usual.</param>
    /// <param name="random">Its workers'; null: of the simulation's seed.</param>
    public VirtualNode(
        Simulation simulation, Func<RtcOptions, RtcOptions>? configure = null, ISrtpCipherFactory? ciphers = null, Func<Random>? random = null)
    {
        _simulation = simulation;
        _random = random;
        _ciphers = ciphers ?? SrtpCiphers.Default;
        var options = new RtcOptions { Port = 0, Workers = 1 };
        _options = configure?.Invoke(options) ?? options;
        Worker = Start();
        Room = Worker.GetOrAddRoom("room");
    }

    public ScriptedDtls Dtls { get; } = new();

    /// <summary>The room's home.</summary>
    public MediaWorker Worker { get; }

    /// <summary>Another one, which has viewers of the room; it begins with the first use.</summary>
    public MediaWorker Elsewhere => _workers.Count > 1 ? _workers[1] : Start();

    public IReadOnlyList<MediaWorker> Workers => _workers;

    public Room Room { get; }

    /// <summary>An address for a peer of a worker, behind these links.</summary>
    public TransportAddress Attach(VirtualPeer peer, MediaWorker worker)
    {
        var address = TransportAddress.FromIPv4(0x0A00_0001u + (uint)_peers.Count, 5_000);
        _peers[address] = (peer, worker);
        return address;
    }

    /// <summary>Bytes that the workers allocated; what the clients and links of the simulation do does not count.</summary>
    public long Allocated { get; private set; }

    public void Receive(ReadOnlySpan<byte> datagram, in TransportAddress from) => Turn(_peers[from].Worker, datagram, from);

    public void Record(string type, object data)
    {
    }

    public void Dispose()
    {
        _workers.ForEach(w => w.Dispose());
        _metrics.Dispose();
    }

    private MediaWorker Start()
    {
        var index = _workers.Count;
        var worker = new MediaWorker(
            index,
            _options,
            Dtls,
            this,
            new TransientRoomRules(),
            new RtcLog(NullLogger<RtcLog>.Instance),
            _metrics,
            (_, _) => { },
            new WorkerSurroundings
            {
                Now = () => _simulation.Now,
                Random = _random ?? (() => _simulation.Chance(1_000 + index)),
                Ciphers = _ciphers,
                Sink = Deliver,
            });
        _workers.Add(worker);
        _wakes[worker] = MonotonicTime.Never;
        _simulation.Every(Tick, () => Turn(worker, default, default));
        return worker;
    }

    private void Turn(MediaWorker worker, ReadOnlySpan<byte> datagram, in TransportAddress from)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        _outside = 0;
        worker.TurnBy(datagram, from);
        Allocated += GC.GetAllocatedBytesForCurrentThread() - before - _outside;
        WakeAt(worker, worker.NextDeadline());
        if (_workers.Count > 1 && worker == Worker)
        {
            Turn(_workers[1], default, default); // The home wakes it for what it sent.
        }
    }

    private void WakeAt(MediaWorker worker, MonotonicTime due)
    {
        if (due < _simulation.Now + Tick && due < _wakes[worker])
        {
            _wakes[worker] = due;
            _simulation.At(due, () =>
            {
                if (_wakes[worker] == due)
                {
                    _wakes[worker] = MonotonicTime.Never;
                    Turn(worker, default, default);
                }
            });
        }
    }

    private void Deliver(in TransportAddress to, ReadOnlySpan<byte> datagram)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        if (_peers.TryGetValue(to, out var peer))
        {
            peer.Peer.FromNode(datagram);
        }

        _outside += GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
