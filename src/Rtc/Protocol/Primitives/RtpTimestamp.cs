namespace Events.Rtc.Protocol.Primitives;

/// <summary>A 32-bit RTP timestamp with serial arithmetic; its unit is the codec's clock rate.</summary>
public readonly record struct RtpTimestamp(uint Value)
{
    /// <summary>Signed distance from <paramref name="other"/> to this in clock ticks.</summary>
    public int DistanceFrom(RtpTimestamp other) => (int)(Value - other.Value);

    public bool IsNewerThan(RtpTimestamp other) => DistanceFrom(other) > 0;

    public static RtpTimestamp operator +(RtpTimestamp a, uint delta) => new(a.Value + delta);
}

/// <summary>Extends 32-bit RTP timestamps to 64 bits.</summary>
public struct TimestampUnwrapper
{
    private long _last;
    private bool _started;

    public long Unwrap(uint value)
    {
        if (!_started)
        {
            _started = true;
            _last = (1L << 32) + value;
            return _last;
        }

        var extended = _last + (int)(value - (uint)_last);
        if (extended > _last)
        {
            _last = extended;
        }

        return extended;
    }
}
