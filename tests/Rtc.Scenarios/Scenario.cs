using Events.Tests.Rtc.Scenarios.Call;
using Events.Tests.Rtc.Scenarios.Network;
using Xunit.Sdk;

namespace Events.Tests.Rtc.Scenarios;

/// <summary>Runs a scripted call from several seeds; a failure names its seed.</summary>
internal static class Scenario
{
    /// <summary>Set to one seed to see that run again.</summary>
    private const string SeedVariable = "EVENTS_SCENARIO_SEED";

    public static void Run(Action<Simulation> script)
    {
        var chosen = Environment.GetEnvironmentVariable(SeedVariable);
        var seeds = chosen is null ? Enumerable.Range(1, Environment.GetEnvironmentVariable("EVENTS_LONG_TESTS") == "1" ? 200 : 10) : [int.Parse(chosen, System.Globalization.CultureInfo.InvariantCulture)];
        foreach (var seed in seeds)
        {
            try
            {
                script(new Simulation(seed));
            }
            catch (Exception failure)
            {
                throw new XunitException($"Seed {seed} ({SeedVariable}={seed} runs it alone): {failure.Message}", failure);
            }
        }
    }

    /// <summary>A path of 25 ms each way, and someone who watches over it.</summary>
    public static (Viewer Viewer, Link Down) Watch(Simulation simulation, double megabits, ViewerKind kind = ViewerKind.TransportWide, int part = 10)
    {
        var down = new Link(simulation, part) { Capacity = Events.Rtc.Protocol.Primitives.Bitrate.FromMegabits(megabits) };
        var up = new Link(simulation, part + 1);
        return (new Viewer(simulation, new LayeredPublisher(simulation, part + 2), down, up, kind), down);
    }

    /// <summary>What happened, for a failure's message.</summary>
    public static string Tell(Viewer viewer)
    {
        var changes = string.Join(' ', viewer.Changes.TakeLast(40).Select(c => FormattableString.Invariant($"{c.Second:F1}s→{c.Layer}")));
        var estimates = string.Join(' ', viewer.Estimates.Where((_, i) => i % 10 == 0).TakeLast(60).Select(e => FormattableString.Invariant($"{e.Second:F0}s:{e.Target.BitsPerSecond / 1000}k")));
        return $"layers {changes}; estimates {estimates}";
    }
}
