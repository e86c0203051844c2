using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Congestion;

public class ProbeClustersTests
{
    private static readonly MonotonicTime Start = MonotonicTime.FromMilliseconds(1_000);

    private const int Delay = 50;

    /// <summary>
    /// Packets of 1,000 bytes every 2 ms (4 Mbit/s), of which some arrive, each <paramref name="spacing"/> ms after the last, at a receiver that reads none of them before
    /// <paramref name="readFrom"/> ms.
    /// </summary>
    private static Bitrate? Measure(int arrive, double spacing, double readFrom = 0)
    {
        var clusters = new ProbeClusters();
        clusters.Begin(1, 10, 10_000);
        Bitrate? measured = null;
        for (var i = 0; i < arrive; i++)
        {
            var arrived = Start + TimeSpan.FromMilliseconds(Math.Max(Delay + (i * spacing), readFrom + (i * 0.1)));
            if (clusters.TryMeasure(1, Start + TimeSpan.FromMilliseconds(2 * i), arrived, 1_000, Delay * 1_000_000, out var rate))
            {
                measured = rate;
            }
        }

        return measured;
    }

    [Fact]
    public void Four_fifths_of_a_cluster_are_enough_and_less_is_not()
    {
        Assert.Null(Measure(7, 2));
        Assert.Equal(4_000_000, Measure(8, 2)!.Value.BitsPerSecond);
    }

    [Fact]
    public void A_full_path_shows_what_it_carries_less_a_twentieth() =>
        Assert.Equal(2_000_000 * 0.95, Measure(10, 4)!.Value.BitsPerSecond, 1.0);

    [Fact]
    public void What_a_receiver_reads_late_and_at_once_is_not_taken_for_what_was_sent() =>
        Assert.Equal(2_000_000 * 1.6 * 0.95, Measure(10, 4, readFrom: Delay + 20)!.Value.BitsPerSecond, 1.0);

    [Fact]
    public void Arriving_much_faster_than_sent_says_nothing() => Assert.Null(Measure(10, 0.5));

    [Fact]
    public void Packets_of_another_cluster_do_not_count()
    {
        var clusters = new ProbeClusters();
        clusters.Begin(1, 1, 1_000);
        for (var i = 0; i < 10; i++)
        {
            Assert.False(clusters.TryMeasure(2, Start + TimeSpan.FromMilliseconds(i), Start + TimeSpan.FromMilliseconds(Delay + i), 1_000, Delay * 1_000_000, out _));
        }
    }
}
