using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Events;

/// <param name="Kind">"session" or "stage".</param>
public sealed record NewSession(string? Name, string? Kind, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt);

/// <summary>An organiser adds a session or a stage to an event.</summary>
internal static class CreateSession
{
    private const int MaxSessions = 1_000;

    public static async Task<Results<Created<SessionDetails>, ProblemHttpResult>> HandleAsync(Guid id, NewSession request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        Check(checks, request);
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        return (await manager.WriteAsync<SessionDetails>(
            database,
            "session.created",
            id,
            async transaction =>
            {
                var connection = transaction.Connection!;
                if ((await manager.FindAsync(connection, id)).Error is { } error)
                {
                    return error;
                }

                var count = await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.sessions where event_id = @id", new { id });
                if (count >= MaxSessions)
                {
                    return ApiError.Conflict("too_many_sessions", $"An event has at most {MaxSessions} sessions.");
                }

                var sessionId = await InsertAsync(transaction, id, name, request.Kind!, request.StartsAt, request.EndsAt);
                await Outbox.AppendAsync(transaction, "session", sessionId, "session.created", new { sessionId, eventId = id });
                return (await EventQueries.SessionsAsync(connection, id, sessionId))[0];
            },
            cancel)).ToCreated(_ => $"{manager.Api}/events/{id}");
    }

    internal static void Check(FieldChecks checks, NewSession request)
    {
        checks.Require(request.Kind is "session" or "stage", "kind_invalid", "'kind' is session or stage.");
        checks.Require(
            request is { StartsAt: { } from, EndsAt: { } to } ? EventTimes.AreInBounds(from, to) : (request.StartsAt ?? request.EndsAt) is not { } at || EventTimes.IsInBounds(at),
            "times_invalid",
            "'endsAt' must be after 'startsAt', less than 400 days apart.");
    }

    /// <summary>The room's name is the session's id: unguessable enough to list nowhere, and valid on every node.</summary>
    public static async Task<Guid> InsertAsync(Npgsql.NpgsqlTransaction transaction, Guid eventId, string name, string kind, DateTimeOffset? startsAt, DateTimeOffset? endsAt)
    {
        var sessionId = Guid.CreateVersion7();
        await transaction.Connection!.ExecuteAsync(
            """
            insert into platform.sessions (id, event_id, name, kind, room, starts_at, ends_at)
            values (@sessionId, @eventId, @name, @kind, @Room, @startsAt, @endsAt)
            """,
            new { sessionId, eventId, name, kind, Room = sessionId.ToString(), startsAt, endsAt },
            transaction);
        return sessionId;
    }
}
