namespace Events.Mixer.Recording;

/// <summary>The node's wall clock as the relay counts it: nanoseconds since 1970. Media and mixer roles share a machine, so also a clock.</summary>
public static class NodeTime
{
    private const int NanosecondsPerTick = 100;

    public static long Now => FromDate(DateTimeOffset.UtcNow);

    public static DateTimeOffset ToDate(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);

    public static long FromDate(DateTimeOffset date) => (date - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
}
