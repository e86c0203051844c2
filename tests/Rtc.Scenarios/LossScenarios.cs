using Events.Tests.Rtc.Scenarios.Call;

namespace Events.Tests.Rtc.Scenarios;

public class LossScenarios
{
    private const int Top = 2;

    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    public void Two_percent_of_random_loss_cost_no_layer(double megabits) => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits);
        down.Loss = 0.02;
        simulation.RunTo(60);
        Assert.True(viewer.FirstAt(Top, 0) < 10, Scenario.Tell(viewer));
        Assert.True(viewer.ShareAtOrAbove(Top, 10, 60) > 0.99, Scenario.Tell(viewer));
    });

    [Fact]
    public void Bursts_of_loss_cost_no_layer_for_long() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3);
        down.Burst = (0.002, 0.25); // Four packets in a row, about once in 500.
        simulation.RunTo(60);
        Assert.True(viewer.ShareAtOrAbove(Top, 10, 60) > 0.95, Scenario.Tell(viewer));
    });

    [Fact]
    public void Jitter_and_overtaking_cost_no_layer_for_long() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 4);
        down.Jitter = TimeSpan.FromMilliseconds(15);
        down.Reorder = 0.02;
        simulation.RunTo(60);
        Assert.True(viewer.ShareAtOrAbove(Top, 20, 60) > 0.95, Scenario.Tell(viewer));
    });

    [Fact]
    public void A_path_that_loses_a_quarter_is_not_filled_up() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3);
        simulation.AtSecond(15, () => down.Loss = 0.25);
        simulation.RunTo(40);
        Assert.True(viewer.ShareAtOrAbove(Top, 25, 40) == 0, Scenario.Tell(viewer));
        Assert.True(viewer.AudioSent >= 40 * 50 - 5, $"{viewer.AudioSent} audio packets");
    });
}
