using Npgsql;

namespace Events.Platform.Data.Work;

/// <summary>
/// Asks once a second, in one prepared statement, which workers have something to do. Each with a poll of its own would be ten times the statements, and
/// most of what an idle installation does.
/// </summary>
internal sealed class WorkWatch(Database database, IEnumerable<RowWorker> workers, ILogger<WorkWatch> log) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

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
                await Task.Delay(Poll, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WatchAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "select " + string.Join(",\n", _workers.Select(w => $"({w.Due})"));
        await command.PrepareAsync(cancel);
        using var timer = new PeriodicTimer(Poll);
        do
        {
            await using var row = await command.ExecuteReaderAsync(cancel);
            await row.ReadAsync(cancel);
            _problem = null;
            for (var i = 0; i < _workers.Length; i++)
            {
                if (row.GetBoolean(i))
                {
                    _workers[i].Wake();
                }
            }
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }
}
