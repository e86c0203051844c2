namespace Events.Rtc.Protocol.Primitives;

/// <summary>
/// A point on a clock that never goes back, in nanoseconds since an arbitrary start. Protocol code takes it as an argument;
/// the worker reads it once per batch. In tests it is virtual.
/// </summary>
public readonly record struct MonotonicTime(long Nanoseconds) : IComparable<MonotonicTime>
{
    public static readonly MonotonicTime Zero = new(0);

    /// <summary>Later than every real time: "no deadline".</summary>
    public static readonly MonotonicTime Never = new(long.MaxValue);

    public static MonotonicTime FromMilliseconds(long milliseconds) => new(milliseconds * 1_000_000);

    public long Milliseconds => Nanoseconds / 1_000_000;

    public long Microseconds => Nanoseconds / 1_000;

    public bool IsNever => Nanoseconds == long.MaxValue;

    public int CompareTo(MonotonicTime other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static MonotonicTime Min(MonotonicTime a, MonotonicTime b) => a.Nanoseconds <= b.Nanoseconds ? a : b;

    /// <summary>The last multiple of an interval up to this moment.</summary>
    public MonotonicTime Down(TimeSpan interval) => new(Nanoseconds - (Nanoseconds % (interval.Ticks * TimeSpan.NanosecondsPerTick)));

    public static MonotonicTime Max(MonotonicTime a, MonotonicTime b) => a.Nanoseconds >= b.Nanoseconds ? a : b;

    public static TimeSpan operator -(MonotonicTime a, MonotonicTime b) => new((a.Nanoseconds - b.Nanoseconds) / 100);

    public static MonotonicTime operator +(MonotonicTime a, TimeSpan b) => new(a.Nanoseconds + (b.Ticks * 100));

    public static MonotonicTime operator -(MonotonicTime a, TimeSpan b) => new(a.Nanoseconds - (b.Ticks * 100));

    public static bool operator <(MonotonicTime a, MonotonicTime b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(MonotonicTime a, MonotonicTime b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(MonotonicTime a, MonotonicTime b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(MonotonicTime a, MonotonicTime b) => a.Nanoseconds >= b.Nanoseconds;

    public override string ToString() => IsNever ? "never" : $"{Nanoseconds / 1e6:F3} ms";
}
