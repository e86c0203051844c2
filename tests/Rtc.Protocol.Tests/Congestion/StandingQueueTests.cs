using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Congestion;

public class StandingQueueTests
{
    /// <summary>The receiver's clock began an hour after ours.</summary>
    private static readonly TimeSpan Offset = TimeSpan.FromHours(-1);

    private StandingQueue _queue;
    private MonotonicTime _now = MonotonicTime.FromMilliseconds(10_000_000);

    /// <summary>A packet each 10 ms.</summary>
    private void Send(int packets, Func<int, double> waitMs)
    {
        for (var i = 0; i < packets; i++)
        {
            _now += TimeSpan.FromMilliseconds(10);
            _queue.Add(_now, _now + Offset + TimeSpan.FromMilliseconds(30 + waitMs(i)));
        }
    }

    [Fact]
    public void Waiting_of_some_packets_is_no_queue()
    {
        Assert.Equal(TimeSpan.Zero, _queue.Wait);
        Send(500, i => i % 5 == 0 ? 0 : 80); // One in 50 ms is through at once.
        Assert.Equal(TimeSpan.Zero, _queue.Wait);
    }

    [Fact]
    public void Waiting_of_all_packets_is_one_after_a_fifth_of_a_second_and_not_before_a_tenth()
    {
        Send(100, _ => 0);
        Send(9, _ => 50);
        Assert.Equal(TimeSpan.Zero, _queue.Wait);
        Send(14, _ => 50);
        Assert.Equal(50, _queue.Wait.TotalMilliseconds, 1);
        Send(25, _ => 0);
        Assert.Equal(TimeSpan.Zero, _queue.Wait);
    }

    [Fact]
    public void A_longer_way_is_a_queue_for_a_minute_at_most()
    {
        Send(100, _ => 0);
        Send(200, _ => 40);
        Assert.Equal(40, _queue.Wait.TotalMilliseconds, 1);
        Send(6_000, _ => 40);
        Assert.Equal(TimeSpan.Zero, _queue.Wait);
    }
}
