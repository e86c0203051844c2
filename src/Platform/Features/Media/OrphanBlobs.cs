using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Npgsql;

namespace Events.Platform.Features.Media;

/// <summary>
/// Deletes what was put into the store and never registered, because whoever put it died: uploads, pictures, composites, exports. Such a blob is first given a row, by
/// which a registration of the same content waits for its deletion and the other way round, and goes a week later if nothing refers to it by then. A platform that was
/// started with another installation's database has a week to be noticed.
/// </summary>
internal sealed class OrphanBlobs(Database database, IBlobStore blobs, TimeProvider clock, ILogger<OrphanBlobs> log) : RowWorker(log)
{
    /// <summary>Who registers does so within minutes; only the mixer's word may be late, see <see cref="MayBeAwaited"/>.</summary>
    public static readonly TimeSpan UnregisteredFor = TimeSpan.FromDays(1);

    /// <summary>After it was found.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    private static readonly TimeSpan LookEvery = TimeSpan.FromHours(6);

    /// <summary>
    /// In SQL, of a blob that was put <c>b.put_at</c>: a recording that may still become one was asked for before. The mixer puts a composite and tells of it; while the platform
    /// is away, or the mixer, that may take any time. A day for clocks that differ.
    /// </summary>
    private const string MayBeAwaited = """
        exists (
            select from platform.recordings r
            where r.deleted_at is null and (r.status not in ('ready', 'failed') or (r.status = 'failed' and r.working_files)) and r.requested_at < b.put_at + interval '1 day')
        """;

    private const int Batch = 1_000;

    public override string Due => "false";

    protected override TimeSpan AtLeastEvery => LookEvery;

    /// <summary>Looks through the store once.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var (found, deleted) = (0, 0);
        foreach (var old in blobs.List().Where(b => b.PutAt < clock.GetUtcNow() - UnregisteredFor).Chunk(Batch))
        {
            cancel.ThrowIfCancellationRequested();
            var values = new { Hashes = old.Select(b => b.Sha256).ToArray(), Sizes = old.Select(b => b.Size).ToArray(), PutAt = old.Select(b => b.PutAt.UtcDateTime).ToArray(), KeptFor };
            found += await connection.ExecuteAsync(
                $"""
                insert into media.blobs (sha256, size)
                select b.sha256, b.size from unnest(@Hashes, @Sizes, @PutAt) as b (sha256, size, put_at)
                where not exists (select from media.blobs m where m.sha256 = b.sha256) and not {MayBeAwaited} order by b.sha256
                on conflict do nothing
                """,
                values);
            var unheld = await connection.QueryAsync<string>(
                $"""
                select m.sha256 from unnest(@Hashes, @PutAt) as b (sha256, put_at) join media.blobs m on m.sha256 = b.sha256
                where m.created_at < now() - @KeptFor and b.put_at < now() - @KeptFor and not exists (select from media.renditions n where n.sha256 = m.sha256) and not {MayBeAwaited}
                """,
                values);
            deleted += await Deletion.SweepAsync(connection, blobs, unheld.AsList(), cancel, putBefore: clock.GetUtcNow() - UnregisteredFor);
        }

        if (found > 0)
        {
            MediaLog.OrphansFound(log, found, KeptFor.TotalDays);
        }

        if (deleted > 0)
        {
            MediaLog.OrphansDeleted(log, deleted);
        }
    }

    protected override async Task WorkAsync(CancellationToken cancel)
    {
        try
        {
            await LookAsync(cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            MediaLog.LookFailed(log, e.Message); // It is looked through again.
        }
    }
}
