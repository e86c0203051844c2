using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Scenarios.Network;

/// <summary>
/// One direction of a path: a bottleneck with a queue that drops at its end, a delay with jitter, loss at random and in bursts
/// (Gilbert–Elliott), packets that overtake. Everything may change while it runs.
/// </summary>
internal sealed class Link(Simulation simulation, int part)
{
    private readonly Random _chance = simulation.Chance(part);
    private MonotonicTime _busyUntil;
    private MonotonicTime _lastArrival;
    private bool _inBurst;
    private MonotonicTime _stallsAt;
    private MonotonicTime _stalledUntil;

    public Bitrate Capacity { get; set; } = Bitrate.FromMegabits(100);

    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Added to the delay, evenly from zero; order is kept.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>At random, 0…1.</summary>
    public double Loss { get; set; }

    /// <summary>Chance per packet that a burst of loss begins, and that it ends.</summary>
    public (double Begin, double End) Burst { get; set; } = (0, 1);

    /// <summary>Chance that a packet is overtaken by those of the next <see cref="OvertakenBy"/>.</summary>
    public double Reorder { get; set; }

    public TimeSpan OvertakenBy { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Longest wait at the bottleneck; what would wait longer is dropped.</summary>
    public TimeSpan Queue { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// A receiver that gets no processor at times: how long it lies still at most and between two times on average, and how long it takes over a packet of those
    /// that have waited. Zero: never.
    /// </summary>
    public (TimeSpan UpTo, TimeSpan Every, TimeSpan Each) Stalls { get; set; }

    public long Delivered { get; private set; }

    public long Dropped { get; private set; }

    public long Lost { get; private set; }

    public TimeSpan QueueDelay => _busyUntil > simulation.Now ? _busyUntil - simulation.Now : TimeSpan.Zero;

    public void Send(int bytes, Action deliver, Action? lost = null)
    {
        var now = simulation.Now;
        if (QueueDelay > Queue)
        {
            Dropped++;
            lost?.Invoke();
            return;
        }

        _busyUntil = MonotonicTime.Max(_busyUntil, now) + TimeSpan.FromSeconds(bytes * 8.0 / Capacity.BitsPerSecond);
        // Both are drawn for every packet, so that changing one chance does not shift the other's draws.
        var burstDraw = _chance.NextDouble();
        var lossDraw = _chance.NextDouble();
        _inBurst = _inBurst ? burstDraw >= Burst.End : burstDraw < Burst.Begin;
        if (_inBurst || lossDraw < Loss)
        {
            Lost++;
            lost?.Invoke();
            return;
        }

        Delivered++;
        var arrival = _busyUntil + Delay + (Jitter * _chance.NextDouble());
        if (Reorder > 0 && _chance.NextDouble() < Reorder)
        {
            simulation.At(arrival + OvertakenBy, deliver);
            return;
        }

        _lastArrival = Stalled(MonotonicTime.Max(_lastArrival, arrival));
        simulation.At(_lastArrival, deliver);
    }

    /// <summary>When a packet that has come is read.</summary>
    private MonotonicTime Stalled(MonotonicTime arrival)
    {
        if (Stalls.UpTo == TimeSpan.Zero)
        {
            return arrival;
        }

        while (_stallsAt <= arrival)
        {
            _stalledUntil = _stallsAt + (Stalls.UpTo * _chance.NextDouble());
            _stallsAt = _stalledUntil + (Stalls.Every * (2 * _chance.NextDouble()));
        }

        return arrival < _stalledUntil ? _stalledUntil : _lastArrival == arrival ? arrival + Stalls.Each : arrival;
    }
}
