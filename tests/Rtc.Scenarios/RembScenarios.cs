using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Call;

namespace Events.Tests.Rtc.Scenarios;

public class RembScenarios
{
    [Fact]
    public void A_viewer_that_knows_only_remb_comes_to_the_top_layer_and_back_down() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3, ViewerKind.Remb);
        simulation.AtSecond(60, () => down.Capacity = Bitrate.FromKilobits(400));
        simulation.RunTo(90);
        Assert.True(viewer.FirstAt(2, 0) < 45, Scenario.Tell(viewer));
        Assert.True(viewer.ShareAtOrAbove(1, 68, 90) < 0.1, Scenario.Tell(viewer));
        Assert.True(viewer.ShareAtOrAbove(0, 68, 90) > 0.7, Scenario.Tell(viewer));
    });
}
