using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Network;
using Xunit.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>Sound on lossy networks, with redundancy (RFC 2198) and without: the real room in virtual time.</summary>
public class RedScenarios(ITestOutputHelper output)
{
    private const int Seconds = 60;

    /// <summary>Frames of 20 ms that are said while packets are lost.</summary>
    private const int LossFrom = 3, Said = 50 * (Seconds - LossFrom);

    private static readonly CameraPlan Plain = new(10, Bitrate.FromKilobits(100));
    private static readonly CameraPlan Red = Plain with { AudioRed = true };

    [Theory]
    [InlineData(0.10)]
    [InlineData(0.20)]
    public void At_10_and_20_percent_of_loss_each_way_redundancy_makes_a_voice_whole_again(double loss) => Scenario.Run(simulation =>
    {
        var (with, presence) = Run(simulation, Red, loss, loss, takesRed: true);
        var (without, bare) = Run(new Simulation(simulation.Seed), Plain, loss, loss, takesRed: true);
        output.WriteLine($"{loss:P0} each way: {presence:P1} with redundancy, {bare:P1} without");

        // Two ways lose together p = 1 − (1 − loss)²; a frame is missing only when the next packet is too: p².
        var lost = 1 - ((1 - loss) * (1 - loss));
        Assert.InRange(bare, 1 - lost - 0.04, 1 - lost + 0.04);
        Assert.InRange(presence, 1 - (lost * lost) - 0.04, 1);
        Assert.True(with.RedPackets > 0 && without.RedPackets == 0 && with.PlainPackets <= 2, $"{with}; {without}");
        Assert.Equal(0, with.Twice);
    });

    [Fact]
    public void Who_does_not_take_redundancy_is_given_what_it_holds_of_what_was_lost_on_the_publishers_way() => Scenario.Run(simulation =>
    {
        var (sound, presence) = Run(simulation, Red, up: 0.15, down: 0, takesRed: false);
        var (_, bare) = Run(new Simulation(simulation.Seed), Plain, up: 0.15, down: 0, takesRed: false);
        output.WriteLine($"15 % on the publisher's way: {presence:P1} with redundancy on it, {bare:P1} without");
        Assert.Equal((0, 0), (sound.RedPackets, sound.Twice));
        Assert.InRange(presence, 1 - (0.15 * 0.15) - 0.02, 1);
        Assert.InRange(bare, 0.81, 0.89);
        // A number is missing only where nobody could give the moment any more.
        Assert.InRange(sound.MissingNumbers, 1, (int)(Said * 0.05));
    });

    [Fact]
    public void Packets_that_overtake_each_other_are_given_once() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Red], viewers: 2, takesRed: viewer => viewer == 0);
        call.Publisher.Up.Reorder = 0.1;
        call.Publisher.Up.OvertakenBy = TimeSpan.FromMilliseconds(50);
        call.Publisher.Up.Loss = 0.05;
        simulation.RunTo(Seconds);
        foreach (var viewer in call.Viewers)
        {
            var sound = Assert.Single(viewer.Sounds);
            Assert.Equal(0, sound.Twice);
            Assert.True(sound.Heard > 50 * (Seconds - 2) * 0.98, $"{sound}; {call.Tell()}");
        }
    });

    [Fact]
    public void A_viewer_with_redundancy_and_one_without_hear_the_same_publisher() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Red, Plain], viewers: 2, takesRed: viewer => viewer == 0);
        simulation.RunTo(20);
        var (takes, others) = (call.Viewers[0].Sounds.ToList(), call.Viewers[1].Sounds.ToList());
        Assert.Single(takes, s => s.RedPackets > 800);
        Assert.Single(takes, s => s is { RedPackets: 0, PlainPackets: > 800 });
        Assert.Equal(2, others.Count(s => s is { RedPackets: 0, PlainPackets: > 800 }));
        Assert.All(takes.Concat(others), s => Assert.Equal((0, 0), (s.Twice, s.MissingNumbers)));
    });

    /// <returns>What was heard, and which part of what was said while packets were lost.</returns>
    private static (VirtualSound Sound, double Presence) Run(Simulation simulation, CameraPlan plan, double up, double down, bool takesRed)
    {
        using var call = new VirtualCall(simulation, [plan], viewers: 1, takesRed: _ => takesRed);
        simulation.AtSecond(LossFrom, () => (call.Publisher.Up.Loss, call.Viewer.Down.Loss) = (up, down));
        simulation.RunTo(LossFrom);
        var sound = Assert.Single(call.Viewer.Sounds);
        var before = sound.Heard;
        simulation.RunTo(Seconds);
        return (sound, Math.Min(1, (sound.Heard - before) / (double)Said));
    }
}
