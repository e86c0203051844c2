using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Events.Rtc.Spreading;
using Events.Rtc.Transport;
using Events.Rtc.Transport.Tcp;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc;

/// <summary>
/// One thread with one port (UDP and TCP), the transports that connected to it and the rooms that they are in. Everything of a room is
/// touched by this thread only; others reach it through <see cref="Post"/>.
/// </summary>
internal sealed class MediaWorker : IDatagramReceiver, IDisposable
{
    private readonly Mailbox _mailbox = new();
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _disposeLater = [];

    private readonly LaterForwarding _later = new();
    private readonly IDtlsEngineFactory _dtls;
    private readonly UdpSocket _socket;
    private readonly ReceiveBatch _receive;
    private readonly Readiness _readable;
    private readonly Thread _thread;
    private readonly Action<Room, bool> _roomLeft;
    private readonly Action<Exception> _failed;
    private readonly List<BranchViewers> _branches = [];
    private readonly WorkerSurroundings _surroundings;
    private readonly byte[] _scripted = new byte[SendQueue.SlotBytes];
    private volatile bool _stop;

    public MediaWorker(
        int index,
        RtcOptions options,
        IDtlsEngineFactory dtls,
        IRoomObserver observer,
        IRoomRules rules,
        RtcLog log,
        RtcMetrics metrics,
        Action<Room, bool> roomLeft,
        WorkerSurroundings? surroundings = null)
    {
        _surroundings = surroundings ?? WorkerSurroundings.Real;
        Random = _surroundings.Random();
        Options = options;
        Log = log;
        Metrics = metrics;
        Observer = observer;
        Rules = rules;
        _dtls = dtls;
        _roomLeft = roomLeft;
        Faults = new WorkerFaults(this);
        _failed = Faults.Note;
        Routes = new TransportRoutes(Released);
        (_socket, Tcp) = WorkerSockets.Bind(options, index, Counters, address => Routes.Forget(address));
        Drops = new SocketDrops(_socket, Counters, log);
        _receive = new ReceiveBatch(_socket);
        _readable = new Readiness(_socket.Descriptor, _mailbox.Descriptor, Tcp.Descriptor);
        Queue = new SendQueue(_socket, Tcp, _surroundings.Sink);
        Candidates = CandidateAddresses.Of(options, _socket.Port);
        UpdateClock();
        _thread = new Thread(Run) { Name = $"rtc-worker-{index}", IsBackground = true };
    }

    public RtcOptions Options { get; }

    public RtcLog Log { get; }

    public RtcMetrics Metrics { get; }

    public IRoomObserver Observer { get; }

    public IRoomRules Rules { get; }

    public SendQueue Queue { get; }

    /// <summary>For packets that wait for their viewer's path.</summary>
    public PacketBuffers Buffers { get; } = new();

    public WorkerCounters Counters { get; } = new();

    public Random Random { get; }

    public ISrtpCipherFactory Ciphers => _surroundings.Ciphers;

    public IReadOnlyList<Candidate> Candidates { get; }

    public Fingerprint Fingerprint => _dtls.LocalFingerprint;

    /// <summary>What the socket had no room for.</summary>
    public SocketDrops Drops { get; }

    public CodecPolicy PublishPolicy { get; } = CodecPolicy.Default;

    /// <summary>Names this end in the SDES of reports to publishers.</summary>
    public byte[] CnameBytes { get; } = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(16, true));

    public ushort Port => _socket.Port;

    public int SocketBufferBytes => _socket.BufferBytes;

    public bool SegmentationOffload => _socket.SegmentationOffload;

    /// <summary>Read once per turn of the loop.</summary>
    public MonotonicTime Now { get; private set; }

    public int TransportCount => Timers.Count;

    /// <summary>All that have a peer, and when they want their ticks.</summary>
    public TransportTimers Timers { get; } = new();

    public TransportRoutes Routes { get; }

    public TcpCandidate Tcp { get; }

    /// <summary>Those that have their home here.</summary>
    public int RoomCount => _rooms.Count - _branches.Count;

    /// <summary>Rooms of other workers that have viewers here.</summary>
    public int BranchCount => _branches.Count;

    public int ParticipantCount { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Runs an action on the worker's thread, in order, or not at all once the worker ends. Safe from any thread.</summary>
    public void Post(Action action) => _mailbox.Post(action);

    /// <summary>The loop takes a turn. Safe from any thread.</summary>
    public void Wake() => _mailbox.Wake();

    /// <summary>As <see cref="Post"/>, with an answer.</summary>
    /// <exception cref="ObjectDisposedException">The task's, when the worker has ended or ends before it comes to it.</exception>
    public Task<T> InvokeAsync<T>(Func<T> function) => _mailbox.InvokeAsync(function);

    /// <summary>The encoding has begun to hold packets: they go out at <see cref="PublishedEncoding.HeldUntil"/> at the latest.</summary>
    public void ForwardLater(PublishedEncoding encoding) => _later.Hold(encoding);

    /// <summary>A microphone of the room that holds packets; null when none does.</summary>
    public PublishedEncoding? FindHeldSound(Room room) => _later.FindSound(room);

    /// <summary>The subscription goes on with <see cref="Subscription.Replay"/> until that is done.</summary>
    public void ReplayLater(Subscription subscription)
    {
        _later.Replay(subscription);
        Timers.Hurry(Now);
    }

    /// <summary>A probe is being sent to a viewer.</summary>
    public void PadLater(SubscriberTransport viewer) => _later.Pad(viewer, Now);

    public Room? FindRoom(string id) => _rooms.GetValueOrDefault(id);

    public Room GetOrAddRoom(string id)
    {
        if (!_rooms.TryGetValue(id, out var room))
        {
            room = new Room(id, this);
            _rooms[id] = room;
        }

        return room;
    }

    public IEnumerable<Room> Rooms => _rooms.Values;

    /// <summary>Someone left: the room goes with the last one, and its place is given back.</summary>
    public void Left(Room room, bool isStandIn)
    {
        RemoveIfEmpty(room.Id);
        _roomLeft(room, isStandIn);
    }

    /// <summary>Another worker's room gets viewers here.</summary>
    public void Add(BranchViewers branch) => _branches.Add(branch);

    public void Remove(BranchViewers branch)
    {
        _branches.Remove(branch);
        _rooms.Remove(branch.Room.Id);
    }

    public void RemoveIfEmpty(string id)
    {
        if (_rooms.TryGetValue(id, out var room) && room.IsEmpty)
        {
            _rooms.Remove(id);
        }
    }

    public IceCredentials CreateIceCredentials() => IceCredentials.FromRandom(RandomNumberGenerator.GetBytes(32));

    public uint CreateSsrc() => (uint)Random.NextInt64(1, uint.MaxValue);

    public string CreateId(string prefix) => $"{prefix}_{RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 14)}";

    public IDtlsEngine CreateDtls(DtlsRole role, Fingerprint remote, ReadOnlySpan<SrtpProfile> profiles) => _dtls.Create(role, remote, profiles);

    public void Add(MediaTransport transport)
    {
        if (transport.Place < 0)
        {
            Timers.Add(transport, Now);
        }

        Routes.Register(transport.LocalIce, transport);
    }

    public void Remove(MediaTransport transport)
    {
        if (transport.Place >= 0)
        {
            Timers.Remove(transport);
        }

        Routes.Remove(transport);
    }

    /// <summary>Frees a peer or an ended track after the current turn: its own code, or a packet of it, may still be on the stack.</summary>
    public void DisposeLater(IDisposable ended) => _disposeLater.Add(ended);

    /// <summary>What broke here, and what that costs.</summary>
    public WorkerFaults Faults { get; }

    public void Receive(Span<byte> datagram, in TransportAddress from)
    {
        if (Routes.Find(datagram, from) is not { Peer: { } peer } transport)
        {
            Counters.UnknownAddresses++;
            return;
        }

        transport.LastHeard = Now;
        try
        {
            peer.Receive(datagram, from, Now);
        }
        catch (Exception exception)
        {
            Faults.End(transport, exception);
        }
    }

    public void Dispose()
    {
        _stop = true;
        _mailbox.Wake();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        foreach (var transport in Timers.Transports.ToArray())
        {
            Faults.Attempt(transport.Disconnect);
        }

        Queue.Flush();
        DisposeEnded();
        Queue.Dispose();
        _receive.Dispose();
        Tcp.Dispose();
        _socket.Dispose();
        _mailbox.Dispose();
    }

    private void Released(TransportAddress address)
    {
        if (address.IsTcp)
        {
            Tcp.Release(address);
        }
    }

    private void Run()
    {
        _ = ProcessControl(SetTimerSlack, 50_000, 0, 0, 0); // 50 µs: packets are held for a few milliseconds.
        while (!_stop)
        {
            try
            {
                Turn();
            }
            catch (Exception exception)
            {
                Faults.Note(exception);
                BeginAnew();
            }
        }
    }

    private void Turn()
    {
        _readable.Wait(Now, NextDeadline());
        UpdateClock();
        ReceiveFromWorkers(_readable[1]);
        if (_readable[0])
        {
            ReceiveAll();
        }

        if (_readable[2])
        {
            var self = this;
            Tcp.Receive(ref self, Now);
        }

        FinishTurn();
    }

    /// <summary>What was posted here, and what the homes of rooms that have viewers here have sent.</summary>
    private void ReceiveFromWorkers(bool isPosted)
    {
        foreach (var branch in _branches)
        {
            branch.BeginReceive();
        }

        if (isPosted || _branches.Count > 0)
        {
            _mailbox.Run(_failed);
        }

        foreach (var branch in _branches)
        {
            try
            {
                branch.Receive();
            }
            catch (Exception exception)
            {
                Faults.Note(exception); // It costs a packet.
            }
        }
    }

    /// <summary>A turn without the thread and its socket: of a worker that a scenario drives. Nothing else may call it.</summary>
    public void TurnBy(ReadOnlySpan<byte> datagram, in TransportAddress from)
    {
        UpdateClock();
        ReceiveFromWorkers(isPosted: true);
        if (!datagram.IsEmpty)
        {
            datagram.CopyTo(_scripted);
            Receive(_scripted.AsSpan(0, datagram.Length), from);
        }

        FinishTurn();
    }

    private void FinishTurn()
    {
        if (Now >= Timers.NextRound)
        {
            Tick();
        }

        _later.ForwardHeld(Now);
        _later.SendPadding(Now, Faults);
        Faults.EndNoted();
        Queue.Flush();
        DisposeEnded();
    }

    /// <summary>
    /// What is broken cannot be told any more, so all rooms of this worker end, and only those. Clients take it for an accident and join again,
    /// here or on another worker; WHIP and WHEP clients connect again.
    /// </summary>
    private void BeginAnew()
    {
        _later.Clear();
        Faults.Forget();
        Queue.Discard();
        foreach (var participant in _rooms.Values.SelectMany(r => r.Participants).ToList())
        {
            Faults.Attempt(() => participant.Room.Leave(participant, new RtcError("worker_failed", "The server had to end this room; join again.")));
        }

        foreach (var room in _rooms.Values)
        {
            Faults.Attempt(() => room.Branches.End(_ => true, new RtcError("worker_failed", "The server had to end this room; join again.")));
        }

        foreach (var transport in Timers.Transports.ToArray())
        {
            Remove(transport);
        }
    }

    private void ReceiveAll()
    {
        var self = this;
        // Bounded, so that a flood does not starve the timers.
        for (var turn = 0; turn < 16 && _receive.Receive(ref self); turn++)
        {
            UpdateClock();
        }
    }

    /// <summary>When the next turn is due without a datagram.</summary>
    public MonotonicTime NextDeadline()
    {
        var tick = Timers.Count > 0 || _rooms.Count > 0 || Tcp.NeedsSweep ? Timers.NextRound : MonotonicTime.Never;
        return MonotonicTime.Min(tick, _later.Deadline);
    }

    private void Tick()
    {
        Timers.BeginRound(Now);
        Drops.Advance(Now);
        Tcp.Sweep(Now);
        for (var i = Timers.Count - 1; i >= 0; i--)
        {
            if (i >= Timers.Count)
            {
                continue; // A transport that ended may have taken others with it.
            }

            if (Now < Timers[i])
            {
                Timers.Hurry(Timers[i]);
                continue;
            }

            var transport = Timers.Transports[i];
            try
            {
                transport.Tick(Now);
            }
            catch (Exception exception)
            {
                Faults.End(transport, exception);
            }
        }

        if (_later.ReplayMore(Now))
        {
            Timers.Hurry(Now);
        }

        var participants = 0;
        foreach (var room in _rooms.Values)
        {
            try
            {
                room.Advance(Now);
            }
            catch (Exception exception)
            {
                Faults.Note(exception);
            }

            participants += room.Participants.Count - room.StandIns; // Those are counted at home.
        }

        ParticipantCount = participants;
    }

    private void DisposeEnded()
    {
        foreach (var ended in _disposeLater)
        {
            Faults.Attempt(ended.Dispose);
        }

        _disposeLater.Clear();
    }

    private void UpdateClock() => Now = _surroundings.Now();
}
