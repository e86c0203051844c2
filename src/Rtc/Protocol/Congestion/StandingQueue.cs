using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// How long every packet waits on the way. A path that is full delays all of them; a keyframe, a radio's pause or a receiver that gets no processor delays
/// some, and the next ones are through at once. So not what the longest wait is counts but what the least is over an interval, as CoDel has it
/// (RFC 8289 §3.2: a standing queue is one whose minimum stays up), above the least that the path ever needs.
/// </summary>
public struct StandingQueue
{
    /// <summary>Half of the interval over which one packet that did not wait proves that there is no queue; RFC 8289 §3.2 takes a worst round trip, 100 ms in all.</summary>
    private static readonly TimeSpan HalfInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Half of the time over which the path's own delay is remembered: a route may become longer, and clocks drift apart by less than 100 ppm, 3 ms in
    /// this time.
    /// </summary>
    private static readonly TimeSpan HalfMemory = TimeSpan.FromSeconds(30);

    private Least _interval;
    private Least _memory;

    /// <summary>What the packets of the last 100 to 200 ms waited at least.</summary>
    public readonly TimeSpan Wait => _interval.IsEmpty ? TimeSpan.Zero : TimeSpan.FromTicks((_interval.Value - _memory.Value) / 100);

    /// <summary>The least of them, nanoseconds from one clock to the other.</summary>
    public readonly long LeastDelay => _interval.Value;

    /// <param name="sent">On our clock.</param>
    /// <param name="arrived">On the receiver's clock, which goes as fast as ours from another zero.</param>
    public void Add(MonotonicTime sent, MonotonicTime arrived)
    {
        var delay = arrived.Nanoseconds - sent.Nanoseconds;
        _memory.Add(delay, arrived, HalfMemory);
        _interval.Add(delay, arrived, HalfInterval);
    }

    /// <summary>The least value of the last one to two halves of a window.</summary>
    private struct Least
    {
        private long _older;
        private long _newer;
        private MonotonicTime _since;
        private bool _started;

        public readonly bool IsEmpty => !_started;

        public readonly long Value => Math.Min(_older, _newer);

        public void Add(long value, MonotonicTime at, TimeSpan half)
        {
            var elapsed = at - _since;
            if (!_started || elapsed >= half * 2)
            {
                _started = true;
                _older = _newer = value;
                _since = at;
            }
            else if (elapsed >= half)
            {
                _older = _newer;
                _newer = value;
                _since = at;
            }
            else
            {
                _newer = Math.Min(_newer, value);
            }
        }
    }
}
