using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Events.Rtc.Rooms;

/// <summary>What was decided about a room and outlives the stay of those who were in it.</summary>
public sealed record RoomRules
{
    /// <summary>Entries of each list; beyond it the oldest are let go. Removals are counted in single digits even in large rooms.</summary>
    public const int MaxEntries = 1_000;

    /// <summary>People who were in when a room was locked and so may come back; more are not remembered over a restart.</summary>
    public const int MaxAdmitted = 10_000;

    /// <summary>Nothing was decided.</summary>
    public static readonly RoomRules None = new();

    /// <summary>New participants are refused.</summary>
    public bool Locked { get; init; }

    /// <summary>While it is locked: who was in before, and still enters.</summary>
    public ImmutableHashSet<string> Admitted { get; init; } = [];

    /// <summary>How many are admitted; null: what the node admits.</summary>
    public int? Capacity { get; init; }

    /// <summary>People whose rights differ from their grants'.</summary>
    public ImmutableList<Ruling> Rulings { get; init; } = [];

    /// <summary>People, or single identities, who do not come in any more.</summary>
    public ImmutableList<string> Barred { get; init; } = [];

    /// <summary>Grants that are worth nothing any more, by their id.</summary>
    public ImmutableList<string> RevokedGrants { get; init; } = [];

    /// <summary>People whose earlier grants are worth nothing any more: they ask for new ones.</summary>
    public ImmutableList<OutdatedGrants> Outdated { get; init; } = [];

    /// <summary>The ruling about a person, or null.</summary>
    public RightsChange? Of(string person) => Rulings.Find(r => r.Person == person)?.Change;

    /// <summary>With one more ruling, over what was ruled about the person before.</summary>
    public RoomRules WithRuling(string person, RightsChange change) => this with
    {
        Rulings = Bounded(Rulings.RemoveAll(r => r.Person == person).Add(new Ruling(person, change.Over(Of(person))))),
    };

    /// <summary>Locked or opened; whoever was in before a lock keeps its place.</summary>
    public RoomRules WithLock(bool locked, IEnumerable<string> present) => this with
    {
        Locked = locked,
        Admitted = locked ? Admitted.Union(present.Take(MaxAdmitted - Admitted.Count)) : [],
    };

    /// <summary>With one more who is barred.</summary>
    public RoomRules WithBarred(string identity) => Barred.Contains(identity) ? this : this with { Barred = Bounded(Barred.Add(identity)) };

    /// <summary>With one more grant that is revoked.</summary>
    public RoomRules WithRevoked(string grantId) => RevokedGrants.Contains(grantId) ? this : this with { RevokedGrants = Bounded(RevokedGrants.Add(grantId)) };

    /// <summary>With a person's grants that were made until then outdated.</summary>
    public RoomRules WithOutdated(string person, DateTimeOffset issuedUntil) => this with
    {
        Outdated = Bounded(Outdated.RemoveAll(o => o.Person == person).Add(new OutdatedGrants(person, issuedUntil))),
    };

    /// <summary>Whether a grant was revoked, by its id or by its time.</summary>
    public bool Revokes(RoomRights rights) =>
        (rights.GrantId is { } grant && RevokedGrants.Contains(grant)) || Outdated.Exists(o => o.Covers(rights));

    private static ImmutableList<T> Bounded<T>(ImmutableList<T> list) => list.Count > MaxEntries ? list.RemoveRange(0, list.Count - MaxEntries) : list;
}

/// <param name="Person">See <see cref="RoomRights.Person"/>.</param>
/// <param name="Change">How its rights differ from its grant's.</param>
public sealed record Ruling(string Person, RightsChange Change);

/// <param name="Person">See <see cref="RoomRights.Person"/>.</param>
/// <param name="IssuedUntil">Whole seconds; grants made then or before.</param>
public sealed record OutdatedGrants(string Person, DateTimeOffset IssuedUntil)
{
    /// <summary>Whether a grant is among them; one of which nobody knows when it was made is.</summary>
    public bool Covers(RoomRights rights) => rights.Person == Person && (rights.IssuedAt is not { } issued || issued <= IssuedUntil);
}

/// <summary>Keeps the rules of rooms while nobody is in them, and over restarts of the node. Called on worker threads: hand on and return.</summary>
public interface IRoomRules
{
    /// <summary>The rules of a room; <see cref="RoomRules.None"/> when nothing was decided, or long ago.</summary>
    RoomRules Load(string room);

    /// <summary>Keeps a room's rules.</summary>
    /// <returns>Completes when they are safe; who asked for the change is answered then.</returns>
    Task SaveAsync(string room, RoomRules rules);
}

/// <summary>Forgets with the process.</summary>
public sealed class TransientRoomRules : IRoomRules
{
    private readonly ConcurrentDictionary<string, RoomRules> _rules = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public RoomRules Load(string room) => _rules.GetValueOrDefault(room, RoomRules.None);

    /// <inheritdoc/>
    public Task SaveAsync(string room, RoomRules rules)
    {
        _rules[room] = rules;
        return Task.CompletedTask;
    }
}
