using Npgsql;

namespace Events.Platform.Data.Work;

/// <summary>
/// Does what rows wait for: mails to be sent, orders to expire. All state is in the rows, which are claimed with locks or leases, so any number of platforms
/// may do it and any may die meanwhile. <see cref="WorkWatch"/> looks whether something is due, for all of them at once.
/// </summary>
internal abstract class RowWorker(ILogger log) : BackgroundService
{
    private readonly SemaphoreSlim _wake = new(1, 1); // The first look is at once.

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

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(AtLeastEvery, stoppingToken);
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
