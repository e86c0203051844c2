using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Call;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios;

public class QueueScenarios
{
    [Fact]
    public void A_queue_of_500_ms_is_backed_off_from() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3);
        down.Queue = TimeSpan.FromMilliseconds(500);
        simulation.AtSecond(15, () => down.Capacity = Bitrate.FromKilobits(900));
        simulation.RunTo(45);
        var late = viewer.AudioDelays.Where(a => a.Second > 20).Select(a => a.Delay.TotalMilliseconds).Order().ToList();
        // 25 ms of path; the queue is there, but it is not stood in.
        Assert.True(late[late.Count / 2] < 60, $"median {late[late.Count / 2]:F0} ms; {Scenario.Tell(viewer)}");
        Assert.True(late[(int)(late.Count * 0.95)] < 150, $"p95 {late[(int)(late.Count * 0.95)]:F0} ms; {Scenario.Tell(viewer)}");
        Assert.True(viewer.ShareAtOrAbove(1, 22, 45) > 0.8, Scenario.Tell(viewer));
    });

    [Fact]
    public void Audio_arrives_in_time_while_the_picture_is_cut_down() => Scenario.Run(simulation =>
    {
        var (viewer, down) = Scenario.Watch(simulation, megabits: 3);
        simulation.AtSecond(15, () => down.Capacity = Bitrate.FromKilobits(100));
        simulation.RunTo(60);
        var late = viewer.AudioDelays.Where(a => a.Second > 25).Select(a => a.Delay.TotalMilliseconds).Order().ToList();
        Assert.True(late.Count > 35 * 50 * 0.95, $"{late.Count} of {35 * 50} audio packets; {Scenario.Tell(viewer)}");
        Assert.True(late[(int)(late.Count * 0.9)] < 250, $"p90 {late[(int)(late.Count * 0.9)]:F0} ms; {Scenario.Tell(viewer)}");
    });

    [Fact]
    public void Two_viewers_behind_one_bottleneck_share_it() => Scenario.Run(simulation =>
    {
        var publisher = new LayeredPublisher(simulation, 1);
        var down = new Link(simulation, 2) { Capacity = Bitrate.FromMegabits(2) };
        var one = new Viewer(simulation, publisher, down, new Link(simulation, 3));
        var other = new Viewer(simulation, publisher, down, new Link(simulation, 4));
        simulation.RunTo(90);
        foreach (var viewer in (Viewer[])[one, other])
        {
            // 1 Mbit/s each, but layers of 150, 500 and 1,500 kbit/s: what one takes too much, the other lacks until it gives way.
            Assert.True(viewer.ShareAtOrAbove(0, 5, 90) > 0.93, Scenario.Tell(viewer));
            Assert.True(viewer.ShareAtOrAbove(1, 20, 90) > 0.5, Scenario.Tell(viewer));
            Assert.True(viewer.AudioArrived > viewer.AudioSent * 0.98, $"{viewer.AudioArrived} of {viewer.AudioSent} audio packets");
        }
    });

    [Fact]
    public void A_viewer_on_a_thin_path_does_not_disturb_one_on_a_wide_path()
    {
        List<(double, Bitrate)> Alone(int seed, bool withOther)
        {
            var simulation = new Simulation(seed);
            var publisher = new LayeredPublisher(simulation, 1);
            var wide = new Viewer(simulation, publisher, new Link(simulation, 2) { Capacity = Bitrate.FromMegabits(3), Loss = 0.01 }, new Link(simulation, 3));
            if (withOther)
            {
                // A publisher of its own: keyframes that one viewer asks for are seen by all, which is another matter.
                _ = new Viewer(
                    simulation,
                    new LayeredPublisher(simulation, 6),
                    new Link(simulation, 4) { Capacity = Bitrate.FromKilobits(300) },
                    new Link(simulation, 5));
            }

            simulation.RunTo(40);
            return wide.Estimates;
        }

        for (var seed = 1; seed <= 5; seed++)
        {
            Assert.Equal(Alone(seed, withOther: false), Alone(seed, withOther: true));
        }
    }
}
