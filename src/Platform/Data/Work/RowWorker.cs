using Npgsql;

namespace Events.Platform.Data.Work;

/// <summary>
/// Does what rows wait for: mails to be sent, orders to expire. All state is in the rows, which are claimed with locks or leases, so any number of platforms
/// may do it and any may die meanwhile. <see cref="WorkWatch"/> looks whether something is due, for all of them at once. What goes wrong is told in the log and tried again,
/// and ends nothing else: neither the other rows (<see cref="TryAsync"/>), nor the platform.
/// </summary>
internal abstract class RowWorker(ILogger log) : BackgroundService
{
    /// <summary>After a look at which something broke; twice as long each time. Short enough for the rows that are sound.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _wake = new(1, 1); // The first look is at once.

    private volatile bool _hasBroken;

    /// <summary>A boolean SQL expression, without parameters: something is due. It is asked often, so an index has to answer it.</summary>
    public abstract string Due { get; }

    /// <summary>
    /// A <c>timestamptz</c> SQL expression, without parameters: when something becomes due next without anybody's writing, or null. It has to lie ahead. By default
    /// nothing does.
    /// </summary>
    public virtual string NextDue => "null::timestamptz";

    /// <summary>For what no row tells of; by default never.</summary>
    protected virtual TimeSpan AtLeastEvery => Timeout.InfiniteTimeSpan;

    /// <summary>Something has become due: look now rather than when it is noticed.</summary>
    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A look is due already.
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
    }

    /// <summary>Does all that is due, or so much of it that others have their turn.</summary>
    protected abstract Task WorkAsync(CancellationToken cancel);

    /// <summary>The part of the work that is about one row, or stands for itself: what breaks at it holds nothing else up. A database that is away does.</summary>
    /// <param name="what">Its name in the log: a kind and an id.</param>
    /// <param name="work">What is done.</param>
    protected async Task TryAsync(string what, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (IsOfTheRow(e))
        {
            DataLog.WorkFailed(log, e, what);
            _hasBroken = true;
        }
    }

    /// <summary>Neither the database, nor the end of the process; of what PostgreSQL says, what the data are to blame for (classes 22 and 23).</summary>
    protected static bool IsOfTheRow(Exception e) => e is PostgresException { SqlState: ['2', '2' or '3', ..] } || e is not (NpgsqlException or TimeoutException or OperationCanceledException);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = ShortestPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(AtLeastEvery, stoppingToken);
                _hasBroken = false;
                await WorkAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                DataLog.WorkWaits(log, e.Message); // What is still due is noticed again.
            }
            catch (Exception e)
            {
                DataLog.WorkFailed(log, e, GetType().Name);
                _hasBroken = true;
            }

            if (!_hasBroken)
            {
                pause = ShortestPause;
                continue;
            }

            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}

/// <summary>Registration.</summary>
internal static class RowWorkers
{
    public static void AddRowWorker<T>(this IServiceCollection services)
        where T : RowWorker
    {
        services.AddSingleton<T>();
        services.AddSingleton<RowWorker>(provider => provider.GetRequiredService<T>());
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }
}
