namespace Events.Mixer.Frames;

/// <summary>An offset between two clocks that follows its target without jumps.</summary>
internal struct SlewedOffset
{
    /// <summary>Half a per cent: five milliseconds a second, fifty times the drift of a bad crystal, unseen and unheard.</summary>
    private const long RateDivisor = 200;

    private long _last;
    private bool _set;

    /// <summary>The offset in use, nanoseconds.</summary>
    public long Value { get; private set; }

    public readonly bool IsSet => _set;

    /// <summary>Moves towards the target by at most the rate; the first call takes it as it is.</summary>
    public void Follow(long nowNs, long target)
    {
        if (!_set)
        {
            _set = true;
            Value = target;
            _last = nowNs;
            return;
        }

        var step = Math.Max(0, nowNs - _last) / RateDivisor;
        Value += Math.Clamp(target - Value, -step, step);
        _last = Math.Max(_last, nowNs);
    }

    public void Jump(long nowNs, long value)
    {
        _set = true;
        Value = value;
        _last = nowNs;
    }
}
