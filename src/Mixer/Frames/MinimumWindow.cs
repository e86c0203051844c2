namespace Events.Mixer.Frames;

/// <summary>
/// The smallest value of the last half minute. What varies in a transit time is queueing, which only ever adds: the minimum is the part
/// that stays.
/// </summary>
internal struct MinimumWindow
{
    private const long BucketNs = 2_000_000_000;
    private const int Buckets = 15;

    private long[]? _minima;
    private long _bucket;

    public readonly bool HasValue => _minima is not null;

    /// <summary>Meaningful when <see cref="HasValue"/>.</summary>
    public readonly long Minimum
    {
        get
        {
            var minimum = long.MaxValue;
            foreach (var value in _minima ?? [])
            {
                minimum = Math.Min(minimum, value);
            }

            return minimum;
        }
    }

    /// <summary>Forgets all values: what comes is of another kind.</summary>
    public void Clear() => _minima = null;

    public void Add(long nowNs, long value)
    {
        var bucket = nowNs / BucketNs;
        if (_minima is null)
        {
            _minima = new long[Buckets];
            Array.Fill(_minima, long.MaxValue);
            _bucket = bucket;
        }

        if (bucket > _bucket)
        {
            for (var i = 0; i < Math.Min(bucket - _bucket, Buckets); i++)
            {
                _minima[(int)((bucket - i) % Buckets)] = long.MaxValue;
            }

            _bucket = bucket;
        }

        ref var slot = ref _minima[(int)(_bucket % Buckets)];
        slot = Math.Min(slot, value);
    }
}
