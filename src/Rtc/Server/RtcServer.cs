using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;
using Microsoft.Extensions.Logging;

namespace Events.Rtc;

/// <summary>
/// The SFU of one node: its workers, and which of them owns which room. A room is placed on the worker with the fewest
/// participants when its first one comes, and given back with its last. Viewers of a room on a full worker are spread over the others.
/// </summary>
public sealed class RtcServer : IRtcServer, IDisposable
{
    private readonly OpenSslDtlsEngineFactory _dtls = new();
    private readonly MediaWorker[] _workers;
    private readonly Dictionary<string, Placement> _placements = new(StringComparer.Ordinal);
    private readonly Dictionary<MediaWorker, int> _load = [];
    private readonly Lock _placing = new();
    private readonly RelayListener? _relay;
    private bool _disposed;

    /// <param name="options">Of the node.</param>
    /// <param name="observer">Is told what happens in rooms.</param>
    /// <param name="metrics">Of the node.</param>
    /// <param name="logger">For all components.</param>
    /// <param name="rules">Keeps what was decided about rooms; null: only as long as the process.</param>
    public RtcServer(RtcOptions options, IRoomObserver observer, RtcMetrics metrics, ILogger<RtcLog> logger, IRoomRules? rules = null)
    {
        rules ??= new TransientRoomRules();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Workers);
        Options = options;
        var log = new RtcLog(logger);
        _workers = new MediaWorker[options.Workers];
        for (var i = 0; i < _workers.Length; i++)
        {
            var worker = new MediaWorker(i, options, _dtls, observer, rules, log, metrics, Release);
            _workers[i] = worker;
            _load[worker] = 0;
            log.WorkerStarted(
                i, worker.Port, worker.SocketBufferBytes, worker.SegmentationOffload, string.Join(' ', worker.Candidates.Select(c => c.Address)));
            if (worker.SocketBufferBytes < 5_000_000)
            {
                log.SmallSocketBuffer(worker.SocketBufferBytes);
            }
        }

        metrics.Observe(_workers);
        foreach (var worker in _workers)
        {
            worker.Start();
        }

        if (options.RelaySocketPath is { } path)
        {
            _relay = new RelayListener(this, path, options.NodeKey, log);
        }
    }

    public RtcOptions Options { get; }

    /// <summary>UDP port of each worker.</summary>
    public IReadOnlyList<int> Ports => [.. _workers.Select(w => (int)w.Port)];

    public async Task<RtcResult<IParticipant>> JoinAsync(RoomRights rights, IParticipantEvents events)
    {
        var joined = await EnterAsync(rights, ParticipantKind.Client, events, null).ConfigureAwait(false);
        return joined.IsOk ? new ParticipantHandle(joined.Value.Participant) : joined.Error;
    }

    public async Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>> WhipAsync(RoomRights rights, string offerSdp)
    {
        if (!rights.CanPublish)
        {
            return new RtcError("publish_not_allowed", "The grant does not allow to publish; ask for one that does.");
        }

        if (!SdpReader.TryParse(offerSdp, out var offer, out var error))
        {
            return new RtcError(error.Code, error.Message);
        }

        return Handle(await EnterAsync(rights, ParticipantKind.Whip, null, p => p.Publish(offer, [])).ConfigureAwait(false));
    }

    public async Task<RtcResult<(IParticipant Participant, SessionAnswer Answer)>> WhepAsync(RoomRights rights, string offerSdp)
    {
        if (!rights.CanSubscribe)
        {
            return new RtcError("subscribe_not_allowed", "The grant does not allow to watch; ask for one that does.");
        }

        if (!SdpReader.TryParse(offerSdp, out var offer, out var error))
        {
            return new RtcError(error.Code, error.Message);
        }

        var worker = WorkerOf(rights.Room);
        var exists = worker is not null
            && await worker.InvokeAsync(() => worker.FindRoom(rights.Room) is { Tracks.Count: > 0 }).ConfigureAwait(false);
        return exists
            ? Handle(await EnterAsync(rights, ParticipantKind.Whep, null, p => p.Watch(offer)).ConfigureAwait(false))
            : new RtcError("room_not_found", "There is no such room, or nobody publishes in it.");
    }

    public async Task<IReadOnlyList<RoomSnapshot>> RoomsAsync()
    {
        var rooms = new List<RoomSnapshot>();
        foreach (var worker in _workers)
        {
            rooms.AddRange(await worker.InvokeAsync(() => worker.Rooms.Where(r => r.Viewers is null).Select(r => r.Snapshot()).ToList()).ConfigureAwait(false));
        }

        return rooms;
    }

    public Task<RoomSnapshot?> RoomAsync(string room) => OnRoom(room, r => r?.Snapshot());

    public async Task<RtcResult<Done>> ModerateAsync(string room, RoomRequest request)
    {
        if (Refusal(room) is { } refusal)
        {
            return refusal;
        }

        // A room that nobody is in is made for as long as it takes: its rules are kept beyond.
        var worker = Place(room, spread: false).Worker;
        var (result, saved) = await worker.InvokeAsync(() =>
        {
            try
            {
                var moderation = worker.GetOrAddRoom(room).Moderation;
                return (moderation.Apply(null, request), moderation.Saved);
            }
            finally
            {
                worker.RemoveIfEmpty(room);
                Release(room, worker);
            }
        }).ConfigureAwait(false);
        await saved.ConfigureAwait(false);
        return result;
    }

    /// <summary>What the workers did and allocated so far: the 0-byte gate and the operator's view read it.</summary>
    public async Task<RtcMeasurement> MeasureAsync()
    {
        var total = new RtcMeasurement(0, 0, 0, 0, 0);
        foreach (var worker in _workers)
        {
            total += await worker.InvokeAsync(() => new RtcMeasurement(
                worker.Counters.PacketsForwarded, GC.GetAllocatedBytesForCurrentThread(), worker.Counters.Faults, worker.Counters.RelayDropped, worker.Routes.Count)
            {
                PaddingSent = worker.Counters.PaddingSent,
                EstimatedBitrate = worker.Counters.EstimatedBitrate,
                TcpConnections = worker.Tcp.ConnectionCount,
                TcpRefused = worker.Counters.TcpRefused,
                TcpUnauthenticated = worker.Counters.TcpUnauthenticated,
                TcpMalformed = worker.Counters.TcpMalformed,
                TcpStalled = worker.Counters.TcpStalled,
                TcpDropped = worker.Counters.TcpDropped,
                Branches = worker.BranchCount,
            }).ConfigureAwait(false);
        }

        return total;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        _relay?.Dispose();
        foreach (var worker in _workers)
        {
            worker.Dispose();
        }

        _dtls.Dispose();
    }

    internal IReadOnlyList<MediaWorker> Workers => _workers;

    /// <summary>Null when there is no such room.</summary>
    internal MediaWorker? WorkerOf(string room)
    {
        lock (_placing)
        {
            return _placements.GetValueOrDefault(room)?.Home;
        }
    }

    /// <summary>The home of a room first, then who has viewers of it; none when there is no such room.</summary>
    private List<MediaWorker> WorkersOf(string room)
    {
        lock (_placing)
        {
            return _placements.TryGetValue(room, out var placement) ? [placement.Home, .. placement.Users.Keys.Where(w => w != placement.Home)] : [];
        }
    }

    /// <summary>Runs a function on the thread that owns a room; it gets null when there is none.</summary>
    internal Task<T> InvokeOnRoomAsync<T>(string room, Func<Room?, T> function) => OnRoom(room, function);

    internal MediaWorker AttachRelay(RelayConnection connection)
    {
        var worker = Place(connection.Room, spread: false).Worker;
        worker.Post(() => worker.GetOrAddRoom(connection.Room).Attach(connection));
        return worker;
    }

    internal void DetachRelay(RelayConnection connection)
    {
        var worker = WorkerOf(connection.Room);
        worker?.Post(() => worker.FindRoom(connection.Room)?.Detach(connection));
    }

    private static RtcResult<(IParticipant, SessionAnswer)> Handle(RtcResult<Entered> entered)
    {
        if (!entered.IsOk)
        {
            return entered.Error;
        }

        var (participant, answer, etag) = entered.Value;
        return (new ParticipantHandle(participant), new SessionAnswer(answer!, etag));
    }

    private async Task<RtcResult<Entered>> EnterAsync(
        RoomRights rights, ParticipantKind kind, IParticipantEvents? events, Func<Participant, RtcResult<string>>? connect)
    {
        if (Refusal(rights.Room) is { } refusal)
        {
            return refusal;
        }

        var (worker, home) = Place(rights.Room, spread: kind == ParticipantKind.Whep);
        if (worker != home)
        {
            var asked = rights;
            var admitted = await home.InvokeAsync(
                () => home.FindRoom(asked.Room)?.AdmitElsewhere(asked, worker) ?? new RtcError("room_not_found", "There is no such room, or nobody publishes in it."))
                .ConfigureAwait(false);
            if (!admitted.IsOk)
            {
                return await worker.InvokeAsync<RtcResult<Entered>>(() =>
                {
                    GiveBack(rights.Room, worker);
                    return admitted.Error;
                }).ConfigureAwait(false);
            }

            rights = admitted.Value;
        }

        return await worker.InvokeAsync<RtcResult<Entered>>(() =>
        {
            var joined = worker.GetOrAddRoom(rights.Room).Join(rights, kind, events);
            if (!joined.IsOk)
            {
                worker.RemoveIfEmpty(rights.Room);
                Release(rights.Room, worker);
                return joined.Error;
            }

            var participant = joined.Value;
            RtcResult<string>? answer;
            try
            {
                answer = connect?.Invoke(participant);
            }
            catch
            {
                // A fault costs this participant; it must not stay in the room as a ghost that nobody can end.
                participant.Room.Leave(participant, new RtcError("internal_error", "The description could not be answered."));
                throw;
            }

            if (answer is { IsOk: false } refused)
            {
                participant.Room.Leave(participant, refused.Error);
                return refused.Error;
            }

            var etag = (participant.Publisher as MediaTransport ?? participant.Subscriber)?.LocalIce.Ufrag ?? "";
            return new Entered(participant, answer?.Value, etag);
        }).ConfigureAwait(false);
    }

    /// <summary>Why there can be no such room, or null.</summary>
    private RtcError? Refusal(string room)
    {
        if (!RoomName.IsValid(room))
        {
            return new RtcError("room_name_invalid", "A room's name has 1 to 64 characters of A-Z a-z 0-9 . _ ~ -");
        }

        lock (_placing)
        {
            return _placements.Count >= Options.MaxRooms && !_placements.ContainsKey(room)
                ? new RtcError("too_many_rooms", $"This node admits {Options.MaxRooms} rooms.")
                : null;
        }
    }

    private async Task<T> OnRoom<T>(string room, Func<Room?, T> function)
    {
        var worker = WorkerOf(room);
        return worker is null ? function(null) : await worker.InvokeAsync(() => function(worker.FindRoom(room))).ConfigureAwait(false);
    }

    private (MediaWorker Worker, MediaWorker Home) Place(string room, bool spread)
    {
        lock (_placing)
        {
            if (!_placements.TryGetValue(room, out var placement))
            {
                placement = new Placement(LeastLoaded());
                _placements[room] = placement;
            }

            var worker = placement.Home;
            if (spread && _load[worker] >= Options.SpreadFromParticipants && LeastLoaded() is var other && _load[other] < _load[worker])
            {
                worker = other;
            }

            placement.Users[worker] = placement.Users.GetValueOrDefault(worker) + 1;
            _load[worker]++;
            return (worker, placement.Home);
        }
    }

    private MediaWorker LeastLoaded() => _workers.MinBy(w => _load[w])!;

    private void Release(Room room) => Release(room.Id, room.Worker);

    /// <summary>Somebody left a room. On the worker's thread.</summary>
    private void Release(string room, MediaWorker worker)
    {
        if (GiveBack(room, worker) is { } home && home != worker)
        {
            home.Post(() => home.FindRoom(room)?.LeftElsewhere());
        }
    }

    /// <summary>Gives a place back; with the last one of another worker than the home, that worker's part of the room ends.</summary>
    private MediaWorker? GiveBack(string room, MediaWorker worker)
    {
        lock (_placing)
        {
            if (!_placements.TryGetValue(room, out var placement) || !placement.Users.TryGetValue(worker, out var users))
            {
                return null;
            }

            _load[worker]--;
            if (users > 1)
            {
                placement.Users[worker] = users - 1;
                return placement.Home;
            }

            placement.Users.Remove(worker);
            if (placement.Users.Count == 0)
            {
                _placements.Remove(room);
            }

            if (worker != placement.Home)
            {
                // Under the lock: who is placed here from now on finds it closed, and its home opens another.
                worker.FindRoom(room)?.Viewers?.Close();
            }

            return placement.Home;
        }
    }

    private sealed record Entered(Participant Participant, string? Answer, string ETag);

    /// <summary>Where a room is, and how many of it are on which worker: participants and relays.</summary>
    private sealed class Placement(MediaWorker home)
    {
        public MediaWorker Home { get; } = home;

        public Dictionary<MediaWorker, int> Users { get; } = [];
    }
}

/// <param name="PacketsForwarded">RTP packets sent to subscribers.</param>
/// <param name="AllocatedBytes">By the worker threads, since their start.</param>
/// <param name="Faults">Broken invariants; each cost one participant.</param>
/// <param name="RelayDropped">Messages that slow relay receivers lost.</param>
/// <param name="Routes">User fragments and addresses by which transports are found, now.</param>
public readonly record struct RtcMeasurement(long PacketsForwarded, long AllocatedBytes, long Faults, long RelayDropped, long Routes)
{
    /// <summary>Packets that only probed a viewer's path.</summary>
    public long PaddingSent { get; init; }

    /// <summary>What the paths of all viewers carry together, as far as their clients report it; bits per second.</summary>
    public long EstimatedBitrate { get; init; }

    /// <summary>ICE-TCP connections, now.</summary>
    public long TcpConnections { get; init; }

    /// <summary>Connections beyond a limit; without an authentic check in time; closed for what they sent, or because they took nothing.</summary>
    public long TcpRefused { get; init; }

    public long TcpUnauthenticated { get; init; }

    public long TcpMalformed { get; init; }

    public long TcpStalled { get; init; }

    /// <summary>Datagrams that slow or closed connections lost.</summary>
    public long TcpDropped { get; init; }

    /// <summary>Rooms that have viewers on another worker than their own, each such worker of each room.</summary>
    public int Branches { get; init; }

    public static RtcMeasurement operator +(RtcMeasurement a, RtcMeasurement b) => new(
        a.PacketsForwarded + b.PacketsForwarded, a.AllocatedBytes + b.AllocatedBytes, a.Faults + b.Faults, a.RelayDropped + b.RelayDropped, a.Routes + b.Routes)
    {
        PaddingSent = a.PaddingSent + b.PaddingSent,
        EstimatedBitrate = a.EstimatedBitrate + b.EstimatedBitrate,
        TcpConnections = a.TcpConnections + b.TcpConnections,
        TcpRefused = a.TcpRefused + b.TcpRefused,
        TcpUnauthenticated = a.TcpUnauthenticated + b.TcpUnauthenticated,
        TcpMalformed = a.TcpMalformed + b.TcpMalformed,
        TcpStalled = a.TcpStalled + b.TcpStalled,
        TcpDropped = a.TcpDropped + b.TcpDropped,
        Branches = a.Branches + b.Branches,
    };
}
