using System.Runtime;

namespace Events.Platform.Roles;

/// <summary>
/// Full collections of the media role happen beside its calls. The collector makes one while everything stands still if no generation has 4 MB (<c>bgc_min_per_heap</c>), if
/// the heap is in pieces and latency does not count, or if its thread, which ends after 20 s without work, has not begun yet when it is needed.
/// </summary>
internal sealed class BackgroundCollections : BackgroundService
{
    /// <summary>The thread lives on.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Less than people who come and go leave behind in that time: nobody does, so nothing is to collect.</summary>
    private const long Quiet = 1024 * 1024;

    /// <summary>Enough for a large heap of more than 4 MB. Never written to, so it is no memory of the machine's.</summary>
    private static byte[]? _weight;

    /// <summary>Before anything is collected.</summary>
    public static void Prepare()
    {
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        _weight = GC.AllocateUninitializedArray<byte>(8 * 1024 * 1024);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var allocated = GC.GetTotalAllocatedBytes();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var before = allocated;
            allocated = GC.GetTotalAllocatedBytes();
            if (allocated - before > Quiet)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
            }
        }
    }
}
