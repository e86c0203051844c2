namespace Events.Mixer.Recording;

/// <summary>
/// The time of one recording: what the wall clock said when it was accepted, or resumed, counted on by the machine's monotonic clock. So no wait is longer, and no moment of
/// the recording elsewhere, for a wall clock that is set meanwhile. Media and mixer share a machine, so also this clock; the relay tells its times by it.
/// </summary>
public sealed class RecordingClock
{
    private readonly TimeProvider _time;
    private readonly long _offset;

    /// <param name="time">The machine's clocks.</param>
    /// <param name="notBefore">The recording knows of this moment already: its time does not go back over a restart either.</param>
    public RecordingClock(TimeProvider time, long notBefore = 0)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _offset = Math.Max(NodeTime.FromDate(time.GetUtcNow()), notBefore) - Monotonic;
    }

    /// <summary>Nanoseconds since 1970.</summary>
    public long Now => OfRelay(Monotonic);

    private long Monotonic => (long)((Int128)_time.GetTimestamp() * 1_000_000_000 / _time.TimestampFrequency);

    /// <summary>The moment that the relay tells as nanoseconds of the monotonic clock.</summary>
    public long OfRelay(long monotonic) => monotonic + _offset;
}
