using Events.Rtc.Client;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// Sound that comes right before a frame leaves behind it, with many viewers: in one segmented send with the frame (SendQueueTests) it costs none of its own. The real
/// room in virtual time.
/// </summary>
public class RidingScenarios
{
    private const int ManyViewers = 9, FewViewers = 3;

    /// <summary>Every second packet of sound comes 3 ms before a frame, every other 17 ms after one.</summary>
    private static readonly CameraPlan Plan = new(25, Bitrate.FromKilobits(400))
    {
        HasLayers = false,
        IsBurst = true,
        SoundAfter = TimeSpan.FromMilliseconds(17),
    };

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, ManyViewers)]
    [InlineData(true, 4)]
    [InlineData(true, 0)]
    public void Sound_right_before_a_frame_leaves_behind_it_and_other_sound_at_once(bool red, int takeRed) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plan with { AudioRed = red }], ManyViewers, takesRed: viewer => viewer < takeRed);
        var watched = call.Viewers.Select(v => new Arrivals(v)).ToList();
        simulation.RunTo(12);
        foreach (var viewer in watched)
        {
            Assert.InRange(viewer.Rode, 199, 201);
            Assert.InRange(viewer.Sounds.Count, 399, 401);
            Assert.All(viewer.Sounds, s => Assert.True(s.Rode ? s.Late is > 2.9 and < 3.7 : s.Late < 0.1, $"{s}"));
        }

        ExpectWhole(call);
    });

    [Fact]
    public void Sound_for_few_and_before_frames_of_no_rhythm_leaves_at_once() => Scenario.Run(simulation =>
    {
        using var few = new VirtualCall(simulation, [Plan], FewViewers);
        var one = new Arrivals(few.Viewer);
        using var slow = new VirtualCall(simulation, [Plan with { FrameRate = 4 }], ManyViewers);
        var other = new Arrivals(slow.Viewer);
        simulation.RunTo(10);
        Assert.All(one.Sounds.Concat(other.Sounds), s => Assert.True(s is { Rode: false, Late: < 0.1 }, $"{s}"));
    });

    [Fact]
    public void Sound_does_not_wait_for_a_camera_that_was_switched_off() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plan], ManyViewers);
        var viewer = new Arrivals(call.Viewer);
        simulation.AtSecond(5, () => call.Publisher.Camera!.IsOff = true);
        simulation.RunTo(10);
        // One packet waited for a frame that did not come; the node of a scenario takes its turns 10 ms apart.
        Assert.InRange(viewer.Sounds.Count(s => s is { Rode: false, Late: > 0.1 }), 0, 1);
        Assert.True(viewer.Sounds.Max(s => s.Late) < 15);
        Assert.All(viewer.Sounds.Where(s => s.Second > 5.2), s => Assert.True(s is { Rode: false, Late: < 0.1 }, $"{s}"));
        ExpectWhole(call);
    });

    [Fact]
    public void Who_does_not_watch_the_picture_hears_the_same_sound() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plan, Plan with { SoundAfter = TimeSpan.FromMilliseconds(16) }], ManyViewers);
        var listener = new Arrivals(call.Viewer);
        simulation.AtSecond(3, () => call.Viewer.Prefer(new(0, 0, 0, true)));
        simulation.RunTo(10);
        Assert.DoesNotContain(listener.Sounds, s => s.Late > 15);
        ExpectWhole(call);
    });

    /// <summary>Packets of sound come in bunches, some of them while the one before still waits for who does not watch.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sound_in_bunches_reaches_everybody(bool red) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plan with { AudioRed = red }], ManyViewers, takesRed: viewer => viewer % 2 == 0);
        simulation.AtSecond(3, () => call.Viewer.Prefer(new(0, 0, 0, true)));
        simulation.AtSecond(4, () => call.Publisher.Up.Jitter = TimeSpan.FromMilliseconds(30));
        simulation.RunTo(30);
        ExpectWhole(call);
    });

    [Fact]
    public void A_publisher_who_leaves_while_its_sound_waits_takes_it_along() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plan, Plan with { SoundAfter = TimeSpan.FromMilliseconds(10) }], ManyViewers);
        // 1 ms after a packet of its sound has come to the node, and 2 before the other's frame does.
        simulation.AtSecond(5.023, () => call.Publisher.Leave());
        simulation.RunTo(8);
        Assert.Equal(0, call.Worker.Counters.Faults);
        Assert.True(call.Viewer.Sounds.Max(s => s.Heard) > 340, call.Tell());
    });

    [Fact]
    public void Waiting_for_a_frame_allocates_nothing() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plan], ManyViewers);
        simulation.RunTo(20);
        var before = call.Allocated;
        simulation.RunTo(30);
        Assert.InRange(call.Allocated - before, 0, 20_000); // Estimators, samples and speakers: not one byte for each of the 27,000 packets.
    });

    private static void ExpectWhole(VirtualCall call)
    {
        Assert.Equal(0, call.Worker.Counters.Faults);
        Assert.All(call.Viewers.SelectMany(v => v.Sounds), s => Assert.Equal((0, 0), (s.Twice, s.MissingNumbers)));
    }

    private sealed record Sound(double Second, double Late, bool Rode);

    /// <summary>When sound came, and whether right behind a packet of a picture.</summary>
    private sealed class Arrivals
    {
        /// <summary>Two links of 25 ms.</summary>
        private const double Way = 50;

        /// <summary>Before, pictures of the past and probes fill the link.</summary>
        private const double Settled = 4;

        private MonotonicTime _picture;

        public Arrivals(VirtualPerson person) => person.Arrived = Add;

        public List<Sound> Sounds { get; } = [];

        public int Rode => Sounds.Count(s => s.Rode);

        private void Add(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
        {
            if (track.Media.Kind != MediaKind.Audio)
            {
                _picture = now;
                return;
            }

            var second = (now.Milliseconds / 1_000.0) - 1;
            if (second < Settled)
            {
                return;
            }

            var late = (now - CaptureTimes.OfSound(track, packet)).TotalMilliseconds - Way;
            Sounds.Add(new(second, late, now - _picture < TimeSpan.FromMicroseconds(100)));
        }
    }
}
