using Dapper;
using Npgsql;

namespace Events.Platform.Features.Rooms;

/// <summary>What the events about decisions hold, as far as it is written down.</summary>
public sealed record RoomDecision(string Room)
{
    /// <summary>Whom it concerns.</summary>
    public string? Identity { get; init; }

    /// <summary>The moderator's identity; null: the platform asked, and has written it down already.</summary>
    public string? By { get; init; }

    public string? TrackId { get; init; }

    public bool? Muted { get; init; }

    public bool? CanPublish { get; init; }

    public int? Capacity { get; init; }
}

/// <summary>What moderators decided inside of a room, as its node reports it: bans and audit entries follow.</summary>
internal static class RoomEvents
{
    public static async Task ApplyAsync(NpgsqlTransaction transaction, string type, RoomDecision e)
    {
        if (e.By is null || RoomRecords.Participant(e.By) is not { } by
            || await transaction.Connection!.QuerySingleOrDefaultAsync<Guid?>("select id from platform.sessions where room = @Room", new { e.Room }, transaction) is not { } session)
        {
            return; // The platform's own, a publisher's own mute, or a room that is no session's.
        }

        var subject = RoomRecords.Participant(e.Identity);
        if (type == "participant.removed" && subject is { } removed)
        {
            await RoomRecords.BanAsync(transaction, session, removed);
        }

        var (action, detail) = type switch
        {
            "participant.removed" => ("room.remove", new Dictionary<string, object?>()),
            "participant.rights_changed" => ("room.set_rights", new() { ["canPublish"] = e.CanPublish }),
            "track.muted" => ("room.mute", new() { ["trackId"] = e.TrackId, ["muted"] = e.Muted }),
            "room.capacity_changed" => ("room.capacity", new() { ["participants"] = e.Capacity }),
            _ => ("room.lock", new() { ["locked"] = type == "room.locked" }),
        };
        await RoomRecords.AuditAsync(transaction, session, action, by, subject, detail);
    }
}
