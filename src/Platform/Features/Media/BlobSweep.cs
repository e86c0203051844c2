using System.Text.Json;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Npgsql;

namespace Events.Platform.Features.Media;

/// <summary>Deletes blobs that nobody holds any more, after the transaction that let go of them.</summary>
internal sealed class BlobSweep(Database database, IBlobStore blobs) : ITimerHandler
{
    public const string TimerKind = "blob-sweep";

    public string Kind => TimerKind;

    public static Task SoonAsync(NpgsqlTransaction transaction, IReadOnlyList<string> hashes) =>
        TimerTable.SetAsync(transaction, TimerKind, Guid.CreateVersion7().ToString(), TimeProvider.System.GetUtcNow(), hashes);

    /// <summary>Sweeping twice is sweeping once, so it may work beside the timer's transaction.</summary>
    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await Deletion.SweepAsync(connection, blobs, timer.Payload.Deserialize<string[]>()!, cancel);
    }
}
