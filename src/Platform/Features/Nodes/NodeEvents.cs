using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Blobs;
using Events.Platform.Data;
using Events.Platform.Features.Recordings;
using Events.Platform.Features.Rooms;
using Npgsql;

namespace Events.Platform.Features.Nodes;

/// <summary>Applies a node's events and its cursor in one transaction: each event has its effect exactly once.</summary>
internal sealed class NodeEvents(Database database, IBlobStore blobs, ILogger<NodeEvents> log)
{
    /// <summary>Applies what is new.</summary>
    /// <returns>The highest number that this platform has of the node and epoch.</returns>
    public Task<long> ApplyAsync(string node, Guid epoch, IReadOnlyList<NodeEvent> events, CancellationToken cancel) => database.InTransactionAsync(
        async transaction =>
        {
            var connection = transaction.Connection!;

            // The row is the lock: two deliveries of one journal take turns, and the second finds its events applied.
            await connection.ExecuteAsync("insert into platform.node_cursors (node, epoch, seq) values (@node, @epoch, 0) on conflict do nothing", new { node, epoch }, transaction);
            var cursor = await connection.QuerySingleAsync<long>("select seq from platform.node_cursors where node = @node and epoch = @epoch for update", new { node, epoch }, transaction);
            foreach (var e in events.Where(e => e.Seq > cursor))
            {
                await ApplyOneAsync(transaction, node, e);
                cursor = e.Seq;
            }

            await connection.ExecuteAsync("update platform.node_cursors set seq = @cursor, updated_at = now() where node = @node and epoch = @epoch", new { node, epoch, cursor }, transaction);
            return cursor;
        },
        cancel);

    /// <summary>
    /// One event that cannot be applied must not hold up the ones behind it for ever: what its own data breaks is logged and
    /// left out. What the database breaks (it is away, a deadlock) fails the batch, which comes again.
    /// </summary>
    private async Task ApplyOneAsync(NpgsqlTransaction transaction, string node, NodeEvent e)
    {
        await transaction.SaveAsync("event");
        try
        {
            await DispatchAsync(transaction, node, e);
            await transaction.ReleaseAsync("event");
        }
        catch (Exception broken) when (broken is JsonException or FormatException or ArgumentException || broken is PostgresException { SqlState: ['2', '2' or '3', ..] })
        {
            NodesLog.EventRefused(log, node, e.Seq, e.Type ?? "", broken.Message);
            await transaction.RollbackAsync("event");
        }
    }

    private Task DispatchAsync(NpgsqlTransaction transaction, string node, NodeEvent e) => e.Type switch
    {
        "node.started" => Presence.NobodyAsync(transaction, node),
        "participant.joined" => Presence.JoinedAsync(transaction, node, e.At, Read<ParticipantEvent>(e)),
        "participant.left" => Presence.LeftAsync(transaction, node, Read<ParticipantEvent>(e)),
        "recording.delayed" => RecordingEvents.ApplyAsync(transaction, Read<RecordingDelayed>(e)),
        "recording.started" => RecordingEvents.ApplyAsync(transaction, Read<RecordingStarted>(e)),
        "recording.track_refused" => RecordingEvents.ApplyAsync(transaction, Read<RecordingTrackRefused>(e)),
        "recording.stopped" => RecordingEvents.ApplyAsync(transaction, Read<RecordingStopped>(e)),
        "recording.progress" => RecordingEvents.ApplyAsync(transaction, Read<RecordingProgressed>(e)),
        "recording.composed" => RecordingEvents.ApplyAsync(transaction, Read<RecordingComposed>(e), blobs),
        "recording.failed" => RecordingEvents.ApplyAsync(transaction, Read<RecordingFailed>(e)),

        "participant.removed" or "participant.rights_changed" or "track.muted" or "room.locked" or "room.unlocked" or "room.capacity_changed" =>
            RoomEvents.ApplyAsync(transaction, e.Type, Read<RoomDecision>(e)),

        // Other tracks' events are the media node's business; types that a newer node may send are not ours to refuse.
        _ => Task.CompletedTask,
    };

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private static T Read<T>(NodeEvent e) => e.Data.Deserialize<T>(Strict) ?? throw new JsonException("The event has no data.");
}
