using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Data;
using Npgsql;

namespace Events.Platform.Features.Recordings;

public sealed record RecordingDelayed(Guid RecordingId, string Code, string? Detail);

public sealed record RecordingStarted(Guid RecordingId, DateTimeOffset StartedAt);

public sealed record RecordingStopped(Guid RecordingId, DateTimeOffset EndedAt, int Tracks);

public sealed record RecordingTrackRefused(Guid RecordingId, string Code, int Tracks);

public sealed record RecordingProgressed(Guid RecordingId, double Progress);

public sealed record RecordingFailed(Guid RecordingId, string Code, string? Detail);

public sealed record RecordingComposed(
    Guid RecordingId, ComposedBlob Video, ComposedBlob Thumbnail, long DurationMs, int Width, int Height, double FrameRate, DateTimeOffset StartedAt, DateTimeOffset EndedAt);

public sealed record ComposedBlob(string Sha256, long Size, string MimeType, string FileName);

/// <summary>
/// What the mixer reports, applied in the transaction of the node's cursor. Status only moves forward, so an event that comes
/// again, or after the end, changes nothing.
/// </summary>
internal static class RecordingEvents
{
    private const string BeforeRegistration = "before_registration";

    /// <summary>Why it does not start, stands still, or cannot be composed yet. The reason is gone when it has started, goes on, or is over.</summary>
    public static Task ApplyAsync(NpgsqlTransaction transaction, RecordingDelayed e) => transaction.Connection!.ExecuteAsync(
        "update platform.recordings set failure_code = left(@Code, 100), failure_detail = left(@Detail, 2000) where id = @RecordingId and status in ('starting', 'recording', 'composing')", e, transaction);

    public static Task ApplyAsync(NpgsqlTransaction transaction, RecordingStarted e) => transaction.Connection!.ExecuteAsync(
        """
        update platform.recordings set started_at = coalesce(started_at, @StartedAt), failure_code = null, failure_detail = null, working_files = true, accepted_at = coalesce(accepted_at, now()),
               status = case when status = 'starting' then 'recording' else status end
        where id = @RecordingId and status in ('starting', 'recording', 'stopping')
        """,
        e,
        transaction);

    public static Task ApplyAsync(NpgsqlTransaction transaction, RecordingStopped e) => transaction.Connection!.ExecuteAsync(
        """
        update platform.recordings set status = 'composing', ended_at = @EndedAt, tracks = @Tracks, failure_code = null, failure_detail = null
        where id = @RecordingId and status in ('starting', 'recording', 'stopping')
        """,
        e,
        transaction);

    /// <summary>The count of a code is told whole each time.</summary>
    public static Task ApplyAsync(NpgsqlTransaction transaction, RecordingTrackRefused e) => e.Code != RecordingRefusal.TrackEncrypted
        ? Task.CompletedTask
        : transaction.Connection!.ExecuteAsync("update platform.recordings set tracks_encrypted = greatest(tracks_encrypted, @Tracks) where id = @RecordingId", e, transaction);

    public static Task ApplyAsync(NpgsqlTransaction transaction, RecordingProgressed e) => transaction.Connection!.ExecuteAsync(
        """
        update platform.recordings set progress = greatest(progress, least(greatest(@Progress, 0), 1)), failure_code = null, failure_detail = null
        where id = @RecordingId and status = 'composing' and @Progress = @Progress
        """,
        e,
        transaction);

    public static async Task ApplyAsync(NpgsqlTransaction transaction, RecordingFailed e)
    {
        var changed = await transaction.Connection!.ExecuteAsync(
            """
            update platform.recordings set status = 'failed', failed_at = now(), failure_code = left(@Code, 100), failure_detail = left(@Detail, 2000), compose_requested_at = null
            where id = @RecordingId and status not in ('ready', 'failed')
            """,
            e,
            transaction);
        if (changed > 0)
        {
            await Outbox.AppendAsync(transaction, "recording", e.RecordingId, "recording.failed", new { recordingId = e.RecordingId, code = e.Code });
        }
    }

    /// <summary>The asset and the recording's end in one: a recording that is ready can be played.</summary>
    public static async Task ApplyAsync(NpgsqlTransaction transaction, RecordingComposed e, IBlobStore blobs)
    {
        var connection = transaction.Connection!;
        var title = await connection.QuerySingleOrDefaultAsync<string>(
            "select title from platform.recordings where id = @RecordingId and status not in ('ready') and deleted_at is null for update", e, transaction);
        if (title is null)
        {
            return;
        }

        await transaction.SaveAsync(BeforeRegistration);
        var assetId = await AssetStore.RegisterAsync(transaction, new NewVideo(
            "recording", e.RecordingId, title, e.DurationMs, e.Width, e.Height, e.FrameRate, ToFile(e.Video), ToFile(e.Thumbnail)));

        // Only from here on do the blobs' rows keep a sweep from deleting what another recording held too.
        if (!await blobs.ExistsAsync(e.Video.Sha256) || !await blobs.ExistsAsync(e.Thumbnail.Sha256))
        {
            await transaction.RollbackAsync(BeforeRegistration);
            await ApplyAsync(transaction, new RecordingFailed(e.RecordingId, "blob_missing", "The mixer composed the recording, but its file is not in the blob store."));
            return;
        }

        await connection.ExecuteAsync(
            """
            update platform.recordings set status = 'ready', progress = 1, asset_id = @assetId, duration_ms = @DurationMs,
                   started_at = @StartedAt, ended_at = @EndedAt, failure_code = null, failure_detail = null, failed_at = null, compose_requested_at = null
            where id = @RecordingId
            """,
            new { e.RecordingId, assetId, e.DurationMs, e.StartedAt, e.EndedAt },
            transaction);
        await Outbox.AppendAsync(transaction, "recording", e.RecordingId, "recording.ready", new { recordingId = e.RecordingId, assetId });
    }

    private static AssetFile ToFile(ComposedBlob blob) => new(blob.Sha256, blob.Size, blob.MimeType, blob.FileName);
}
