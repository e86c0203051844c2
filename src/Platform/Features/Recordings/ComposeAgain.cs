using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Recordings;

/// <summary>Writes down the wish for another composite of a recording that has failed, from the tracks that the mixer keeps.</summary>
internal static class ComposeAgain
{
    public static async Task<Results<Accepted<Recording>, ProblemHttpResult>> HandleAsync(
        Guid id, EventPass pass, Database database, RecordingReconciler reconciler, CancellationToken cancel)
    {
        if (!pass.IsOrganiser)
        {
            return RecordingsApi.NotOrganiser.ToResult();
        }

        var (row, changed) = await database.InTransactionAsync(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var changed = await connection.ExecuteAsync(
                    """
                    update platform.recordings set status = 'composing', progress = 0, failure_code = null, failure_detail = null, failed_at = null, compose_requested_at = now()
                    where id = @id and event_id = @EventId and status = 'failed' and working_files and deleted_at is null
                    """,
                    new { id, pass.EventId },
                    transaction);
                if (changed > 0)
                {
                    await Outbox.AppendAsync(transaction, "recording", id, "recording.compose_requested", new { recordingId = id, by = pass.ParticipantId });
                }

                return (await RecordingsApi.FindAsync(connection, id, pass), changed);
            },
            cancel);
        if (row is null)
        {
            return RecordingsApi.NotFound.ToResult();
        }

        // A repeated call finds it composing.
        if (changed == 0 && row.Status != "composing")
        {
            return ApiError.Conflict("recording_not_composable", "Only a recording that has failed, and whose tracks are still there, can be composed again.").ToResult();
        }

        reconciler.Wake();
        return TypedResults.Accepted($"/api/v1/recordings/{id}", row.ToRecording());
    }
}
