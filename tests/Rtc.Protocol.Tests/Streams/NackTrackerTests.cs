using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class NackTrackerTests
{
    private readonly NackTracker _tracker = new();
    private readonly ushort[] _asked = new ushort[64];

    [Fact]
    public void A_gap_is_asked_for_after_the_reorder_tolerance_and_again_after_the_retry_interval()
    {
        Receive(1, 0);
        Receive(4, 0);
        Assert.Equal([], Collect(9));
        Assert.Equal([2, 3], Collect(10));
        Assert.Equal([], Collect(109));
        Assert.Equal([2, 3], Collect(110));
    }

    [Fact]
    public void Reordered_packets_cost_no_request_and_recovered_ones_are_counted()
    {
        Receive(1, 0);
        Receive(3, 0);
        Receive(2, 5);
        Assert.Equal([], Collect(50));
        Assert.Equal(0, _tracker.Recovered);
        Receive(5, 60);
        Assert.Equal([4], Collect(70));
        Receive(4, 80);
        Assert.Equal([], Collect(500));
        Assert.Equal(1, _tracker.Recovered);
    }

    [Fact]
    public void A_packet_that_never_comes_is_given_up_after_ten_requests()
    {
        Receive(1, 0);
        Receive(3, 0);
        var requests = 0;
        for (var at = 0; at < 3_000; at += 10)
        {
            requests += Collect(at).Length;
        }

        Assert.Equal(10, requests);
        Assert.Equal((0, 1), (_tracker.Count, _tracker.GivenUp));
    }

    [Fact]
    public void An_outage_is_not_asked_for_but_reported()
    {
        Receive(1, 0);
        Assert.False(_tracker.Receive(1 + NackTracker.MaxMissing + 2, default));
        Assert.Equal([], Collect(100));
        Assert.True(_tracker.Receive(1 + NackTracker.MaxMissing + 3, default));
    }

    [Fact]
    public void More_than_one_request_holds_is_asked_for_in_the_next_round()
    {
        Receive(1, 0);
        Receive(102, 0);
        Assert.Equal(64, Collect(10).Length);
        Assert.Equal(Enumerable.Range(66, 36), Collect(20).Select(s => (int)s));
    }

    [Fact]
    public void Numbers_go_on_over_the_wrap()
    {
        Receive(65_536 + 65_534, 0);
        Receive(65_536 + 65_537, 0);
        Assert.Equal([65_535, 0], Collect(10));
    }

    [Fact]
    public void A_new_source_starts_over()
    {
        Receive(1, 0);
        Receive(9, 0);
        _tracker.Reset();
        Receive(40_000, 0);
        Assert.Equal([], Collect(100));
    }

    private void Receive(long sequence, long milliseconds) => Assert.True(_tracker.Receive(sequence, MonotonicTime.FromMilliseconds(milliseconds)));

    private ushort[] Collect(long milliseconds) => _asked[.._tracker.Collect(MonotonicTime.FromMilliseconds(milliseconds), _asked)];
}
