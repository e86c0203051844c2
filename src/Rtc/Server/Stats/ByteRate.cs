using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Stats;

/// <summary>A rate from a counter that grows: looked at once a second, so that the packets' way has nothing but the counter.</summary>
internal struct ByteRate
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private MonotonicTime _since;
    private long _bytes;

    /// <summary>Over the last second; 0 in the first.</summary>
    public long BitsPerSecond { get; private set; }

    /// <summary>Takes the counter, if it is time.</summary>
    public void Advance(long bytes, MonotonicTime now)
    {
        var elapsed = now - _since;
        if (elapsed < Interval)
        {
            return;
        }

        BitsPerSecond = _since == MonotonicTime.Zero ? 0 : (long)((bytes - _bytes) * 8 / elapsed.TotalSeconds);
        _since = now;
        _bytes = bytes;
    }
}
