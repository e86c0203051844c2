using System.Diagnostics;
using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Network;
using Xunit.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>The real room in virtual time: what viewers see on bad networks.</summary>
public class RoomScenarios(ITestOutputHelper output)
{
    private const int Top = 2;

    private static readonly CameraPlan Layered = new(30, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500), Bitrate.FromKilobits(1_500));

    [Fact]
    public void The_top_layer_is_back_ten_seconds_after_a_drop_to_300_kbit_has_ended() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        call.Viewer.Down.Capacity = Bitrate.FromMegabits(3);
        simulation.AtSecond(20, () => call.Viewer.Down.Capacity = Bitrate.FromKilobits(300));
        var padding = 0L;
        simulation.AtSecond(60, () =>
        {
            call.Viewer.Down.Capacity = Bitrate.FromMegabits(3);
            padding = call.Worker.Counters.PaddingSent;
        });
        simulation.RunTo(80);
        var picture = call.Viewer.Picture;
        Assert.True(picture.ShareAtOrAbove(Top, 10, 20) > 0.95, call.Tell());
        Assert.True(picture.ShareAtOrAbove(1, 25, 60) < 0.02, call.Tell());
        Assert.True(picture.ShareAtOrAbove(0, 25, 60) > 0.9, call.Tell());
        Assert.True(picture.FirstAt(Top, 60) <= 67, call.Tell());
        Assert.True(call.Worker.Counters.PaddingSent > padding, call.Tell()); // By probes: the lowest layer alone would not show that there is room.
        call.ExpectSound(0.95);
    });

    [Fact]
    public void Two_percent_of_random_loss_cost_no_layer() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        call.Viewer.Down.Capacity = Bitrate.FromMegabits(3);
        call.Viewer.Down.Loss = 0.02;
        simulation.RunTo(60);
        Assert.True(call.Viewer.Picture.ShareAtOrAbove(Top, 10, 60) > 0.98, call.Tell());
    });

    [Fact]
    public void A_queue_of_500_ms_is_backed_off_from() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        var down = call.Viewer.Down;
        down.Capacity = Bitrate.FromMegabits(3);
        down.Queue = TimeSpan.FromMilliseconds(500);
        simulation.AtSecond(15, () => down.Capacity = Bitrate.FromKilobits(900));
        var delays = new List<double>();
        simulation.Every(TimeSpan.FromMilliseconds(20), () =>
        {
            if (simulation.Seconds > 20)
            {
                delays.Add(down.QueueDelay.TotalMilliseconds);
            }
        });
        simulation.RunTo(45);
        delays.Sort();
        Assert.True(delays[delays.Count / 2] < 40, $"median {delays[delays.Count / 2]:F0} ms; {call.Tell()}");
        Assert.True(delays[(int)(delays.Count * 0.95)] < 150, $"p95 {delays[(int)(delays.Count * 0.95)]:F0} ms; {call.Tell()}");
        Assert.True(call.Viewer.Picture.ShareAtOrAbove(1, 22, 45) > 0.8, call.Tell());
    });

    [Fact]
    public void A_picture_without_layers_is_held_while_it_does_not_fit_and_comes_back() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, new CameraPlan(30, Bitrate.FromKilobits(1_500)));
        var viewer = call.Viewer;
        viewer.Down.Capacity = Bitrate.FromMegabits(3);
        simulation.AtSecond(15, () => viewer.Down.Capacity = Bitrate.FromKilobits(400));
        simulation.RunTo(30);
        Assert.True(viewer.Picture.ShareAtOrAbove(0, 1, 15) > 0.98, call.Tell());
        Assert.True(viewer.Held.Count == 1, call.Tell());
        simulation.AtSecond(45, () => viewer.Down.Capacity = Bitrate.FromMegabits(3));
        simulation.RunTo(75);
        Assert.True(viewer.Held.Count == 0, call.Tell());
        Assert.True(viewer.Picture.ShareAtOrAbove(0, 60, 75) > 0.95, call.Tell());
        call.ExpectSound(0.95);
    });

    /// <summary>A second of the past comes at once, and more than may wait is left out up to a keyframe, not dropped one by one.</summary>
    [Fact]
    public void The_past_of_a_picture_without_layers_does_not_overflow_what_waits_for_a_thin_path() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, new CameraPlan(30, Bitrate.FromKilobits(2_500)) { HasLayers = false });
        var viewer = call.Viewer;
        viewer.Down.Capacity = Bitrate.FromMegabits(4);
        for (var second = 10; second < 50; second++)
        {
            var (thin, at) = (second % 8 < 3, second);
            simulation.AtSecond(at, () => viewer.Down.Capacity = Bitrate.FromKilobits(thin ? 700 : 4_000));
            simulation.AtSecond(at + 0.3, () => viewer.Prefer(new(0, 0, 0, Paused: true)));
            simulation.AtSecond(at + 0.4, () => viewer.Prefer(new(0, 0, 0, Paused: false)));
        }

        simulation.AtSecond(50, () => viewer.Down.Capacity = Bitrate.FromMegabits(4));
        simulation.RunTo(80);
        Assert.True(call.Worker.Counters.PacketsPaced > 500, call.Tell());
        Assert.Equal(0, call.Worker.Counters.PacerDropped);
        Assert.True(viewer.Picture.ShareAtOrAbove(0, 67, 80) > 0.95, call.Tell()); // What failed again and again is tried again after 15 s.
        call.ExpectSound(0.95);
    });

    [Fact]
    public void Who_agreed_to_report_and_does_not_is_sent_everything() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        call.Viewer.LostReports = 1;
        simulation.RunTo(30);
        Assert.True(call.Viewer.Picture.ShareAtOrAbove(Top, 8, 30) > 0.99, call.Tell());
    });

    [Fact]
    public void A_receiver_that_gets_no_processor_at_times_is_not_taken_for_a_thin_path() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered with { Resumes = TimeSpan.FromMilliseconds(700) });
        var viewer = call.Viewer;
        viewer.Down.Stalls = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(1));
        viewer.Up.Stalls = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(1));
        simulation.RunTo(90);
        Assert.True(viewer.Picture.FirstAt(Top, 0) < 10, call.Tell());
        Assert.True(viewer.Picture.ShareAtOrAbove(Top, 10, 90) > 0.9, call.Tell());
    });

    [Fact]
    public void A_viewer_most_of_whose_reports_are_lost_is_not_held_below_the_top_layer() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered);
        call.Viewer.LostReports = 0.75;
        simulation.RunTo(60);
        Assert.True(call.Viewer.Picture.FirstAt(Top, 0) < 10, call.Tell());
        Assert.True(call.Viewer.Picture.ShareAtOrAbove(Top, 10, 60) > 0.95, call.Tell());
    });

    [Fact]
    public void Layers_that_were_stopped_for_want_of_room_are_back_ten_seconds_after_there_is_some() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered with { Resumes = TimeSpan.FromSeconds(1) });
        var viewer = call.Viewer;
        viewer.Down.Capacity = Bitrate.FromMegabits(3);
        viewer.Down.Stalls = (TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(1));
        simulation.AtSecond(20, () => viewer.Down.Capacity = Bitrate.FromKilobits(300));
        simulation.AtSecond(60, () => viewer.Down.Capacity = Bitrate.FromMegabits(3));
        simulation.RunTo(90);
        Assert.True(viewer.Picture.ShareAtOrAbove(0, 25, 60) > 0.75, call.Tell());
        Assert.True(viewer.Picture.FirstAt(Top, 60) <= 72, call.Tell());
        Assert.True(viewer.Picture.ShareAtOrAbove(Top, 75, 90) > 0.9, call.Tell());
        call.ExpectSound(0.95);
    });

    [Fact]
    public void A_publisher_that_takes_long_to_begin_a_layer_again_is_not_told_to_stop_meanwhile() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered with { Resumes = TimeSpan.FromSeconds(14) });
        var viewer = call.Viewer;
        viewer.Down.Capacity = Bitrate.FromMegabits(3);
        simulation.AtSecond(20, () => viewer.Down.Capacity = Bitrate.FromKilobits(300));
        simulation.AtSecond(40, () => viewer.Down.Capacity = Bitrate.FromMegabits(3));
        simulation.RunTo(110);
        Assert.True(viewer.Picture.FirstAt(Top, 40) <= 85, call.Tell());
        Assert.True(viewer.Picture.ShareAtOrAbove(Top, 95, 110) > 0.9, call.Tell());
    });

    /// <summary>A path that does not carry the least of it, so that its publisher is told to stop all of it. To wait for its beginning is no want of room then.</summary>
    [Fact]
    public void A_picture_that_was_given_up_comes_back_from_a_publisher_that_takes_long_to_begin() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered with { Resumes = TimeSpan.FromSeconds(14) });
        var viewer = call.Viewer;
        viewer.Down.Capacity = Bitrate.FromMegabits(3);
        simulation.AtSecond(20, () => viewer.Down.Capacity = Bitrate.FromKilobits(120));
        simulation.AtSecond(50, () => viewer.Down.Capacity = Bitrate.FromMegabits(3));
        simulation.RunTo(110);
        Assert.True(viewer.Picture.ShareAtOrAbove(0, 30, 50) < 0.1, call.Tell()); // else nothing was tested
        Assert.True(viewer.Picture.FirstAt(0, 51) <= 75, call.Tell());
        Assert.True(viewer.Picture.ShareAtOrAbove(Top, 100, 110) > 0.9, call.Tell());
    });

    [Fact]
    public void A_shared_screen_comes_before_who_speaks_and_sound_before_both() => Scenario.Run(simulation =>
    {
        CameraPlan[] plans = [Layered, Layered, Layered with { Source = Events.Rtc.Rooms.TrackSource.Screen }];
        using var call = new VirtualCall(simulation, plans, viewers: 1);
        var viewer = call.Viewer;
        simulation.AtSecond(12, () => viewer.Down.Capacity = Bitrate.FromKilobits(1_600));
        simulation.AtSecond(50, () => viewer.Down.Capacity = Bitrate.FromKilobits(400));
        simulation.RunTo(90);
        var (speaker, other, screen) = (viewer.PictureOf(0), viewer.PictureOf(1), viewer.PictureOf(2));
        Assert.True(screen.ShareAtOrAbove(1, 15, 50) > 0.6, call.Tell());
        Assert.True(screen.ShareAtOrAbove(1, 15, 50) >= speaker.ShareAtOrAbove(1, 15, 50), call.Tell());
        // A layer that is tried and left again within a third of a second is none that somebody was given.
        Assert.True(speaker.ShareAtOrAbove(1, 15, 50) >= other.ShareAtOrAbove(1, 15, 50) - 0.02, call.Tell());
        Assert.True(screen.ShareAtOrAbove(0, 55, 90) > 0.9, call.Tell());
        Assert.True(other.ShareAtOrAbove(0, 55, 90) < screen.ShareAtOrAbove(0, 55, 90), call.Tell());
        call.ExpectSound(0.95);
    });

    [Fact]
    public void A_viewer_on_a_thin_path_does_not_disturb_one_on_a_wide_path() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, Layered, viewers: 2);
        var (wide, thin) = (call.Viewers[0], call.Viewers[1]);
        wide.Down.Capacity = Bitrate.FromMegabits(3);
        thin.Down.Capacity = Bitrate.FromMegabits(3);
        simulation.AtSecond(15, () => thin.Down.Capacity = Bitrate.FromKilobits(300));
        simulation.RunTo(60);
        Assert.True(wide.Picture.ShareAtOrAbove(Top, 10, 60) > 0.99, call.Tell());
        Assert.Empty(wide.Picture.Gaps);
        Assert.True(thin.Picture.ShareAtOrAbove(0, 20, 60) > 0.85, call.Tell());
        Assert.True(thin.Picture.ShareAtOrAbove(1, 20, 60) < 0.05, call.Tell());
    });

    [Fact]
    public void Lost_packets_are_there_within_300_ms_at_five_percent_of_loss_each_way() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, new CameraPlan(30, Bitrate.FromKilobits(1_500)));
        foreach (var link in (Link[])[call.Publisher.Up, call.Publisher.Down, call.Viewer.Up, call.Viewer.Down])
        {
            link.Loss = 0.05;
        }

        simulation.RunTo(60);
        var picture = call.Viewer.Picture;
        Assert.True(picture.Lost > 300, call.Tell());
        var inTime = picture.Packets - picture.Recoveries.Count(r => r > 0.3);
        var all = picture.Packets + picture.Lost - picture.Recoveries.Count;
        Assert.True(inTime >= all * 0.995, $"{inTime} of {all} in time, {picture.Recoveries.Count(r => r > 0.3)} late; {call.Tell()}");
    });

    [Fact]
    public void An_hour_of_a_lossy_call_of_six_runs_in_seconds_and_twice_the_same()
    {
        var watch = Stopwatch.StartNew();
        var first = Hour(seed: 5, seconds: 3_600);
        output.WriteLine($"seed 5: {watch.Elapsed.TotalSeconds:F1} s\n{first}");
        Assert.Equal(Hour(seed: 5, seconds: 300), Hour(seed: 5, seconds: 300));
        Assert.NotEqual(Hour(seed: 5, seconds: 300), Hour(seed: 6, seconds: 300));
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(8), $"took {watch.Elapsed}"); // The bound is for a machine that does other things too.
    }

    private static string Hour(int seed, double seconds)
    {
        var simulation = new Simulation(seed);
        using var call = new VirtualCall(simulation, new CameraPlan(10, Bitrate.FromKilobits(60), Bitrate.FromKilobits(150), Bitrate.FromKilobits(400)), publishers: 6, viewers: 0);
        var chance = simulation.Chance(99);
        foreach (var person in call.People)
        {
            person.Down.Loss = person.Up.Loss = 0.01;
            person.Down.Burst = (0.001, 0.2);
            person.Down.Jitter = TimeSpan.FromMilliseconds(8);
            simulation.Every(TimeSpan.FromSeconds(30), () => person.Down.Capacity = Bitrate.FromKilobits(chance.Next(400, 6_000)));
        }

        simulation.Every(TimeSpan.FromSeconds(11), () =>
        {
            var speaker = chance.Next(6);
            for (var i = 0; i < 6; i++)
            {
                call.People[i].Camera!.Speaks = i == speaker;
            }
        });
        simulation.RunTo(seconds);
        call.ExpectSound(0.93);
        foreach (var person in call.People)
        {
            Assert.Equal(5, person.Pictures.Count());
            // A line that changes twice a minute, five pictures on it: a change in six seconds each is no flapping.
            Assert.All(person.Pictures, p => Assert.True(p.Changes.Count < seconds / 6, p.ToString()));
        }

        return call.Tell();
    }
}
