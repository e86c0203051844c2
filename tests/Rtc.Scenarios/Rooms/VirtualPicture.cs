using System.Globalization;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What a viewer sees of one track: which layer when, and how long what was lost took to come after all.</summary>
internal sealed class VirtualPicture(Simulation simulation)
{
    private readonly Dictionary<long, double> _missing = [];
    private long _highest = -1;
    private double _last;

    /// <summary>Every change of layer.</summary>
    public List<(double Second, int Layer)> Changes { get; } = [];

    /// <summary>Longer than 500 ms without a packet: when, and how long.</summary>
    public List<(double Second, double Length)> Gaps { get; } = [];

    public long Packets { get; private set; }

    /// <summary>Packets that were missing when a later one came.</summary>
    public long Lost { get; private set; }

    /// <summary>Seconds from when it was noticed until it came.</summary>
    public List<double> Recoveries { get; } = [];

    public int Layer => Changes.Count == 0 ? -1 : Changes[^1].Layer;

    public void Received(in RtpReader packet, MonotonicTime now)
    {
        var second = simulation.Seconds;
        if (Packets > 0 && second - _last > 0.5)
        {
            Gaps.Add((_last, second - _last));
        }

        _last = second;
        Packets++;
        var layer = packet.Payload[^1];
        var sequence = packet.SequenceNumber.Value;
        var extended = _highest < 0 ? sequence : _highest + (short)(sequence - (ushort)_highest);
        if (extended > _highest)
        {
            for (var missing = _highest + 1; _highest >= 0 && missing < extended; missing++)
            {
                _missing[missing] = second;
                Lost++;
            }

            _highest = extended;
            if (layer != Layer)
            {
                Changes.Add((second, layer));
            }
        }
        else if (_missing.Remove(extended, out var since))
        {
            Recoveries.Add(second - since);
        }
    }

    /// <summary>Part of the time between two seconds during which at least this layer was shown.</summary>
    public double ShareAtOrAbove(int layer, double from, double to)
    {
        double shown = 0;
        for (var i = 0; i < Changes.Count; i++)
        {
            var end = i + 1 < Changes.Count ? Changes[i + 1].Second : to;
            if (Changes[i].Layer >= layer)
            {
                shown += Math.Max(0, Math.Min(end, to) - Math.Max(Changes[i].Second, from));
            }
        }

        // A picture that stands still is not shown, whether it went on later or not.
        var still = Gaps.Sum(g => Math.Max(0, Math.Min(g.Second + g.Length, to) - Math.Max(g.Second, from)));
        var lastShown = Math.Max(_last, from);
        still += to - lastShown > 0.5 ? to - lastShown : 0;
        return Math.Max(0, shown - still) / (to - from);
    }

    /// <summary>When this layer is first shown after a second; infinity: never.</summary>
    public double FirstAt(int layer, double after)
    {
        for (var i = 0; i < Changes.Count; i++)
        {
            var end = i + 1 < Changes.Count ? Changes[i + 1].Second : double.PositiveInfinity;
            if (Changes[i].Layer >= layer && end > after)
            {
                return Math.Max(after, Changes[i].Second);
            }
        }

        return double.PositiveInfinity;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Packets} packets, {Changes.Count} changes, layers {string.Join(' ', Changes.TakeLast(40).Select(c => FormattableString.Invariant($"{c.Second:F1}:{c.Layer}")))}, gaps {string.Join(' ', Gaps.TakeLast(20).Select(g => FormattableString.Invariant($"{g.Second:F1}+{g.Length:F1}")))}, lost {Lost}, recovered {Recoveries.Count}");
}
