using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.EventEntry;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Recordings;

/// <summary>Writes the wish to stop down; the reconciler carries it to the mixer. Stopping what is stopped changes nothing.</summary>
internal static class StopRecording
{
    public static async Task<Results<Accepted<Recording>, ProblemHttpResult>> HandleAsync(Guid id, EventPass pass, Database database, RecordingReconciler reconciler, CancellationToken cancel)
    {
        if (!pass.IsOrganiser)
        {
            return RecordingsApi.NotOrganiser.ToResult();
        }

        var row = await database.InTransactionAsync(
            async transaction =>
            {
                await StopAsync(transaction, pass.EventId, id);
                return await RecordingsApi.FindAsync(transaction.Connection!, id, pass);
            },
            cancel);
        reconciler.Wake();
        return row is null ? RecordingsApi.NotFound.ToResult() : TypedResults.Accepted($"/api/v1/recordings/{id}", row.ToRecording());
    }

    /// <summary>
    /// The event is over: what its sessions still record ends, and is kept and composed as if somebody had stopped it. In the transaction that ends the event, under its row's
    /// lock, which <see cref="StartRecording"/> shares: none begins beside it.
    /// </summary>
    public static Task EventEndsAsync(NpgsqlTransaction transaction, Guid eventId) => StopAsync(transaction, eventId, null);

    private static async Task StopAsync(NpgsqlTransaction transaction, Guid eventId, Guid? id)
    {
        var stopped = await transaction.Connection!.QueryAsync<Guid>(
            """
            update platform.recordings set status = 'stopping', stop_requested_at = now(), commanded_at = null
            where event_id = @eventId and (@id::uuid is null or id = @id) and status in ('starting', 'recording') and deleted_at is null returning id
            """,
            new { eventId, id },
            transaction);
        foreach (var recordingId in stopped)
        {
            await Outbox.AppendAsync(transaction, "recording", recordingId, "recording.stop_requested", new { recordingId });
        }
    }
}
