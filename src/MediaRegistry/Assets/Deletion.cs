using Dapper;
using Events.MediaRegistry.Blobs;
using Npgsql;

namespace Events.MediaRegistry.Assets;

/// <summary>Deletes assets, and their blobs when nobody else holds them.</summary>
public static class Deletion
{
    /// <summary>Marks an asset deleted and lets go of its blobs, in the caller's transaction.</summary>
    /// <returns>Hashes that the asset held; hand them to <see cref="SweepAsync"/> after the commit.</returns>
    public static async Task<IReadOnlyList<string>> DeleteAsync(NpgsqlTransaction transaction, Guid assetId)
    {
        var connection = transaction.Connection!;

        // A document's title is the name that its sender gave the file, and goes with it.
        await connection.ExecuteAsync(
            "update media.assets set state = 'deleted', deleted_at = now(), title = case kind when 'document' then '' else title end where id = @assetId and state <> 'deleted'", new { assetId }, transaction);
        var hashes = await connection.QueryAsync<string>("delete from media.renditions where asset_id = @assetId returning sha256", new { assetId }, transaction);
        return [.. hashes.Distinct()];
    }

    /// <summary>
    /// Deletes the blobs that no rendition holds any more. The file goes while its row is locked, so that a registration of the
    /// same content waits, and the row goes last: a kill in between leaves a row that the next sweep takes up.
    /// </summary>
    /// <param name="connection">Not in a transaction.</param>
    /// <param name="blobs">Where the files are.</param>
    /// <param name="among">Hashes to look at; null looks at all.</param>
    /// <param name="cancel">Stops between two blobs.</param>
    /// <param name="putBefore">Leaves what was put after this: somebody may be about to register it who has no bytes to put again.</param>
    /// <returns>How many blobs were deleted.</returns>
    public static async Task<int> SweepAsync(NpgsqlConnection connection, IBlobStore blobs, IReadOnlyList<string>? among, CancellationToken cancel, DateTimeOffset? putBefore = null)
    {
        var deleted = 0;
        var candidates = await connection.QueryAsync<string>(
            """
            select b.sha256 from media.blobs b
            where (@among::text[] is null or b.sha256 = any(@among)) and not exists (select from media.renditions r where r.sha256 = b.sha256) limit 1000
            """,
            new { among = among?.ToArray() });
        foreach (var sha256 in candidates)
        {
            cancel.ThrowIfCancellationRequested();
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var removed = await connection.ExecuteAsync(
                "delete from media.blobs b where b.sha256 = @sha256 and not exists (select from media.renditions r where r.sha256 = b.sha256)", new { sha256 }, transaction);
            if (removed > 0 && putBefore is { } limit && await blobs.PutAtAsync(sha256, cancel) >= limit)
            {
                await transaction.RollbackAsync(cancel);
                continue;
            }

            if (removed > 0)
            {
                await blobs.DeleteAsync(sha256, cancel);
                deleted++;
            }

            await transaction.CommitAsync(cancel);
        }

        return deleted;
    }
}
