using System.Runtime.InteropServices;

namespace Events.Platform.Composition;

/// <summary>
/// At most so many within a window, for each key; the window slides by sixths. A key is brought up to date when it is asked for, so what nobody comes to costs nothing:
/// see docs/decisions/0013-limits-without-a-timer.md.
/// </summary>
internal sealed class SlidingWindows<TKey>(int permits, TimeSpan window, TimeProvider? clock = null)
    where TKey : notnull
{
    public const int Segments = 6;

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Counts> _byKey = [];
    private long _swept;

    /// <summary>How long until some of what was used is free again, at most.</summary>
    public TimeSpan Segment { get; } = window / Segments;

    /// <summary>Keys that used something within the window, and some that did within the one before.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byKey.Count;
            }
        }
    }

    public bool TryTake(TKey key) => TryTake(key, 1, out _);

    /// <summary>What belongs together is taken whole while anything is left, even if that is less.</summary>
    public bool TryTake(TKey key, int count) => TryTake(key, count, out _);

    /// <param name="key">Whose.</param>
    /// <param name="left">What may still be taken now.</param>
    public bool TryTake(TKey key, out int left) => TryTake(key, 1, out left);

    private bool TryTake(TKey key, int count, out int left)
    {
        lock (_gate)
        {
            var segment = (long)(_clock.GetElapsedTime(0) / Segment);
            Sweep(segment);
            ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_byKey, key, out _);
            counts.Advance(segment);
            var isAdmitted = counts.Sum < permits;
            if (isAdmitted)
            {
                counts.Add(count);
            }

            left = permits - counts.Sum;
            return isAdmitted;
        }
    }

    /// <summary>Forgets who has used nothing for a window, once in so long.</summary>
    private void Sweep(long segment)
    {
        if (segment - _swept < Segments)
        {
            return;
        }

        _swept = segment;
        foreach (var (key, counts) in _byKey)
        {
            if (segment - counts.Newest >= Segments)
            {
                _byKey.Remove(key);
            }
        }
    }

    private struct Counts
    {
        private Ring _used;

        /// <summary>The segment that was last advanced to.</summary>
        public long Newest;
        public int Sum;

        public void Advance(long segment)
        {
            if (segment - Newest >= Segments)
            {
                _used = default;
                Sum = 0;
                Newest = segment;
            }

            while (Newest < segment)
            {
                Newest++;
                Sum -= _used[(int)(Newest % Segments)];
                _used[(int)(Newest % Segments)] = 0;
            }
        }

        public void Add(int count)
        {
            _used[(int)(Newest % Segments)] += count;
            Sum += count;
        }

        [System.Runtime.CompilerServices.InlineArray(Segments)]
        private struct Ring
        {
            private int _first;
        }
    }
}
