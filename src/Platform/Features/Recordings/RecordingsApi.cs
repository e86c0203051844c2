using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Playback;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Events.Platform.Features.EventEntry;
using Events.Platform.Features.Media;
using Events.Platform.Features.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Recordings;

/// <summary>Recordings of sessions: start, stop, look, play, delete.</summary>
internal static class RecordingsApi
{
    /// <summary>A replay may be paused over lunch; the address is asked for anew by the page when it has expired.</summary>
    private static readonly TimeSpan PlaybackLifetime = TimeSpan.FromHours(6);

    private const int MaxPage = 200;

    public static readonly ApiError NotFound = ApiError.NotFound("recording_not_found", "There is no such recording in this event.");
    public static readonly ApiError NotOrganiser = ApiError.Forbidden("not_organiser", "Only the event's organisers may do this.");

    public static void AddRecordings(this IServiceCollection services)
    {
        services.AddSingleton<MixerCommands>();
        services.AddRowWorker<RecordingReconciler>();
    }

    public static void MapRecordings(this RouteGroupBuilder eventDomain)
    {
        eventDomain.MapPost("/api/v1/sessions/{id:guid}/recordings", StartRecording.HandleAsync);
        eventDomain.MapGet("/api/v1/sessions/{id:guid}/recordings", OfSessionAsync);
        eventDomain.MapGet("/api/v1/events/{id:guid}/recordings", OfEventAsync);
        eventDomain.MapGet("/api/v1/recordings/{id:guid}", GetAsync);
        eventDomain.MapPost("/api/v1/recordings/{id:guid}/stop", StopRecording.HandleAsync);
        eventDomain.MapPost("/api/v1/recordings/{id:guid}/compose", ComposeAgain.HandleAsync);
        eventDomain.MapDelete("/api/v1/recordings/{id:guid}", DeleteAsync);
        eventDomain.MapGet("/api/v1/recordings/{id:guid}/playback", PlaybackAsync);
    }

    public static Task<RecordingRow?> FindAsync(NpgsqlConnection connection, Guid id, EventPass pass) => connection.QuerySingleOrDefaultAsync<RecordingRow>(
        $"{RecordingRow.Select} where r.id = @id and r.event_id = @EventId and r.deleted_at is null", new { id, pass.EventId });

    private static async Task<Results<Ok<RecordingList>, ProblemHttpResult>> OfSessionAsync(
        Guid id, EventPass pass, Database database, CancellationToken cancel, Guid? after = null, int limit = MaxPage)
    {
        await using var connection = await database.OpenAsync(cancel);
        var eventId = await connection.QuerySingleOrDefaultAsync<Guid?>("select event_id from platform.sessions where id = @id", new { id });
        if (eventId is null)
        {
            return RoomsApi.SessionNotFound.ToResult();
        }

        return eventId == pass.EventId ? TypedResults.Ok(await ListAsync(connection, "r.session_id = @id", id, after, limit)) : RoomsApi.WrongEvent.ToResult();
    }

    private static async Task<Results<Ok<RecordingList>, ProblemHttpResult>> OfEventAsync(
        Guid id, EventPass pass, Database database, CancellationToken cancel, Guid? after = null, int limit = MaxPage)
    {
        if (id != pass.EventId)
        {
            return RoomsApi.WrongEvent.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        return TypedResults.Ok(await ListAsync(connection, "r.event_id = @id", id, after, limit));
    }

    /// <summary>Latest first; <c>after</c> is the last id of the page before.</summary>
    private static async Task<RecordingList> ListAsync(NpgsqlConnection connection, string condition, Guid id, Guid? after, int limit)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        var rows = (await connection.QueryAsync<RecordingRow>(
            $"""
            {RecordingRow.Select}
            where {condition} and r.deleted_at is null
              and (@after::uuid is null or (r.requested_at, r.id) < (select c.requested_at, c.id from platform.recordings c where c.id = @after and c.event_id = r.event_id))
            order by r.requested_at desc, r.id desc limit @Take
            """,
            new { id, after, Take = limit + 1 })).AsList();
        return new([.. rows.Take(limit).Select(r => r.ToRecording())], rows.Count > limit ? rows[limit - 1].Id.ToString() : null);
    }

    private static async Task<Results<Ok<Recording>, ProblemHttpResult>> GetAsync(Guid id, EventPass pass, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await FindAsync(connection, id, pass) is { } row ? TypedResults.Ok(row.ToRecording()) : NotFound.ToResult();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Guid id, EventPass pass, Database database, RecordingReconciler reconciler, CancellationToken cancel)
    {
        if (!pass.IsOrganiser)
        {
            return NotOrganiser.ToResult();
        }

        var error = await database.InTransactionAsync<ApiError?>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select from platform.recordings where id = @id for update", new { id }, transaction);
                if (await FindAsync(connection, id, pass) is not { } row)
                {
                    return NotFound;
                }

                if (row.IsActive)
                {
                    return ApiError.Conflict("recording_active", "Stop the recording, and wait until it is ready, before deleting it.");
                }

                await connection.ExecuteAsync("update platform.recordings set deleted_at = now() where id = @id", new { id }, transaction);
                await Outbox.AppendAsync(transaction, "recording", id, "recording.deleted", new { recordingId = id, row.AssetId, by = pass.ParticipantId });
                if (row.AssetId is { } assetId)
                {
                    await BlobSweep.SoonAsync(transaction, await Deletion.DeleteAsync(transaction, assetId));
                }

                return null;
            },
            cancel);
        if (error is not null)
        {
            return error.ToResult();
        }

        reconciler.Wake();
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<PlaybackAnswer>, ProblemHttpResult>> PlaybackAsync(Guid id, EventPass pass, Database database, SignedUrls urls, TimeProvider clock, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await FindAsync(connection, id, pass) is not { } row)
        {
            return NotFound.ToResult();
        }

        if (row.AssetId is not { } assetId || await AssetStore.FindAsync(connection, assetId) is not { } asset)
        {
            return ApiError.Conflict("recording_not_ready", $"The recording is {row.Status}; it can be played when it is ready.").ToResult();
        }

        var expiresAt = clock.GetUtcNow() + PlaybackLifetime;
        return TypedResults.Ok(new PlaybackAnswer(
            urls.Sign(asset.Video.Sha256, asset.Video.FileName, expiresAt), urls.Sign(asset.Thumbnail.Sha256, asset.Thumbnail.FileName, expiresAt),
            expiresAt, asset.Video.MimeType, asset.DurationMs, asset.Width, asset.Height, asset.FrameRate, asset.Video.Size, asset.Video.Sha256));
    }
}
