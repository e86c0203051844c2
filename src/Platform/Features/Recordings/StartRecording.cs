using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Rooms;
using Events.Rtc.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Recordings;

public sealed record NewRecording(string? Layout);

/// <summary>Writes the wish to record down; from then on no kill of any process loses it.</summary>
internal static class StartRecording
{
    /// <summary>A recording does not wait longer to hear that it could hold nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly ApiError EventOver = ApiError.Conflict("event_over", "This event is over, and its sessions are not recorded any more.");

    public static async Task<Results<Created<Recording>, ProblemHttpResult>> HandleAsync(
        Guid id, NewRecording? request, EventPass pass, Database database, MediaCommands media, RecordingReconciler reconciler, CancellationToken cancel)
    {
        if (!pass.IsOrganiser)
        {
            return ApiError.Forbidden("not_organiser", "Only the event's organisers may record.").ToResult();
        }

        if (request?.Layout is not (null or "grid"))
        {
            return ApiError.BadRequest("layout_unknown", "'layout' is grid.").ToResult();
        }

        if (await IsWhollyEncryptedAsync(id, pass, database, media, cancel))
        {
            return ApiError.Conflict(RecordingRefusal.TrackEncrypted, "Everything that is sent in this session is end-to-end encrypted, so there is nothing to record.").ToResult();
        }

        try
        {
            var result = await database.InTransactionAsync<Results<Created<Recording>, ProblemHttpResult>>(
                async transaction =>
                {
                    var connection = transaction.Connection!;

                    // The event does not end beside this: what begins before is stopped with it.
                    var session = await connection.QuerySingleOrDefaultAsync<SessionRow>(
                        "select s.event_id, s.name, e.state from platform.sessions s join platform.events e on e.id = s.event_id where s.id = @id for share of e", new { id }, transaction);
                    if (session is null)
                    {
                        return RoomsApi.SessionNotFound.ToResult();
                    }

                    if (session.EventId != pass.EventId)
                    {
                        return RoomsApi.WrongEvent.ToResult();
                    }

                    if (session.State is "ended" or "archived" or "cancelled")
                    {
                        return EventOver.ToResult();
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

    /// <summary>Something is sent, and all of it is encrypted. A node that does not answer is no reason not to record.</summary>
    private static async Task<bool> IsWhollyEncryptedAsync(Guid id, EventPass pass, Database database, MediaCommands media, CancellationToken cancel)
    {
        string? room;
        await using (var connection = await database.OpenAsync(cancel))
        {
            room = await connection.QuerySingleOrDefaultAsync<string>("select room from platform.sessions where id = @id and event_id = @EventId", new { id, pass.EventId });
        }

        if (room is null)
        {
            return false;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            var live = (await media.RoomAsync(room, patience.Token)).Value;
            var tracks = live?.Participants.SelectMany(p => p.Tracks).ToList() ?? [];
            return tracks.Count > 0 && tracks.TrueForAll(t => t.Encryption != TrackEncryption.None);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    private sealed record SessionRow(Guid EventId, string Name, string State);
}
