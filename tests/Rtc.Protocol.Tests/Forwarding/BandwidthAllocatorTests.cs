using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding;

public class BandwidthAllocatorTests
{
    private readonly TrackAllocation[] _tracks = [Audio(), Video(TrackPriority.Other), Video(TrackPriority.ActiveSpeaker), Video(TrackPriority.ScreenShare)];
    private BandwidthAllocator _allocator;
    private MonotonicTime _now = MonotonicTime.FromMilliseconds(10_000);

    private static TrackAllocation Audio()
    {
        var track = new TrackAllocation { IsAudio = true };
        track.Layers.TryAdd(new(0, 0, 0, Bitrate.FromKilobits(40)));
        return track;
    }

    private static TrackAllocation Video(TrackPriority priority)
    {
        var track = new TrackAllocation { Priority = priority };
        track.Layers.TryAdd(new(0, 0, 180, Bitrate.FromKilobits(150)));
        track.Layers.TryAdd(new(1, 0, 360, Bitrate.FromKilobits(500)));
        track.Layers.TryAdd(new(2, 0, 720, Bitrate.FromKilobits(1_500)));
        return track;
    }

    private AllocationResult Allocate(double kilobits, double afterSeconds = 0)
    {
        _now += TimeSpan.FromSeconds(afterSeconds);
        return _allocator.Allocate(_tracks, Bitrate.FromKilobits(kilobits), _now);
    }

    private int[] Layers => [.. _tracks.Select(t => t.Layer)];

    [Fact]
    public void Everyone_gets_the_smallest_layer_before_anyone_gets_a_larger_one()
    {
        var result = Allocate(700);
        Assert.Equal([0, 0, 0, 0], Layers);
        Assert.Equal(490, result.Allocated.BitsPerSecond / 1_000);
        Assert.Equal(490 + (350 * 1.15), result.Goal.BitsPerSecond / 1_000.0, 0.5); // The screen share's next layer.
        Assert.Equal(40 + (4_500 * 1.15), result.Ceiling.BitsPerSecond / 1_000.0, 0.5);
    }

    [Fact]
    public void Screen_share_comes_first_then_the_speaker_then_the_others()
    {
        Allocate(3_500);
        Assert.Equal([0, 0, 2, 2], Layers);
        Allocate(400);
        Assert.Equal([0, 0, 0, 0], Layers); // Short by a fifth: the last layers bear that for three seconds.
        Allocate(400, 3.1);
        Assert.Equal([0, TrackAllocation.Paused, 0, 0], Layers);
        Allocate(200);
        Assert.Equal([0, TrackAllocation.Paused, TrackAllocation.Paused, 0], Layers);
    }

    [Fact]
    public void Audio_is_sent_whatever_the_estimate()
    {
        var result = Allocate(5);
        Assert.Equal([0, -1, -1, -1], Layers);
        Assert.Equal(40_000, result.Allocated.BitsPerSecond);
    }

    [Fact]
    public void Nothing_larger_is_sent_than_the_viewer_asked_for()
    {
        foreach (ref var track in _tracks.AsSpan())
        {
            track.WantedHeight = 300;
        }

        var result = Allocate(20_000);
        Assert.Equal([0, 1, 1, 1], Layers);
        Assert.Equal(Bitrate.Zero, result.Goal);
        _tracks[1].IsOff = true;
        Allocate(20_000);
        Assert.Equal([0, TrackAllocation.Paused, 1, 1], Layers);
    }

    [Fact]
    public void A_mild_shortage_must_last_a_second_and_a_severe_one_acts_at_once()
    {
        Allocate(20_000);
        Assert.Equal([0, 2, 2, 2], Layers);
        Assert.False(Allocate(4_000).Changed);
        Assert.False(Allocate(4_000, 0.9).Changed);
        Assert.True(Allocate(4_000, 0.2).Changed);
        Assert.Equal([0, 1, 2, 2], Layers);
        Assert.True(Allocate(1_000, 0.1).Changed);
    }

    [Fact]
    public void An_estimate_that_swings_around_a_layer_does_not_flap()
    {
        var changes = 0;
        for (var i = 0; i < 600; i++)
        {
            // One minute between just below and just above what two top layers and one middle layer cost.
            changes += Allocate(i / 10 % 2 == 0 ? 3_500 : 3_700, 0.1).Changed ? 1 : 0;
        }

        Assert.True(changes <= 3, $"{changes} changes");
    }

    [Fact]
    public void A_layer_that_did_not_last_is_tried_less_and_less()
    {
        var raises = new List<double>();
        for (var i = 0; i < 1_200; i++)
        {
            // Two minutes of a path that breaks down one second after each step up.
            var before = _tracks[3].Layer;
            var fits = raises.Count == 0 || (_now.Milliseconds / 1_000.0) - raises[^1] < 1 || (_now.Milliseconds / 1_000.0) - raises[^1] > 1.5;
            Allocate(fits ? 2_100 : 700, 0.1);
            if (_tracks[3].Layer == 2 && before < 2)
            {
                raises.Add(_now.Milliseconds / 1_000.0);
            }
        }

        Assert.True(raises.Count >= 4, $"{raises.Count} raises");
        var gaps = raises.Zip(raises.Skip(1), (a, b) => b - a).ToList();
        Assert.True(gaps[1] > gaps[0] * 1.5 && gaps[2] > gaps[1] * 1.5, string.Join(' ', gaps));
        Assert.True(gaps.Max() < 20, string.Join(' ', gaps));
    }

    [Fact]
    public void A_step_to_another_spatial_layer_waits_for_a_keyframe_and_one_in_time_does_not()
    {
        var track = new TrackAllocation();
        track.Layers.TryAdd(new(0, 0, 180, Bitrate.FromKilobits(100)));
        track.Layers.TryAdd(new(0, 1, 180, Bitrate.FromKilobits(150)));
        track.Layers.TryAdd(new(1, 0, 360, Bitrate.FromKilobits(500)));
        TrackAllocation[] tracks = [track];
        var allocator = new BandwidthAllocator();
        allocator.Allocate(tracks, Bitrate.FromKilobits(120), _now);
        Assert.True(tracks[0].Layer == 0 && tracks[0].NeedsKeyframe);
        allocator.Allocate(tracks, Bitrate.FromKilobits(200), _now);
        Assert.True(tracks[0].Layer == 1 && !tracks[0].NeedsKeyframe);
        allocator.Allocate(tracks, Bitrate.FromKilobits(900), _now);
        Assert.True(tracks[0].Layer == 2 && tracks[0].NeedsKeyframe);
    }

    [Fact]
    public void A_layer_that_its_publisher_stopped_is_left_without_a_wait()
    {
        Allocate(20_000);
        _tracks[2].Layers.Clear();
        _tracks[2].Layers.TryAdd(new(0, 0, 180, Bitrate.FromKilobits(150)));
        _tracks[2].Layers.TryAdd(new(1, 0, 360, Bitrate.Zero));
        Allocate(20_000);
        Assert.Equal([0, 2, 0, 2], Layers);
        _tracks[2].Layers.TryAdd(new(2, 0, 720, Bitrate.FromKilobits(1_500)));
        Allocate(20_000);
        Assert.Equal([0, 2, 2, 2], Layers);
    }

    [Fact]
    public void A_shortage_that_the_path_has_not_proven_is_borne()
    {
        Allocate(20_000);
        for (var i = 0; i < 600; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            Assert.False(_allocator.Allocate(_tracks, Bitrate.FromKilobits(300), _now, isProven: false).Changed);
        }

        Assert.True(_allocator.Allocate(_tracks, Bitrate.FromKilobits(300), _now, isProven: true).Changed);

        var other = new BandwidthAllocator();
        TrackAllocation[] tracks = [Video(TrackPriority.Other)];
        other.Allocate(tracks, Bitrate.FromKilobits(5_000), _now, isProven: false);
        Assert.Equal(2, tracks[0].Layer);
        Assert.True(other.Allocate(tracks, Bitrate.FromKilobits(300), _now, isProven: true).Changed);
        Assert.Equal(0, tracks[0].Layer);
    }

    [Fact]
    public void Many_pictures_do_not_take_turns_while_the_estimate_swings()
    {
        var tracks = Enumerable.Range(0, 8).Select(_ => Video(TrackPriority.Other)).ToArray();
        var allocator = new BandwidthAllocator();
        var changes = 0;
        for (var i = 0; i < 1_200; i++)
        {
            // Two minutes: AIMD around 3.5 Mbit/s, a fifth down and back each 4 s.
            var estimate = 3_500 * (0.8 + (0.25 * (i % 40) / 40));
            changes += allocator.Allocate(tracks, Bitrate.FromKilobits(estimate), _now + TimeSpan.FromMilliseconds(100 * i)).Changed ? 1 : 0;
        }

        Assert.True(changes < 30, $"{changes} changes");
        Assert.True(tracks.Count(t => t.Layer >= 1) >= 4, string.Join(' ', tracks.Select(t => t.Layer)));
    }
}
