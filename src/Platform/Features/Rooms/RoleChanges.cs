using System.Text.Json;
using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Organisations;
using Npgsql;

namespace Events.Platform.Features.Rooms;

/// <summary>
/// A role that changes is felt in running rooms: grants that followed from it are revoked at the media node, whose client comes back with one
/// for the new role. Noted in the transaction of the change, carried out by a timer, so that a node that is away is asked again.
/// </summary>
internal sealed class RoleChanges(MediaCommands media) : ITimerHandler
{
    public const string TimerKind = "room-role-changed";

    public string Kind => TimerKind;

    /// <summary>Notes that a user's role in an event, or in all events of an organisation, has changed.</summary>
    public static async Task FollowAsync(NpgsqlTransaction transaction, Guid userId, Guid organiserId, Guid? eventId, DateTimeOffset now)
    {
        var rows = await transaction.Connection!.QueryAsync<OutRow>(
            """
            select g.session_id, g.participant_id from platform.privileged_grants g
            join platform.event_participants p on p.id = g.participant_id join platform.events e on e.id = p.event_id
            where p.user_id = @userId and e.organiser_id = @organiserId and (@eventId::uuid is null or e.id = @eventId) and g.issued_at > @Since
            """,
            new { userId, organiserId, eventId, Since = now - RoomsApi.GrantLifetime },
            transaction);
        foreach (var row in rows)
        {
            await TimerTable.SetAsync(
                transaction, TimerKind, $"{row.SessionId}:{row.ParticipantId}", now, new { row.SessionId, row.ParticipantId, issuedUntil = now.ToUnixTimeSeconds() });
        }
    }

    /// <summary>Notes a grant that gives more than anybody gets.</summary>
    public static Task NoteAsync(NpgsqlConnection connection, Guid sessionId, Guid participantId, DateTimeOffset now) => connection.ExecuteAsync(
        """
        insert into platform.privileged_grants (session_id, participant_id, issued_at)
        select @sessionId, p.id, @now from platform.event_participants p where p.id = @participantId
        on conflict (session_id, participant_id) do update set issued_at = excluded.issued_at
        """,
        new { sessionId, participantId, now });

    /// <summary>The pass with the role as it is now: a token may be older than a change of the team.</summary>
    public static async Task<EventPass> CurrentAsync(NpgsqlConnection connection, EventPass pass)
    {
        if (pass.Role == Permissions.Attendee || pass.Preview)
        {
            return pass;
        }

        var user = await connection.QuerySingleOrDefaultAsync<Guid?>("select user_id from platform.event_participants where id = @ParticipantId and event_id = @EventId", pass);
        return pass with { Role = (user is { } id ? await Permissions.EventRoleAsync(connection, id, pass.EventId) : null) ?? Permissions.Attendee };
    }

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var change = timer.Payload.Deserialize<Change>(JsonSerializerOptions.Web)!;
        var room = await transaction.Connection!.QuerySingleOrDefaultAsync<string?>("select room from platform.sessions where id = @SessionId", change, transaction);
        if (room is null)
        {
            return; // Gone, and its grants open nothing.
        }

        var request = JsonSerializer.SerializeToElement(new { action = "revokeGrants", identity = change.ParticipantId, change.IssuedUntil }, JsonSerializerOptions.Web);
        if (await media.ModerateAsync(room, request, cancel) is { } refused)
        {
            throw new InvalidOperationException($"The media node did not revoke the grants: {refused.Code}.");
        }
    }

    private sealed record OutRow(Guid SessionId, Guid ParticipantId);

    private sealed record Change(Guid SessionId, Guid ParticipantId, long IssuedUntil);
}
