using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>When an encoding's next frame is due, from how regularly they came: cameras keep their rate, up to some jitter.</summary>
internal struct FrameRhythm
{
    /// <summary>Fewer than five a second are no rhythm.</summary>
    private static readonly TimeSpan MaxInterval = TimeSpan.FromMilliseconds(200);

    private MonotonicTime _last;
    private TimeSpan _interval;

    /// <summary>Before the second frame <see cref="MonotonicTime.Never"/>, and of a stream that stopped a moment of the past.</summary>
    public readonly MonotonicTime Next => _interval == TimeSpan.Zero ? MonotonicTime.Never : _last + _interval;

    /// <summary>A frame is complete.</summary>
    public void FrameCame(MonotonicTime now)
    {
        var interval = now - _last;
        _last = now;
        if (interval > MaxInterval)
        {
            _interval = TimeSpan.Zero;
        }
        else
        {
            _interval = _interval == TimeSpan.Zero ? interval : _interval + ((interval - _interval) / 4);
        }
    }
}
