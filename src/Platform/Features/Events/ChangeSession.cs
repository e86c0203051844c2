using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Events;

/// <summary>An organiser changes a session or a stage, or takes away one that was never used.</summary>
internal static class ChangeSession
{
    private static readonly ApiError NotFound = ApiError.NotFound("session_not_found", "The event has no such session.");

    /// <summary>Replaces all of it. The kind decides who may publish, and so stays while somebody is inside.</summary>
    public static async Task<Results<Ok<SessionDetails>, ProblemHttpResult>> HandleAsync(Guid id, Guid sessionId, NewSession request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        CreateSession.Check(checks, request);
        return (await TicketSetup.ManageAsync<SessionDetails>(checks, id, manager, database, "session.changed", async (connection, _) =>
        {
            if (await LockAsync(connection, id, sessionId) is not { } session)
            {
                return NotFound;
            }

            if (IfMatch.Refuses(http, session.Version) is { } changed)
            {
                return changed;
            }

            if (session.Kind != request.Kind && session.Participants > 0)
            {
                return ApiError.Conflict("session_live", "People are in it: whether everybody may speak can be changed when they have left.");
            }

            await connection.ExecuteAsync(
                "update platform.sessions set name = @name, kind = @Kind, starts_at = @StartsAt, ends_at = @EndsAt, version = version + 1 where id = @sessionId", new { sessionId, name, request.Kind, request.StartsAt, request.EndsAt });
            return (await EventQueries.SessionsAsync(connection, id, sessionId))[0];
        }, cancel)).ToOk();
    }

    /// <summary>Items of the schedule stay, without a room. What was recorded is looked after as a recording, and not lost with its room.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid sessionId, EventManager manager, Database database, CancellationToken cancel)
    {
        var removed = await TicketSetup.ManageAsync<SessionRow>(new FieldChecks(), id, manager, database, "session.removed", async (connection, _) =>
        {
            if (await LockAsync(connection, id, sessionId) is not { } session)
            {
                return NotFound;
            }

            if (session.Participants > 0 || await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.recordings where session_id = @sessionId)", new { sessionId }))
            {
                return ApiError.Conflict("session_in_use", "People are in it, or it was recorded; it cannot be removed.");
            }

            await connection.ExecuteAsync("delete from platform.sessions where id = @sessionId", new { sessionId });
            return session;
        }, cancel);
        return removed.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static Task<SessionRow?> LockAsync(NpgsqlConnection connection, Guid eventId, Guid sessionId) => connection.QuerySingleOrDefaultAsync<SessionRow>(
        """
        select s.version, s.kind, (select count(*)::int from platform.room_participants p where p.room = s.room) as participants
        from platform.sessions s where s.id = @sessionId and s.event_id = @eventId for update of s
        """,
        new { sessionId, eventId });

    private sealed record SessionRow(int Version, string Kind, int Participants);
}
