namespace Events.Mixer.Recording;

/// <summary>The node's wall clock in nanoseconds since 1970. For stamps: what is measured, or recorded, goes by <see cref="RecordingClock"/>.</summary>
public static class NodeTime
{
    private const int NanosecondsPerTick = 100;

    public static long Now => FromDate(DateTimeOffset.UtcNow);

    public static DateTimeOffset ToDate(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);

    public static long FromDate(DateTimeOffset date) => (date - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
}
