using System.Text.Json;
using Events.Rtc.Rooms;
using Events.Rtc.Signalling.Tokens;

namespace Events.Rtc.Signalling;

/// <summary>
/// Reads what a moderator (hub method <c>moderate</c>) or the platform (node API) asks of a room: <c>{action, …}</c>, the same
/// on both ways (docs/api.md, "Running a room").
/// </summary>
public static class RoomRequests
{
    /// <summary>What the caller of a request that cannot be read is told.</summary>
    public static readonly RtcError Malformed = new("bad_request", "The request needs an 'action' that docs/api.md lists, and what belongs to it.");

    /// <summary>Largest room that can be asked for; each node has a limit of its own below it.</summary>
    private const int MaxCapacity = 100_000;

    private const int MaxId = 128;

    /// <summary>The request, or null when it is none.</summary>
    public static RoomRequest? Read(JsonElement body)
    {
        if (!JsonFields.TryText(body, "action", MaxId, out string? action))
            return null;
        return action switch
        {
            "invite" => Id(body, "participantId") is { } id ? new RoomRequest.Invite(id) : null,
            "setRights" => Id(body, "participantId") is { } id && Change(body) is { } change ? new RoomRequest.SetRights(id, change) : null,
            "lowerHand" => Id(body, "participantId") is { } id ? new RoomRequest.LowerHand(id) : null,
            "mute" => Id(body, "trackId") is { } id && JsonFields.TryFlag(body, "muted", out bool muted) ? new RoomRequest.MuteTrack(id, muted) : null,
            "askToUnmute" => Id(body, "trackId") is { } id ? new RoomRequest.AskToUnmute(id) : null,
            "remove" => Id(body, "participantId") is { } id ? new RoomRequest.Remove(id) : null,
            "lock" => JsonFields.TryFlag(body, "locked", out bool locked) ? new RoomRequest.Lock(locked) : null,
            "capacity" => Capacity(body),
            "close" => new RoomRequest.Close(),
            "bar" => Identity(body) is { } identity ? new RoomRequest.Bar(identity) : null,
            "readmit" => Identity(body) is { } identity ? new RoomRequest.Readmit(identity) : null,
            "revokeGrant" => Id(body, "grantId") is { } id ? new RoomRequest.RevokeGrant(id) : null,
            "revokeGrants" => Identity(body) is { } person && IssuedUntil(body) is { } until ? new RoomRequest.RevokeGrants(person, until) : null,
            _ => null,
        };
    }

    /// <summary>Unix seconds, as in a grant's <c>nbf</c>.</summary>
    private static DateTimeOffset? IssuedUntil(JsonElement body) =>
        JsonFields.TryMember(body, "issuedUntil", JsonValueKind.Number, out JsonElement member) && member.TryGetInt64(out long seconds) && seconds is > 0 and < 100_000_000_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static string? Id(JsonElement body, string name) => JsonFields.TryText(body, name, MaxId, out string? id) ? id : null;

    private static string? Identity(JsonElement body) => JsonFields.TryText(body, "identity", GrantFormat.MaxIdentity, out string? identity) ? identity : null;

    private static RoomRequest.Capacity? Capacity(JsonElement body)
    {
        if (JsonFields.TryMember(body, "participants", JsonValueKind.Null, out _))
            return new RoomRequest.Capacity(null);
        return JsonFields.TryInteger(body, "participants", out int count) && count is > 0 and <= MaxCapacity ? new RoomRequest.Capacity(count) : null;
    }

    /// <summary>At least one right, each of the right shape.</summary>
    private static RightsChange? Change(JsonElement body)
    {
        if (!TryOptionalFlag(body, "canPublish", out bool? publish)
            || !TryOptionalFlag(body, "canSubscribe", out bool? subscribe)
            || !TryOptionalFlag(body, "moderates", out bool? moderates))
            return null;
        TrackSources? sources = null;
        if (JsonFields.Has(body, "sources"))
        {
            if (!TrackSourceNames.TryRead(body, "sources", out TrackSources listed))
                return null;
            sources = listed;
        }

        RightsChange change = new(publish, subscribe, sources, moderates);
        return change == new RightsChange() ? null : change;
    }

    private static bool TryOptionalFlag(JsonElement body, string name, out bool? flag)
    {
        flag = null;
        if (!JsonFields.Has(body, name))
            return true;
        if (!JsonFields.TryFlag(body, name, out bool value))
            return false;
        flag = value;
        return true;
    }
}
