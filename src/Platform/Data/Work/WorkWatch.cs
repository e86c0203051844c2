using Npgsql;

namespace Events.Platform.Data.Work;

/// <summary>
/// Asks in one prepared statement which workers have something to do: at most once a second, when somebody here has used the database, when the clock makes
/// something due, and now and then in any case, for what another platform has left undone. An installation that nobody uses has nothing to ask for.
/// </summary>
internal sealed class WorkWatch(Database database, IEnumerable<RowWorker> workers, ILogger<WorkWatch> log) : BackgroundService
{
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(10);

    /// <summary>A timer may come a moment early, and would find nothing due.</summary>
    private static readonly TimeSpan Beyond = TimeSpan.FromMilliseconds(20);

    private readonly RowWorker[] _workers = [.. workers];
    private string? _problem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WatchAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                if (e.Message != _problem)
                {
                    DataLog.WorkWaits(log, e.Message); // Not every second for as long as it lasts.
                }

                _problem = e.Message;
                await Task.Delay(Soonest, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WatchAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = $"""
            select extract(epoch from least({string.Join(",\n", _workers.Select(w => w.NextDue))}) - now())::float8,
            {string.Join(",\n", _workers.Select(w => $"({w.Due})"))}
            """;
        await command.PrepareAsync(cancel);
        while (true)
        {
            var use = database.NextUseAsync();
            var wait = await LookAsync(command, cancel);
            await Task.Delay(Soonest, cancel);
            await use.WaitAsync(wait - Soonest, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Wakes whose turn it is; how long nothing else becomes due by itself, within the bounds.</summary>
    private async Task<TimeSpan> LookAsync(NpgsqlCommand command, CancellationToken cancel)
    {
        await using var row = await command.ExecuteReaderAsync(cancel);
        await row.ReadAsync(cancel);
        _problem = null;
        var wait = row.IsDBNull(0) ? Latest : TimeSpan.FromSeconds(Math.Clamp(row.GetDouble(0), 0, Latest.TotalSeconds)) + Beyond;
        wait = wait < Soonest ? Soonest : wait;
        for (var i = 0; i < _workers.Length; i++)
        {
            if (row.GetBoolean(i + 1))
            {
                _workers[i].Wake();
                wait = Soonest; // It may not get all of it done.
            }
        }

        return wait;
    }
}
