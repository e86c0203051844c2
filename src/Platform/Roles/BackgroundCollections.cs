using System.Runtime;

namespace Events.Platform.Roles;

/// <summary>
/// Full collections of the media role happen beside its calls. The collector takes a heap of which no generation has 4 MB at once, while everything stands still
/// (<c>bgc_min_per_heap</c>), and one that is in pieces as well unless latency is what counts.
/// </summary>
internal static class BackgroundCollections
{
    /// <summary>Enough for a large heap of more than 4 MB. Never written to, so it is no memory of the machine's.</summary>
    private static byte[]? _weight;

    public static void Prepare()
    {
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        _weight = GC.AllocateUninitializedArray<byte>(8 * 1024 * 1024);
    }
}
