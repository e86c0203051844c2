using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;

public class LayerSelectorTests
{
    /// <summary>One switch each 5 to 40 pictures.</summary>
    private const int Switches = 1_000;

    public static TheoryData<LayerMode> Modes => [.. Enum.GetValues<LayerMode>()];

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_thousand_random_switches_leave_no_gap_and_nothing_that_cannot_be_decoded(LayerMode mode)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            Run(mode, seed);
        }
    }

    private static void Run(LayerMode mode, int seed)
    {
        var random = new Random(seed);
        var source = new LayeredSource(mode, random);
        var viewer = new LayeredViewer(source, $"{mode}, seed {seed}");
        var switches = 0;
        var picture = 0;
        var nextSwitch = 0;
        var reached = 0;
        MonotonicTime? keyframeAt = null;
        MonotonicTime resumed = MonotonicTime.Zero;
        while (switches < Switches)
        {
            var now = MonotonicTime.FromMilliseconds(1_000 + (picture * 33));
            if (picture >= nextSwitch)
            {
                reached += viewer.Selector.Current == viewer.Selector.Target ? 1 : 0;
                var wasPaused = viewer.Selector.Target.IsPaused;
                viewer.Selector.SetTarget(RandomTarget(source, random));
                resumed = wasPaused ? now : resumed;
                switches++;
                nextSwitch = picture + random.Next(5, 40);
            }

            if (keyframeAt is { } due && now >= due)
            {
                keyframeAt = null;
                source.KeyframesWanted.Add(source.IsSimulcast ? Math.Max(0, viewer.Selector.Target.Encoding) : 0);
            }

            foreach (var packet in source.Capture(picture))
            {
                viewer.Give(packet, now);
            }

            if (viewer.TakeKeyframeWish())
            {
                keyframeAt ??= now + TimeSpan.FromMilliseconds(random.Next(30, 200));
            }

            if (!viewer.Selector.Target.IsPaused)
            {
                var gap = now - MonotonicTime.Max(viewer.LastDecodedAt, resumed);
                Assert.True(picture < 30 || gap < TimeSpan.FromSeconds(1), $"{mode}, seed {seed}: nothing for {gap}");
            }

            picture++;
        }

        Assert.True(reached > Switches / 2, $"{mode}, seed {seed}: only {reached} targets were reached");
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Lost_packets_that_come_late_keep_their_numbers_and_no_number_stays_empty(LayerMode mode)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var random = new Random(seed);
            var source = new LayeredSource(mode, random);
            var viewer = new LayeredViewer(source, $"{mode}, seed {seed}");
            var late = new Queue<(int Due, SourcePacket Packet)>();
            for (var picture = 0; picture < 3_000; picture++)
            {
                var now = MonotonicTime.FromMilliseconds(1_000 + (picture * 33));
                if (picture % 50 == 0)
                {
                    // Within one encoding: holes of an encoding that was left are not filled, as its frames are not missed.
                    viewer.Selector.SetTarget(new LayerTarget(0, (byte)random.Next(3), (byte)random.Next(3)));
                    source.KeyframesWanted.Add(0);
                }

                while (late.TryPeek(out var first) && first.Due <= picture)
                {
                    viewer.Give(late.Dequeue().Packet, now, inOrder: false);
                }

                foreach (var packet in source.Capture(picture))
                {
                    if (picture % 50 > 2 && random.NextDouble() < 0.03)
                    {
                        late.Enqueue((picture + random.Next(1, 4), packet));
                    }
                    else
                    {
                        viewer.Give(packet, now, inOrder: false);
                    }
                }
            }

            while (late.TryDequeue(out var rest))
            {
                viewer.Give(rest.Packet, MonotonicTime.FromMilliseconds(200_000), inOrder: false);
            }

            for (var number = 1_000; number < 1_000 + viewer.Sent.Count; number++)
            {
                Assert.True(viewer.Sent.ContainsKey((ushort)number), $"{mode}, seed {seed}: number {number} stays empty");
            }
        }
    }

    /// <summary>A line of WHEP goes on with the track that comes next, whose encodings count their sources like those before: the first one is the first again.</summary>
    [Fact]
    public void What_follows_of_another_track_is_placed_by_its_own_clock()
    {
        var selector = new LayerSelector(Codec.H264, 1_000);
        var captured = NtpTime.FromUnixNanoseconds(1_700_000_000_000_000_000);
        SenderClock before = new(captured, new(1_000)), after = new(captured, new(500_000));
        var packet = new byte[20];
        Assert.Equal(1_000u + 90_000, Select(before, 1_000 + 90_000, seconds: 1));
        selector.ChangeSource();
        // Captured a second later, and half a second late.
        Assert.Equal(1_000u + 180_000, Select(after, 500_000 + 180_000, seconds: 2.5));

        uint Select(SenderClock clock, uint timestamp, double seconds)
        {
            RtpHeader.TryWrite(packet, true, 96, new(7), new(timestamp), 1);
            Assert.True(RtpReader.TryRead(packet, out var reader));
            var video = new VideoPacket { Codec = Codec.H264, IsKeyframe = true };
            Assert.Equal(LayerDecision.Forward, selector.Select(0, 1, clock, reader, video, MonotonicTime.FromMilliseconds((long)(1_000 * seconds)), out var sent));
            return sent.Timestamp;
        }
    }

    private static LayerTarget RandomTarget(LayeredSource source, Random random)
    {
        if (random.Next(20) == 0)
        {
            return LayerTarget.Paused;
        }

        var layer = random.Next(3);
        var temporal = (byte)(source.HasTemporal ? random.Next(3) : 0);
        return source.IsSimulcast ? new(layer, 0, temporal) : new(0, (byte)layer, temporal);
    }
}
