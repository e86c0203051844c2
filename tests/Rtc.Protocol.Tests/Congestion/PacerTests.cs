using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Congestion;

public class PacerTests
{
    private static readonly MonotonicTime Start = MonotonicTime.FromMilliseconds(1_000);

    private static Pacer At(double kilobits)
    {
        var pacer = new Pacer(8);
        pacer.SetTarget(Bitrate.FromKilobits(kilobits));
        return pacer;
    }

    [Fact]
    public void Far_below_the_estimate_everything_passes()
    {
        var pacer = At(3_000);
        for (var i = 0; i < 1_000; i++)
        {
            // 1,000 bytes each 8 ms are 1 Mbit/s.
            Assert.True(pacer.TryPass(PacketPriority.Video, 1_000, Start + TimeSpan.FromMilliseconds(8 * i)));
        }

        Assert.True(pacer.NextDeadline.IsNever);
    }

    [Fact]
    public void A_keyframe_is_spread_at_the_pacing_rate()
    {
        var pacer = new Pacer(64);
        pacer.SetTarget(Bitrate.FromKilobits(800)); // × 1.25: 8 ms for 1,000 bytes
        var passed = 0;
        for (var i = 0; i < 40; i++)
        {
            if (pacer.TryPass(PacketPriority.Video, 1_000, Start))
            {
                passed++;
            }
            else
            {
                Assert.True(pacer.TryEnqueue(PacketPriority.Video, i, 1_000, Start));
            }
        }

        Assert.Equal(6, passed); // The burst of 40 ms, and the one that exceeds it.
        var last = Start;
        var expected = passed;
        while (pacer.Count > 0)
        {
            last = pacer.NextDeadline;
            Assert.True(pacer.TryDequeue(last, out var packet));
            Assert.Equal(expected++, packet.Handle);
            Assert.False(pacer.TryDequeue(last - TimeSpan.FromMicroseconds(1), out _));
        }

        Assert.InRange((last - Start).TotalMilliseconds, 270, 281); // 39 × 8 ms, less the burst.
    }

    [Fact]
    public void Audio_never_waits_and_still_counts()
    {
        var pacer = At(10);
        Assert.True(pacer.TryPass(PacketPriority.Video, 1_000, Start));
        Assert.False(pacer.TryPass(PacketPriority.Video, 1_000, Start));
        var before = pacer.TryEnqueue(PacketPriority.Video, 1, 1_000, Start) ? pacer.NextDeadline : default;
        for (var i = 0; i < 100; i++)
        {
            Assert.True(pacer.TryPass(PacketPriority.Audio, 100, Start));
        }

        Assert.True(pacer.NextDeadline > before);
    }

    [Fact]
    public void Retransmissions_leave_before_pictures_and_padding_last()
    {
        var pacer = At(100);
        Assert.True(pacer.TryPass(PacketPriority.Video, 2_000, Start));
        Assert.True(pacer.TryEnqueue(PacketPriority.Padding, 3, 100, Start));
        Assert.True(pacer.TryEnqueue(PacketPriority.Video, 2, 100, Start));
        Assert.True(pacer.TryEnqueue(PacketPriority.Retransmission, 1, 100, Start));
        var later = Start + TimeSpan.FromSeconds(1);
        Assert.False(pacer.TryPass(PacketPriority.Video, 100, later)); // Behind the one that waits.
        for (var handle = 1; handle <= 3; handle++)
        {
            Assert.True(pacer.TryDequeue(later, out var packet));
            Assert.Equal(handle, packet.Handle);
        }
    }

    [Fact]
    public void The_queue_is_bounded_in_packets_and_in_time()
    {
        var pacer = At(100);
        for (var i = 0; i < 8; i++)
        {
            Assert.True(pacer.TryEnqueue(PacketPriority.Video, i, 100, Start));
        }

        Assert.False(pacer.TryEnqueue(PacketPriority.Video, 8, 100, Start));
        Assert.Equal(800, pacer.QueuedBytes);
        Assert.True(pacer.TryDiscard(PacketPriority.Video, out _));
        Assert.False(pacer.TryEnqueue(PacketPriority.Video, 8, 100, Start + TimeSpan.FromSeconds(1.1)));
        while (pacer.TryDiscard(PacketPriority.Video, out _))
        {
        }

        Assert.Equal(0, pacer.QueuedBytes);
        Assert.True(pacer.TryEnqueue(PacketPriority.Video, 8, 100, Start + TimeSpan.FromSeconds(1.1)));
    }
}
