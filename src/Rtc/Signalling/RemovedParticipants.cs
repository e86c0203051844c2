using System.Collections.Concurrent;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;

namespace Events.Rtc.Signalling;

/// <summary>
/// Whom the platform removed: their grant would let them back in at once, so it is not taken any more in that room. Kept
/// as long as a grant can live, and no more than <see cref="Capacity"/> of them.
/// </summary>
internal sealed class RemovedParticipants(TimeProvider clock)
{
    /// <summary>Beyond it the oldest are let go: the platform gives a banned person no new grant, and most have long expired.</summary>
    public const int Capacity = 10_000;

    private static readonly RtcError Removed = new("participant_removed", "The organisers removed you from this room.");

    private readonly ConcurrentDictionary<(string Room, string Identity), DateTimeOffset> _until = new();

    public void Add(string room, string identity)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (_until.Count >= Capacity)
        {
            foreach (var (key, until) in _until.OrderBy(entry => entry.Value).Take(Capacity / 10))
                _until.TryRemove(new(key, until));
        }

        _until[(room, identity)] = now + GrantFormat.MaxLifetime;
    }

    /// <summary>Why the holder of these rights may not enter, or null.</summary>
    public RtcError? Refusal(RoomRights rights) =>
        _until.TryGetValue((rights.Room, rights.Identity), out DateTimeOffset until) && clock.GetUtcNow() < until ? Removed : null;
}
