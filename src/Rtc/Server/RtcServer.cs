using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;
using Events.Rtc.Spreading;
using Events.Rtc.Stats;
using Microsoft.Extensions.Logging;

namespace Events.Rtc;

/// <summary>
/// The SFU of one node: carries each call to the worker that owns the room (<see cref="Placements"/>).
/// </summary>
public sealed class RtcServer : IRtcServer, IDisposable
{
    private readonly OpenSslDtlsEngineFactory _dtls = new();
    private readonly MediaWorker[] _workers;
    private readonly Placements _placements;
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
        _placements = new Placements(options);
        var log = new RtcLog(logger);
        _workers = new MediaWorker[options.Workers];
        for (var i = 0; i < _workers.Length; i++)
        {
            var worker = new MediaWorker(i, options, _dtls, observer, rules, log, metrics, _placements.Release);
            _workers[i] = worker;
            _placements.Add(worker);
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
            _relay = new RelayListener(this, path, options.AcceptsNodeKey, log);
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

    public async Task<RoomStats?> StatsAsync(string room, int maxViewers)
    {
        if (WorkerOf(room) is not { } home)
        {
            return null;
        }

        // Viewers may be on any worker. Asked one after the other: who moves between them meanwhile is the exception, and the next look has it right.
        var parts = new List<RoomPart>();
        foreach (var worker in _workers)
        {
            var part = await worker.InvokeAsync(
                () => worker.FindRoom(room) is { } found && (worker == home || found.Viewers is not null) ? RoomPart.Of(found, maxViewers) : null).ConfigureAwait(false);
            if (part is not null)
            {
                parts.Add(part);
            }
        }

        return parts.Count == 0 ? null : RoomPart.Combine(room, parts, maxViewers);
    }

    public async Task<RtcResult<Done>> ModerateAsync(string room, RoomRequest request)
    {
        if (Refusal(room) is { } refusal)
        {
            return refusal;
        }

        // A room that nobody is in is made for as long as it takes: its rules are kept beyond.
        var worker = _placements.Take(room, spread: false).Worker;
        var (result, saved) = await worker.InvokeAsync(() =>
        {
            try
            {
                return worker.GetOrAddRoom(room).Moderation.Run(m => m.Apply(null, request));
            }
            finally
            {
                worker.RemoveIfEmpty(room);
                _placements.GiveBack(room, worker);
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
                ReceiveDrops = worker.Drops.Read(),
                Messages = worker.Queue.Messages,
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
    internal MediaWorker? WorkerOf(string room) => _placements.HomeOf(room);

    /// <summary>Runs a function on the thread that owns a room; it gets null when there is none.</summary>
    internal Task<T> InvokeOnRoomAsync<T>(string room, Func<Room?, T> function) => OnRoom(room, function);

    internal MediaWorker AttachRelay(RelayConnection connection)
    {
        var worker = _placements.Take(connection.Room, spread: false).Worker;
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

        var (worker, home) = _placements.Take(rights.Room, spread: kind == ParticipantKind.Whep);
        if (worker != home)
        {
            var asked = rights;
            RtcResult<RoomRights> admitted;
            try
            {
                admitted = await home.InvokeAsync(
                    () => home.FindRoom(asked.Room)?.AdmitElsewhere(asked, worker) ?? new RtcError("room_not_found", "There is no such room, or nobody publishes in it."))
                    .ConfigureAwait(false);
            }
            catch
            {
                worker.Post(() => _placements.GiveBack(asked.Room, worker));
                throw;
            }

            if (!admitted.IsOk)
            {
                return await worker.InvokeAsync<RtcResult<Entered>>(() =>
                {
                    _placements.GiveBack(rights.Room, worker);
                    return admitted.Error;
                }).ConfigureAwait(false);
            }

            rights = admitted.Value;
        }

        var receiveOn = kind == ParticipantKind.Client && rights is { CanSubscribe: true, Recorder: false } ? _placements.TakeStandIn(rights.Room) : null;
        return await worker.InvokeAsync<RtcResult<Entered>>(() =>
        {
            RtcResult<Participant> joined;
            try
            {
                joined = worker.GetOrAddRoom(rights.Room).Join(rights, kind);
            }
            catch
            {
                GiveBack();
                throw;
            }

            if (!joined.IsOk)
            {
                GiveBack();
                return joined.Error;
            }

            var participant = joined.Value;
            RtcResult<string>? answer;
            try
            {
                participant.Room.Welcome(participant, events, receiveOn);
                answer = connect?.Invoke(participant);
            }
            catch
            {
                // A fault costs this participant; it must not stay in the room as a ghost that nobody can end.
                participant.Room.Leave(participant, new RtcError("internal_error", "The server could not take it in."));
                if (participant.StandIn is null)
                {
                    GiveBackStandIn();
                }

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

        // Nobody came in.
        void GiveBack()
        {
            GiveBackStandIn();
            worker.RemoveIfEmpty(rights.Room);
            _placements.GiveBack(rights.Room, worker);
            if (worker != home)
            {
                home.Post(() => home.FindRoom(rights.Room)?.Attendance.Left(rights));
            }
        }

        void GiveBackStandIn() => receiveOn?.Post(() => _placements.GiveBackStandIn(rights.Room, receiveOn));
    }

    /// <summary>Why there can be no such room, or null.</summary>
    private RtcError? Refusal(string room)
    {
        if (!RoomName.IsValid(room))
        {
            return new RtcError("room_name_invalid", "A room's name has 1 to 64 characters of A-Z a-z 0-9 . _ ~ -");
        }

        return _placements.IsFullFor(room) ? new RtcError("too_many_rooms", $"This node admits {Options.MaxRooms} rooms.") : null;
    }

    private async Task<T> OnRoom<T>(string room, Func<Room?, T> function)
    {
        var worker = WorkerOf(room);
        return worker is null ? function(null) : await worker.InvokeAsync(() => function(worker.FindRoom(room))).ConfigureAwait(false);
    }

    private sealed record Entered(Participant Participant, string? Answer, string ETag);
}
