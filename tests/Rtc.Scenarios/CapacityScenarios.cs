using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Call;

namespace Events.Tests.Rtc.Scenarios;

public class CapacityScenarios
{
    private const int Top = 2;

    [Fact]
    public void An_estimate_from_300_kbit_reaches_3_megabit_within_ten_seconds() => Scenario.Run(simulation =>
    {
        var (viewer, _) = Scenario.Watch(simulation, megabits: 3);
        simulation.RunTo(10);
        Assert.True(viewer.FirstAt(Top, 0) < 8, Scenario.Tell(viewer));
        // The estimate has to carry everything that is wanted, with its margin; beyond that nobody probes.
        var needed = LayeredPublisher.Layers[Top].Rate.BitsPerSecond + LayeredPublisher.AudioRate.BitsPerSecond;
        Assert.True(viewer.Estimates[^1].Target.BitsPerSecond > needed, Scenario.Tell(viewer));
    });

    [Fact]
    public void The_top_layer_is_back_ten_seconds_after_a_drop_to_300_kbit_has_ended() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3);
        simulation.AtSecond(20, () => down.Capacity = Bitrate.FromKilobits(300));
        simulation.AtSecond(60, () => down.Capacity = Bitrate.FromMegabits(3));
        simulation.RunTo(80);
        Assert.True(viewer.ShareAtOrAbove(Top, 10, 20) > 0.9, Scenario.Tell(viewer));
        Assert.True(viewer.ShareAtOrAbove(1, 25, 60) == 0, Scenario.Tell(viewer));
        Assert.True(viewer.ShareAtOrAbove(0, 25, 60) > 0.9, Scenario.Tell(viewer));
        Assert.True(viewer.FirstAt(Top, 60) <= 70, Scenario.Tell(viewer));
        Assert.True(viewer.AudioArrived > viewer.AudioSent * 0.97, $"{viewer.AudioArrived} of {viewer.AudioSent} audio packets");
    });
}
