using Events.Rtc.Rooms;

namespace Events.Rtc.Spreading;

/// <summary>
/// Which worker owns which room. A room is placed on the worker with the fewest participants when its first one comes, and given back with its
/// last. Viewers of a room on a full worker are spread over the others. Safe from any thread.
/// </summary>
internal sealed class Placements(RtcOptions options)
{
    private readonly Dictionary<string, Placement> _rooms = new(StringComparer.Ordinal);
    private readonly Dictionary<MediaWorker, int> _load = [];
    private readonly Lock _lock = new();

    /// <summary>A worker that takes rooms; before the first one is placed.</summary>
    public void Add(MediaWorker worker) => _load.Add(worker, 0);

    /// <summary>The worker that owns a room; null when there is no such room.</summary>
    public MediaWorker? HomeOf(string room)
    {
        lock (_lock)
        {
            return _rooms.GetValueOrDefault(room)?.Home;
        }
    }

    /// <summary>Whether one more room would be too many.</summary>
    public bool IsFullFor(string room)
    {
        lock (_lock)
        {
            return _rooms.Count >= options.MaxRooms && !_rooms.ContainsKey(room);
        }
    }

    /// <summary>Takes a place in a room, for a participant or a relay.</summary>
    /// <param name="room">The room.</param>
    /// <param name="spread">It may be on another worker than the room's home.</param>
    public (MediaWorker Worker, MediaWorker Home) Take(string room, bool spread)
    {
        lock (_lock)
        {
            if (!_rooms.TryGetValue(room, out var placement))
            {
                placement = new Placement(LeastLoaded());
                _rooms[room] = placement;
            }

            var worker = placement.Home;
            if (spread && _load[worker] >= options.SpreadFromParticipants && LeastLoaded() is var other && _load[other] < _load[worker])
            {
                worker = other;
            }

            placement.Users[worker] = placement.Users.GetValueOrDefault(worker) + 1;
            _load[worker]++;
            return (worker, placement.Home);
        }
    }

    /// <summary>
    /// A second place, for who has one in the room's home and might receive on another worker: there, if the home is full. What it costs the home
    /// is little then.
    /// </summary>
    public MediaWorker? TakeStandIn(string room)
    {
        lock (_lock)
        {
            var placement = _rooms[room];
            if (_load[placement.Home] <= options.SpreadFromParticipants || LeastLoaded() is not { } other || _load[other] >= _load[placement.Home])
            {
                return null;
            }

            placement.Users[other] = placement.Users.GetValueOrDefault(other) + 1;
            _load[other]++;
            _load[placement.Home]--;
            return other;
        }
    }

    /// <summary>Gives back what <see cref="TakeStandIn"/> took. On that worker's thread.</summary>
    public void GiveBackStandIn(string room, MediaWorker worker)
    {
        if (GiveBack(room, worker) is { } home)
        {
            lock (_lock)
            {
                _load[home]++;
            }
        }
    }

    /// <summary>Somebody left a room. On the worker's thread.</summary>
    /// <param name="room">What of it is on that worker.</param>
    /// <param name="isStandIn">Its principal still has a place in the room, or gives that back itself.</param>
    public void Release(Room room, bool isStandIn)
    {
        if (isStandIn)
        {
            GiveBackStandIn(room.Id, room.Worker);
        }
        else
        {
            GiveBack(room.Id, room.Worker);
        }
    }

    /// <summary>Gives a place back; with the last one of another worker than the home, that worker's part of the room ends. On the worker's thread.</summary>
    /// <returns>The room's home; null when there is no such place.</returns>
    public MediaWorker? GiveBack(string room, MediaWorker worker)
    {
        lock (_lock)
        {
            if (!_rooms.TryGetValue(room, out var placement) || !placement.Users.TryGetValue(worker, out var users))
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
                _rooms.Remove(room);
            }

            if (worker != placement.Home)
            {
                // Under the lock: who is placed here from now on finds it closed, and its home opens another.
                worker.FindRoom(room)?.Viewers?.Close();
            }

            return placement.Home;
        }
    }

    private MediaWorker LeastLoaded() => _load.MinBy(l => l.Value).Key;

    /// <summary>Where a room is, and how many of it are on which worker.</summary>
    private sealed class Placement(MediaWorker home)
    {
        public MediaWorker Home { get; } = home;

        public Dictionary<MediaWorker, int> Users { get; } = [];
    }
}
