using Dapper;
using Events.MediaRegistry.Blobs;
using Npgsql;

namespace Events.MediaRegistry.Assets;

/// <summary>
/// The registry of media, in schema <c>media</c>. Every call works in the caller's transaction, so that an asset and what
/// caused it are kept together or not at all.
/// </summary>
public static class AssetStore
{
    /// <summary>Registers a video whose blobs are in the store. The same owner again answers the asset it has.</summary>
    public static async Task<Guid> RegisterAsync(NpgsqlTransaction transaction, NewVideo video)
    {
        var connection = transaction.Connection!;
        var id = Guid.CreateVersion7();
        var inserted = await connection.ExecuteAsync(
            """
            insert into media.assets (id, owner_type, owner_id, kind, state, title, duration_ms, width, height, frame_rate)
            values (@id, @OwnerType, @OwnerId, 'video', 'ready', @Title, @DurationMs, @Width, @Height, @FrameRate)
            on conflict (owner_type, owner_id) do nothing
            """,
            new { id, video.OwnerType, video.OwnerId, video.Title, video.DurationMs, video.Width, video.Height, video.FrameRate },
            transaction);
        if (inserted == 0)
        {
            return await connection.QuerySingleAsync<Guid>("select id from media.assets where owner_type = @OwnerType and owner_id = @OwnerId", video, transaction);
        }

        await AddRenditionAsync(transaction, id, "video", video.Video);
        await AddRenditionAsync(transaction, id, "thumbnail", video.Thumbnail);
        return id;
    }

    /// <summary>Registers a document whose blob is in the store. The same owner again answers the asset it has.</summary>
    public static async Task<Guid> RegisterAsync(NpgsqlTransaction transaction, NewDocument document)
    {
        var connection = transaction.Connection!;
        var id = Guid.CreateVersion7();
        var inserted = await connection.ExecuteAsync(
            """
            insert into media.assets (id, owner_type, owner_id, kind, state, title, duration_ms, width, height, frame_rate)
            values (@id, @OwnerType, @OwnerId, 'document', 'ready', @FileName, 0, 0, 0, 0)
            on conflict (owner_type, owner_id) do nothing
            """,
            new { id, document.OwnerType, document.OwnerId, document.File.FileName },
            transaction);
        if (inserted == 0)
        {
            return await connection.QuerySingleAsync<Guid>("select id from media.assets where owner_type = @OwnerType and owner_id = @OwnerId", document, transaction);
        }

        await AddRenditionAsync(transaction, id, "original", document.File);
        return id;
    }

    /// <summary>Registers a document whose blob was put into the store just before; the bytes make good what a sweep took in between.</summary>
    public static async Task<Guid> RegisterAsync(NpgsqlTransaction transaction, NewDocument document, IBlobStore blobs, Stream content, CancellationToken cancel)
    {
        var id = await RegisterAsync(transaction, document);

        // Putting what somebody else had too writes nothing. Its row is ours from here on; until now a sweep may have deleted the file for its last holder.
        if (!await blobs.ExistsAsync(document.File.Sha256, cancel))
        {
            content.Position = 0;
            await blobs.PutAsync(content, cancel);
        }

        return id;
    }

    /// <summary>The video, or null when it is not there or was deleted.</summary>
    public static async Task<VideoAsset?> FindAsync(NpgsqlConnection connection, Guid assetId)
    {
        var row = await connection.QuerySingleOrDefaultAsync<AssetRow>(
            "select id, title, duration_ms, width, height, frame_rate from media.assets where id = @assetId and state = 'ready'", new { assetId });
        if (row is null)
        {
            return null;
        }

        var files = (await connection.QueryAsync<RenditionRow>(
            "select r.purpose, r.sha256, b.size, r.mime_type, r.file_name from media.renditions r join media.blobs b using (sha256) where r.asset_id = @assetId",
            new { assetId })).ToDictionary(r => r.Purpose, r => new AssetFile(r.Sha256, r.Size, r.MimeType, r.FileName));
        return files.TryGetValue("video", out var video) && files.TryGetValue("thumbnail", out var thumbnail)
            ? new VideoAsset(row.Id, row.Title, row.DurationMs, row.Width, row.Height, row.FrameRate, video, thumbnail)
            : null;
    }

    private static async Task AddRenditionAsync(NpgsqlTransaction transaction, Guid assetId, string purpose, AssetFile file)
    {
        // "do update" rather than "do nothing": it waits for, and takes, the row lock that a deletion of the blob holds.
        await transaction.Connection!.ExecuteAsync(
            "insert into media.blobs (sha256, size) values (@Sha256, @Size) on conflict (sha256) do update set size = excluded.size", file, transaction);
        await transaction.Connection!.ExecuteAsync(
            "insert into media.renditions (id, asset_id, purpose, sha256, mime_type, file_name) values (@Id, @assetId, @purpose, @Sha256, @MimeType, @FileName)",
            new { Id = Guid.CreateVersion7(), assetId, purpose, file.Sha256, file.MimeType, file.FileName },
            transaction);
    }

    private sealed record AssetRow(Guid Id, string Title, long DurationMs, int Width, int Height, double FrameRate);

    private sealed record RenditionRow(string Purpose, string Sha256, long Size, string MimeType, string FileName);
}
