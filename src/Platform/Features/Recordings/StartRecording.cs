using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Recordings;

public sealed record NewRecording(string? Layout);

/// <summary>Writes the wish to record down; from then on no kill of any process loses it.</summary>
internal static class StartRecording
{
    public static async Task<Results<Created<Recording>, ProblemHttpResult>> HandleAsync(
        Guid id, NewRecording? request, EventPass pass, Database database, RecordingReconciler reconciler, CancellationToken cancel)
    {
        if (!pass.IsOrganiser)
        {
            return ApiError.Forbidden("not_organiser", "Only the event's organisers may record.").ToResult();
        }

        if (request?.Layout is not (null or "grid"))
        {
            return ApiError.BadRequest("layout_unknown", "'layout' is grid.").ToResult();
        }

        try
        {
            var result = await database.InTransactionAsync<Results<Created<Recording>, ProblemHttpResult>>(
                async transaction =>
                {
                    var connection = transaction.Connection!;
                    var session = await connection.QuerySingleOrDefaultAsync<SessionRow>(
                        "select s.event_id, s.name from platform.sessions s where s.id = @id", new { id }, transaction);
                    if (session is null)
                    {
                        return RoomsApi.SessionNotFound.ToResult();
                    }

                    if (session.EventId != pass.EventId)
                    {
                        return RoomsApi.WrongEvent.ToResult();
                    }

                    var recordingId = Guid.CreateVersion7();
                    await connection.ExecuteAsync(
                        """
                        insert into platform.recordings (id, session_id, event_id, status, layout, title, requested_by)
                        values (@recordingId, @id, @EventId, 'starting', 'grid', @Name, @By)
                        """,
                        new { recordingId, id, session.EventId, session.Name, By = pass.ParticipantId.ToString() },
                        transaction);
                    await Outbox.AppendAsync(transaction, "recording", recordingId, "recording.requested", new { recordingId, sessionId = id, by = pass.ParticipantId });
                    var row = await RecordingsApi.FindAsync(connection, recordingId, pass);
                    return TypedResults.Created($"/api/v1/recordings/{recordingId}", row!.ToRecording());
                },
                cancel);
            reconciler.Wake();
            return result;
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "recordings_active" })
        {
            return ApiError.Conflict("already_recording", "This session is being recorded already.").ToResult();
        }
    }

    private sealed record SessionRow(Guid EventId, string Name);
}
