using System.Diagnostics;
using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Call;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios;

public class ReplayScenarios(Xunit.Abstractions.ITestOutputHelper output)
{
    private static Viewer BadDay(int seed, double seconds)
    {
        var simulation = new Simulation(seed);
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3);
        down.Loss = 0.01;
        down.Burst = (0.001, 0.2);
        down.Jitter = TimeSpan.FromMilliseconds(8);
        down.Reorder = 0.005;
        var chance = simulation.Chance(99);
        simulation.Every(TimeSpan.FromSeconds(20), () => down.Capacity = Bitrate.FromKilobits(chance.Next(200, 4_000)));
        simulation.RunTo(seconds);
        return viewer;
    }

    [Fact]
    public void The_same_seed_gives_the_same_call()
    {
        var first = BadDay(7, 120);
        var second = BadDay(7, 120);
        Assert.Equal(first.Estimates, second.Estimates);
        Assert.Equal(first.Changes, second.Changes);
        Assert.Equal(first.AudioDelays, second.AudioDelays);
        Assert.NotEqual(first.Estimates, BadDay(8, 120).Estimates);
    }

    [Fact]
    public void An_hour_of_a_bad_network_runs_in_seconds_and_audio_goes_through()
    {
        var watch = Stopwatch.StartNew();
        var viewer = BadDay(3, 3_600);
        output.WriteLine(FormattableString.Invariant(
            $"{watch.Elapsed.TotalSeconds:F1} s, layers 0+ {viewer.ShareAtOrAbove(0, 0, 3_600):P1}, 1+ {viewer.ShareAtOrAbove(1, 0, 3_600):P1}, 2 {viewer.ShareAtOrAbove(2, 0, 3_600):P1}, audio {(double)viewer.AudioArrived / viewer.AudioSent:P2}, padding {(double)viewer.PaddingBytes / viewer.MediaBytes:P2}"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"took {watch.Elapsed}"); // Seconds; the bound is for a loaded machine.
        Assert.True(viewer.ShareAtOrAbove(0, 0, 3_600) > 0.97, Scenario.Tell(viewer));
        Assert.True(viewer.ShareAtOrAbove(1, 0, 3_600) > 0.6, Scenario.Tell(viewer));
        Assert.True(viewer.AudioArrived > viewer.AudioSent * 0.95, $"{viewer.AudioArrived} of {viewer.AudioSent} audio packets");
        Assert.True(viewer.PaddingBytes < viewer.MediaBytes * 0.03, $"{viewer.PaddingBytes} bytes of padding for {viewer.MediaBytes} of media");
    }
}
