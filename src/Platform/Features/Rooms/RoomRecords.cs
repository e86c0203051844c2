using Dapper;
using Events.Platform.Features.Audit;
using Events.Rtc.Rooms;
using Npgsql;

namespace Events.Platform.Features.Rooms;

/// <summary>What is written down of the running of a room: who is banned from it, and who decided what.</summary>
internal static class RoomRecords
{
    /// <summary>The participant of an event behind a room's identity (<c>participant id.random</c>); null for encoders and others without one.</summary>
    public static Guid? Participant(string? identity) => Guid.TryParse(identity?.Split('.')[0], out var id) ? id : null;

    /// <summary>
    /// In SQL: who a participant <c>@participantId</c> is now. A guest who signed in may still be in a room under the guest's identity, and may hold the guest's token for minutes.
    /// </summary>
    private const string Now = "(select coalesce(p.taken_over_by, p.id) from platform.event_participants p where p.id = @participantId)";

    public static Task BanAsync(NpgsqlTransaction transaction, Guid sessionId, Guid participantId) => transaction.Connection!.ExecuteAsync(
        $"""
        insert into platform.room_bans (session_id, participant_id)
        select s.id, p.id from platform.sessions s join platform.event_participants p on p.event_id = s.event_id where s.id = @sessionId and p.id = {Now}
        on conflict do nothing
        """,
        new { sessionId, participantId },
        transaction);

    public static Task ReadmitAsync(NpgsqlTransaction transaction, Guid sessionId, Guid participantId) => transaction.Connection!.ExecuteAsync(
        $"delete from platform.room_bans where session_id = @sessionId and participant_id = {Now}", new { sessionId, participantId }, transaction);

    public static Task<bool> IsBannedAsync(NpgsqlConnection connection, Guid sessionId, Guid participantId) => connection.QuerySingleAsync<bool>(
        $"select exists (select from platform.room_bans where session_id = @sessionId and participant_id = {Now})", new { sessionId, participantId });

    /// <summary>A guest goes on as another participant, and is still put out of what it was put out of.</summary>
    public static Task BansFollowAsync(NpgsqlTransaction transaction, Guid guest, Guid account) => transaction.Connection!.ExecuteAsync(
        """
        with theirs as (delete from platform.room_bans where participant_id = @guest returning session_id, banned_at)
        insert into platform.room_bans (session_id, participant_id, banned_at) select session_id, @account, banned_at from theirs on conflict do nothing
        """,
        new { guest, account },
        transaction);

    /// <summary>Who is here behind an id that the media node gave.</summary>
    public static Task<string?> IdentityAsync(NpgsqlTransaction transaction, string room, string participantId) => transaction.Connection!.QuerySingleOrDefaultAsync<string?>(
        "select identity from platform.room_participants where room = @room and participant_id = @participantId limit 1", new { room, participantId }, transaction);

    /// <summary>An entry of the audit log: whom it concerns and who did it, by account where there is one.</summary>
    /// <param name="transaction">Of the cause.</param>
    /// <param name="sessionId">Whose room.</param>
    /// <param name="action">"room.lock", "room.remove", …</param>
    /// <param name="by">The event's participant who decided.</param>
    /// <param name="subject">The event's participant whom it concerns.</param>
    /// <param name="detail">Ids, flags, numbers.</param>
    public static async Task AuditAsync(NpgsqlTransaction transaction, Guid sessionId, string action, Guid by, Guid? subject, IReadOnlyDictionary<string, object?> detail)
    {
        var row = await transaction.Connection!.QuerySingleAsync<WhoRow>(
            """
            select e.id as event_id, e.organiser_id,
                   (select user_id from platform.event_participants where id = @by) as by_user,
                   (select user_id from platform.event_participants where id = @subject) as subject_user
            from platform.sessions s join platform.events e on e.id = s.event_id where s.id = @sessionId
            """,
            new { sessionId, by, subject },
            transaction);
        await AuditLog.AppendAsync(transaction, new AuditEntry(
            row.ByUser is { } user ? AuditActor.User(user) : AuditActor.System,
            action,
            row.OrganiserId,
            row.EventId,
            subject is null ? null : row.SubjectUser is null ? "event_participant" : "user",
            row.SubjectUser ?? subject,
            new Dictionary<string, object?>(detail) { ["sessionId"] = sessionId }));
    }

    /// <summary>What a request holds besides whom it concerns, for the audit log.</summary>
    public static Dictionary<string, object?> Detail(RoomRequest request) => request switch
    {
        RoomRequest.SetRights { Change: var change } => new()
        {
            ["canPublish"] = change.CanPublish,
            ["canSubscribe"] = change.CanSubscribe,
            ["sources"] = change.Sources?.ToString(),
            ["moderates"] = change.Moderates,
        },
        RoomRequest.MuteTrack mute => new() { ["trackId"] = mute.TrackId, ["muted"] = mute.Muted },
        RoomRequest.AskToUnmute ask => new() { ["trackId"] = ask.TrackId },
        RoomRequest.Lock set => new() { ["locked"] = set.Locked },
        RoomRequest.Capacity set => new() { ["participants"] = set.Participants },
        RoomRequest.RevokeGrant revoke => new() { ["grantId"] = revoke.GrantId },
        RoomRequest.RevokeGrants revoke => new() { ["issuedUntil"] = revoke.IssuedUntil },
        _ => [],
    };

    private sealed record WhoRow(Guid EventId, Guid OrganiserId, Guid? ByUser, Guid? SubjectUser);
}
