using System.Text.Json;
using Dapper;
using Events.Platform.Data.Work;
using Npgsql;

namespace Events.Platform.Data.Timers;

/// <summary>
/// Runs the timers that are due, on any number of platforms at once. A timer is taken by a lease, and ends in the handler's own
/// transaction; when lease, generation or attempt have changed in the meantime, that transaction is rolled back. Kinds that nobody here handles are left alone: a newer version set them.
/// </summary>
internal sealed class TimerRunner : RowWorker
{
    /// <summary>Pauses after the first, second, … failure; the last one repeats until <see cref="MostAttempts"/>: about a day.</summary>
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1),
    ];

    private const int MostAttempts = 30;

    /// <summary>A handler is stopped when its lease ends, so that two never work on one timer for long.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private const int AtOnce = 4;

    private readonly Database _database;
    private readonly Dictionary<string, ITimerHandler> _handlers;
    private readonly ILogger<TimerRunner> _log;

    public TimerRunner(Database database, IEnumerable<ITimerHandler> handlers, ILogger<TimerRunner> log)
        : base(log) =>
        (_database, _handlers, _log) = (database, handlers.ToDictionary(h => h.Kind), log);

    public override string Due => $"exists (select from platform.timers where failed_at is null and next_at <= now() and {IsHandled})";

    public override string NextDue => $"(select min(next_at) from platform.timers where failed_at is null and next_at > now() and {IsHandled})";

    private string IsHandled => $"kind in ({string.Join(", ", _handlers.Keys.Append("").Select(k => $"'{k}'"))})";

    /// <summary>Runs what is due now.</summary>
    /// <returns>How many timers were taken.</returns>
    public async Task<int> RunDueAsync(CancellationToken cancel)
    {
        var taken = 0;
        async Task WorkAsync()
        {
            while (await TakeAsync(cancel) is { } row)
            {
                Interlocked.Increment(ref taken);
                await RunAsync(row, cancel);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => WorkAsync()));
        return taken;
    }

    protected override Task WorkAsync(CancellationToken cancel) => RunDueAsync(cancel);

    private async Task<TimerRow?> TakeAsync(CancellationToken cancel)
    {
        await using var connection = await _database.OpenAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<TimerRow>(new CommandDefinition(
            """
            update platform.timers set attempts = attempts + 1, next_at = now() + @Lease
            where id = (select id from platform.timers where failed_at is null and next_at <= now() and kind = any(@Kinds) order by next_at, id limit 1 for update skip locked)
            returning id, kind, key, due_at, payload::text as payload, generation, attempts
            """,
            new { Lease, Kinds = _handlers.Keys.ToArray() },
            cancellationToken: cancel));
    }

    private async Task RunAsync(TimerRow row, CancellationToken cancel)
    {
        using var lease = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        lease.CancelAfter(Lease);
        try
        {
            await using var connection = await _database.OpenAsync(lease.Token);
            await using var transaction = await connection.BeginTransactionAsync(lease.Token);

            // Taken out first: the handler may set it anew, and whoever moves or cancels it meanwhile waits for the end of this.
            var isOurs = await connection.ExecuteAsync("delete from platform.timers where id = @Id and generation = @Generation and attempts = @Attempts", row, transaction) == 1;
            if (isOurs)
            {
                using var payload = JsonDocument.Parse(row.Payload);
                await _handlers[row.Kind].RunAsync(transaction, new DueTimer(row.Kind, row.Key, row.DueAt, payload.RootElement), lease.Token);
                await transaction.CommitAsync(lease.Token);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // Whatever a handler throws is its own failure: the others go on, and this one is tried again.
            await PutOffAsync(row, e, cancel);
        }
    }

    private async Task PutOffAsync(TimerRow row, Exception e, CancellationToken cancel)
    {
        var isLast = row.Attempts >= MostAttempts;
        DataLog.TimerFailed(_log, e, row.Kind, row.Key, row.Attempts, isLast ? "it is not tried again" : "it is tried again");
        await using var connection = await _database.OpenAsync(cancel);
        await connection.ExecuteAsync(
            """
            update platform.timers set next_at = now() + @Pause, last_error = left(@Message, 500), failed_at = case when @isLast then now() end
            where id = @Id and generation = @Generation and attempts = @Attempts
            """,
            new { row.Id, row.Generation, row.Attempts, isLast, e.Message, Pause = Pauses[Math.Min(row.Attempts, Pauses.Length) - 1] });
    }

    private sealed record TimerRow(Guid Id, string Kind, string Key, DateTimeOffset DueAt, string Payload, int Generation, int Attempts);
}
