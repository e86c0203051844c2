using System.Collections.Concurrent;
using System.Diagnostics;
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
using Events.Rtc.Transport;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc;

/// <summary>
/// One thread with one UDP port, the transports that connected to it and the rooms that they are in. Everything of a room is
/// touched by this thread only; others reach it through <see cref="Post"/>.
/// </summary>
internal sealed unsafe class MediaWorker : IDatagramReceiver, IDisposable
{
    /// <summary>Timed work (retransmission requests, handshakes) has this resolution.</summary>
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// From this fan-out on, packets wait for their frame's neighbours, so that a frame leaves as one segmented send per
    /// subscriber. Below it they leave at once: docs/performance.md.
    /// </summary>
    private const int GatherFromWaiting = 24;

    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(3);

    private readonly ConcurrentQueue<Action> _mailbox = new();
    private readonly Dictionary<TransportAddress, MediaTransport> _byAddress = [];
    private readonly Dictionary<ulong, MediaTransport> _byUfrag = [];
    private readonly List<MediaTransport> _transports = [];
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.Ordinal);
    private readonly List<Peer> _disposeLater = [];
    private readonly IDtlsEngineFactory _dtls;
    private readonly UdpSocket _socket;
    private readonly ReceiveBatch _receive;
    private readonly int _wake;
    private readonly Thread _thread;
    private readonly Action<string> _roomLeft;
    private MonotonicTime _nextTick;
    private MonotonicTime _gatherUntil = MonotonicTime.Never;
    private int _wakePending;
    private volatile bool _stop;

    public MediaWorker(int index, RtcOptions options, IDtlsEngineFactory dtls, IRoomObserver observer, RtcLog log, RtcMetrics metrics, Action<string> roomLeft)
    {
        Options = options;
        Log = log;
        Metrics = metrics;
        Observer = observer;
        _dtls = dtls;
        _roomLeft = roomLeft;
        _socket = UdpSocket.Bind(options.BindAddress, options.Port == 0 ? 0 : options.Port + index, options.SocketBufferBytes);
        _receive = new ReceiveBatch(_socket);
        Queue = new SendQueue(_socket);
        Candidates = CandidateAddresses.Of(options, _socket.Port);
        _wake = EventDescriptor(0, SocketNonBlocking | SocketCloseOnExec);
        UpdateClock();
        _thread = new Thread(Run) { Name = $"rtc-worker-{index}", IsBackground = true };
    }

    public RtcOptions Options { get; }

    public RtcLog Log { get; }

    public RtcMetrics Metrics { get; }

    public IRoomObserver Observer { get; }

    public SendQueue Queue { get; }

    public WorkerCounters Counters { get; } = new();

    public Random Random { get; } = new(RandomNumberGenerator.GetInt32(int.MaxValue));

    public IReadOnlyList<Candidate> Candidates { get; }

    public Fingerprint Fingerprint => _dtls.LocalFingerprint;

    public CodecPolicy PublishPolicy { get; } = CodecPolicy.Default with { MaxSimulcastLayers = 1 };

    /// <summary>Names this end in the SDES of reports to publishers.</summary>
    public byte[] CnameBytes { get; } = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(16, true));

    public ushort Port => _socket.Port;

    public int SocketBufferBytes => _socket.BufferBytes;

    public bool SegmentationOffload => _socket.SegmentationOffload;

    /// <summary>Read once per turn of the loop.</summary>
    public MonotonicTime Now { get; private set; }

    /// <summary>The same moment on the wall clock, nanoseconds since 1970.</summary>
    public long UnixNow { get; private set; }

    public int TransportCount => _transports.Count;

    public int RoomCount => _rooms.Count;

    public int ParticipantCount { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Runs an action on the worker's thread, in order. Safe from any thread.</summary>
    public void Post(Action action)
    {
        _mailbox.Enqueue(action);
        Wake();
    }

    public Task<T> InvokeAsync<T>(Func<T> function)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                completion.SetResult(function());
            }
            catch (Exception exception)
            {
                // The caller gets it; the worker and its other rooms go on.
                completion.SetException(exception);
            }
        });
        return completion.Task;
    }

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
    public void Left(Room room)
    {
        if (room.IsEmpty)
        {
            _rooms.Remove(room.Id);
        }

        _roomLeft(room.Id);
    }

    public IceCredentials CreateIceCredentials() => IceCredentials.FromRandom(RandomNumberGenerator.GetBytes(32));

    public uint CreateSsrc() => (uint)Random.NextInt64(1, uint.MaxValue);

    public string CreateId(string prefix) => $"{prefix}_{RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 14)}";

    public IDtlsEngine CreateDtls(DtlsRole role, Fingerprint remote, ReadOnlySpan<SrtpProfile> profiles) => _dtls.Create(role, remote, profiles);

    public void Add(MediaTransport transport)
    {
        if (!_transports.Contains(transport))
        {
            _transports.Add(transport);
        }

        Register(transport.LocalIce, transport);
    }

    public void Register(IceCredentials local, MediaTransport transport) => _byUfrag[local.UfragKey] = transport;

    public void Bind(in TransportAddress address, MediaTransport transport)
    {
        if (_byAddress.TryGetValue(address, out var owner) && owner == transport)
        {
            return;
        }

        owner?.Addresses.Remove(address);
        _byAddress[address] = transport;
        transport.Addresses.Add(address);
        if (transport.Addresses.Count > 8)
        {
            // An endpoint has a handful of candidates; the oldest that is not in use makes room.
            var oldest = transport.Addresses[0] == transport.Destination.Address ? transport.Addresses[1] : transport.Addresses[0];
            transport.Addresses.Remove(oldest);
            _byAddress.Remove(oldest);
        }
    }

    public void Remove(MediaTransport transport, Peer peer)
    {
        _transports.Remove(transport);
        _byUfrag.Remove(peer.Ice.Local.UfragKey);
        if (peer.Ice.PreviousLocal is { } previous)
        {
            _byUfrag.Remove(previous.UfragKey);
        }

        foreach (var address in transport.Addresses)
        {
            _byAddress.Remove(address);
        }

        transport.Addresses.Clear();
    }

    /// <summary>Frees a peer after the current turn: its own code may still be on the stack.</summary>
    public void DisposeLater(Peer peer) => _disposeLater.Add(peer);

    public void Receive(Span<byte> datagram, in TransportAddress from)
    {
        if (!_byAddress.TryGetValue(from, out var transport) || transport.Peer is not { } peer || IsForAnother(datagram, peer))
        {
            transport = FindByUsername(datagram);
            if (transport?.Peer is not { } found)
            {
                Counters.UnknownAddresses++;
                return;
            }

            peer = found;
        }

        try
        {
            peer.Receive(datagram, from, Now);
        }
        catch (Exception exception)
        {
            Fault(transport, exception);
        }
    }

    public void Dispose()
    {
        _stop = true;
        Wake();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        foreach (var transport in _transports.ToList())
        {
            transport.Disconnect();
        }

        Queue.Flush();
        DisposePeers();
        Queue.Dispose();
        _receive.Dispose();
        _socket.Dispose();
        _ = Close(_wake);
    }

    private void Run()
    {
        _ = ProcessControl(SetTimerSlack, 50_000, 0, 0, 0); // 50 µs: the gather time is a few milliseconds.
        Span<PollDescriptor> descriptors =
        [
            new PollDescriptor { Descriptor = _socket.Descriptor, Events = PollIn },
            new PollDescriptor { Descriptor = _wake, Events = PollIn },
        ];
        while (!_stop)
        {
            fixed (PollDescriptor* pointer = descriptors)
            {
                var wait = WaitTime();
                _ = Poll(pointer, 2, wait is null ? null : (TimeSpec*)&wait, null);
            }

            UpdateClock();
            if ((descriptors[1].Returned & PollIn) != 0)
            {
                RunMailbox();
            }

            if ((descriptors[0].Returned & PollIn) != 0)
            {
                ReceiveAll();
            }

            if (Now >= _nextTick)
            {
                Tick();
            }

            FlushWhenDue();
            DisposePeers();
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

    private void FlushWhenDue()
    {
        if (Queue.Waiting == 0)
        {
            _gatherUntil = MonotonicTime.Never;
            return;
        }

        if (Queue.Waiting >= GatherFromWaiting)
        {
            if (_gatherUntil.IsNever)
            {
                _gatherUntil = Now + GatherTime;
                return;
            }

            if (Now < _gatherUntil)
            {
                return;
            }
        }

        Queue.Flush();
        _gatherUntil = MonotonicTime.Never;
    }

    private TimeSpec? WaitTime()
    {
        var until = MonotonicTime.Min(_transports.Count > 0 || _rooms.Count > 0 ? _nextTick : MonotonicTime.Never, _gatherUntil);
        if (until.IsNever)
        {
            return null;
        }

        var nanoseconds = Math.Max(0, until.Nanoseconds - Now.Nanoseconds);
        return new TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
    }

    private void Tick()
    {
        _nextTick = Now + TickInterval;
        for (var i = _transports.Count - 1; i >= 0; i--)
        {
            if (i >= _transports.Count)
            {
                continue; // A transport that ended took others with it.
            }

            var transport = _transports[i];
            if (Now >= transport.NextTick)
            {
                try
                {
                    transport.Tick(Now);
                }
                catch (Exception exception)
                {
                    Fault(transport, exception);
                }
            }
        }

        var participants = 0;
        foreach (var room in _rooms.Values)
        {
            room.Advance(Now);
            participants += room.Participants.Count;
        }

        ParticipantCount = participants;
    }

    private void RunMailbox()
    {
        ulong count;
        _ = Read(_wake, &count, sizeof(ulong));
        Volatile.Write(ref _wakePending, 0);
        while (_mailbox.TryDequeue(out var action))
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                Counters.Faults++;
                Log.WorkerFault(exception);
            }
        }
    }

    /// <summary>A broken invariant costs one participant, not the worker.</summary>
    private void Fault(MediaTransport transport, Exception exception)
    {
        Counters.Faults++;
        Log.TransportFault(transport.Participant.Room.Id, transport.Participant.Id, exception);
        transport.Participant.Room.Leave(transport.Participant, new RtcError("internal_error", "The server had to end this participant."));
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

    private void DisposePeers()
    {
        foreach (var peer in _disposeLater)
        {
            peer.Dispose();
        }

        _disposeLater.Clear();
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _wakePending, 1) == 0)
        {
            ulong one = 1;
            _ = Write(_wake, &one, sizeof(ulong));
        }
    }

    private void UpdateClock()
    {
        Now = new MonotonicTime((long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency)));
        UnixNow = (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) * 100;
    }
}
