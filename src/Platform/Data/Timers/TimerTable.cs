using System.Text.Json;
using Dapper;
using Npgsql;

namespace Events.Platform.Data.Timers;

/// <summary>Things that are to happen later, set in the transaction of their cause, so that both are kept or neither.</summary>
public static class TimerTable
{
    /// <summary>Sets a timer, or moves the one of this kind and key: there is one, with the last time and payload given.</summary>
    /// <param name="transaction">The cause's transaction.</param>
    /// <param name="kind">An <see cref="ITimerHandler.Kind"/>.</param>
    /// <param name="key">At most 200 characters; no personal data.</param>
    /// <param name="dueAt">In the past: as soon as may be.</param>
    /// <param name="payload">Ids that the handler needs; serialised as camelCase JSON.</param>
    public static Task SetAsync(NpgsqlTransaction transaction, string kind, string key, DateTimeOffset dueAt, object? payload = null) =>
        transaction.Connection!.ExecuteAsync(
            """
            insert into platform.timers (id, kind, key, due_at, next_at, payload) values (@Id, @kind, @key, @DueAt, @DueAt, @Payload::jsonb)
            on conflict (kind, key) do update set due_at = excluded.due_at, next_at = excluded.next_at, payload = excluded.payload,
                generation = timers.generation + 1, attempts = 0, last_error = null, failed_at = null
            """,
            new { Id = Guid.CreateVersion7(), kind, key, DueAt = dueAt.UtcDateTime, Payload = JsonSerializer.Serialize(payload ?? new { }, JsonSerializerOptions.Web) },
            transaction);

    /// <returns>Whether there was one; one that is just running comes to its end first.</returns>
    public static async Task<bool> CancelAsync(NpgsqlTransaction transaction, string kind, string key) =>
        await transaction.Connection!.ExecuteAsync("delete from platform.timers where kind = @kind and key = @key", new { kind, key }, transaction) == 1;
}
