using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What others are told of one whose network went away while its place is kept.</summary>
public class ReconnectScenarios
{
    private static readonly CameraPlan Plain = new(15, Bitrate.FromKilobits(300)) { HasLayers = false };

    [Fact]
    public void Others_are_told_of_a_network_that_went_away_and_came_back() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain, Plain], viewers: 1);
        var (lost, other, viewer) = (call.People[0], call.People[1], call.Viewer);
        simulation.AtSecond(10, () => lost.Up.Loss = lost.Down.Loss = 1);
        simulation.AtSecond(25, () => lost.Up.Loss = lost.Down.Loss = 0);
        simulation.RunTo(40);
        foreach (var told in (VirtualPerson[])[other, viewer])
        {
            Assert.Equal([("person-0", true), ("person-0", false)], told.Reconnections.Select(r => (r.Name, r.IsLost)));
            Assert.InRange(told.Reconnections[0].Second, 17, 21);
            Assert.InRange(told.Reconnections[1].Second, 25, 29);
        }

        Assert.Empty(lost.Reconnections); // It heard nothing, and it is not told of itself.
    });

    [Fact]
    public void A_bad_network_and_a_silent_camera_are_no_lost_connection() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain, Plain], viewers: 1);
        simulation.AtSecond(3, () => call.People.ForEach(person =>
        {
            person.Up.Loss = person.Down.Loss = 0.05;
            person.Up.Jitter = TimeSpan.FromMilliseconds(100);
        }));
        simulation.AtSecond(5, () => call.Publisher.Camera!.IsOff = true);
        simulation.RunTo(60);
        Assert.All(call.People, p => Assert.Empty(p.Reconnections));
    });
}
