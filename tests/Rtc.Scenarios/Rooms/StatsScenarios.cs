using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What is told of a room is what its network does.</summary>
public class StatsScenarios
{
    private static readonly CameraPlan Layered = new(30, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500), Bitrate.FromKilobits(1_500));

    [Fact]
    public void Loss_and_round_trip_of_each_viewer_are_told_and_the_worst_comes_first() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Layered], viewers: 3);
        var lossy = call.Viewers[1];
        lossy.Down.Loss = 0.08;
        simulation.RunTo(30);
        var stats = call.Stats();

        Assert.Equal((1, 3, 0), (stats.Totals.Publishers, stats.Totals.Viewers, stats.Totals.OverTcp));
        Assert.Equal($"person-{call.People.IndexOf(lossy)}", stats.Viewers[0].Identity);
        Assert.InRange(stats.Viewers[0].Loss, 0.03, 0.15);
        Assert.All(stats.Viewers.Skip(1), v => Assert.InRange(v.Loss, 0, 0.01));
        Assert.All(stats.Viewers, v => Assert.InRange(v.RoundTripMs ?? 0, 1, 500));
        Assert.True(stats.Totals.Loss > 0.01, stats.Totals.ToString());
    });

    [Fact]
    public void Loss_on_the_publishers_way_is_told_as_the_publishers() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        call.Publisher.Up.Loss = 0.10;
        var worst = 0.0;
        simulation.Every(TimeSpan.FromSeconds(1), () => worst = Math.Max(worst, call.Stats().Publishers.SelectMany(p => p.Tracks).SelectMany(t => t.Encodings).Max(e => (double?)e.Loss) ?? 0));
        simulation.RunTo(20);
        var camera = call.Stats().Publishers[0].Tracks.SelectMany(t => t.Encodings).MaxBy(e => e.Bitrate)!;
        Assert.InRange(camera.Lost / (double)(camera.Packets + camera.Lost), 0.05, 0.15);
        Assert.InRange(worst, 0.05, 0.5);
        Assert.InRange(call.Stats().Viewers[0].Loss, 0, 0.02);
    });

    [Fact]
    public void A_line_that_is_too_thin_is_told_with_its_estimate_and_the_picture_that_is_held() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        call.Viewer.Down.Capacity = Bitrate.FromMegabits(3);
        simulation.AtSecond(20, () => call.Viewer.Down.Capacity = Bitrate.FromKilobits(60));
        simulation.RunTo(15);
        var before = call.Stats();
        Assert.Equal((0, 0), (before.Totals.HeldBack, before.Totals.Frozen));
        Assert.InRange(before.Viewers[0].Bitrate, 1_000_000, 2_500_000);
        simulation.RunTo(45);
        var after = call.Stats();
        var picture = after.Viewers[0].Subscriptions.Single(s => s.Layer is not null || s.Paused is not null);
        Assert.Equal((1, 1, "bandwidth", true), (after.Totals.HeldBack, after.Totals.Frozen, picture.Paused, picture.Frozen));
        Assert.True(picture is { Freezes: > 0, FrozenMs: > 5_000 }, picture.ToString());
        Assert.InRange(after.Viewers[0].Estimate!.Value, 1, 200_000);
        Assert.True(after.Viewers[0].Paced > 0, after.Viewers[0].ToString());
    });
}
