using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Scenarios.Network;

/// <summary>Virtual time: what happens when, in order, on one thread. The same seed gives the same run.</summary>
internal sealed class Simulation(int seed)
{
    private readonly PriorityQueue<Action, (long At, long Order)> _queue = new();
    private long _order;

    public int Seed { get; } = seed;

    public MonotonicTime Now { get; private set; } = MonotonicTime.FromMilliseconds(1_000);

    public double Seconds => (Now.Nanoseconds / 1e9) - 1;

    /// <summary>A source of chance of its own, so that one part's draws do not move another's.</summary>
    public Random Chance(int part) => new(unchecked((Seed * 7_919) + part));

    public void At(MonotonicTime time, Action action) => _queue.Enqueue(action, (Math.Max(time.Nanoseconds, Now.Nanoseconds), _order++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>At this second of the run.</summary>
    public void AtSecond(double second, Action action) => At(MonotonicTime.FromMilliseconds(1_000 + (long)(second * 1_000)), action);

    public void Every(TimeSpan interval, Action action)
    {
        void Again()
        {
            action();
            After(interval, Again);
        }

        After(interval, Again);
    }

    /// <summary>Runs up to this second.</summary>
    public void RunTo(double second)
    {
        var end = MonotonicTime.FromMilliseconds(1_000 + (long)(second * 1_000));
        while (_queue.TryPeek(out var action, out var key) && key.At <= end.Nanoseconds)
        {
            _queue.Dequeue();
            Now = new(key.At);
            action();
        }

        Now = end;
    }
}
