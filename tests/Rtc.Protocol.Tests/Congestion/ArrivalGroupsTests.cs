using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Congestion;

public class ArrivalGroupsTests
{
    private static readonly MonotonicTime Zero = MonotonicTime.FromMilliseconds(1_000);
    private ArrivalGroups _groups;

    private bool Add(double sent, double arrived, out GroupDelta delta) =>
        _groups.TryAdd(Zero + TimeSpan.FromMilliseconds(sent), Zero + TimeSpan.FromMilliseconds(arrived), 100, Zero + TimeSpan.FromMilliseconds(arrived), out delta);

    [Fact]
    public void Packets_within_five_milliseconds_are_one_group_and_groups_are_compared_by_their_last_packets()
    {
        Assert.False(Add(0, 20, out _));
        Assert.False(Add(4, 24, out _));
        Assert.False(Add(10, 30, out _));
        Assert.False(Add(13, 38, out _));
        Assert.True(Add(20, 45, out var delta));
        Assert.Equal(TimeSpan.FromMilliseconds(9), delta.Sent);
        Assert.Equal(TimeSpan.FromMilliseconds(14), delta.Arrived);
        Assert.Equal(200, delta.Bytes);
    }

    [Fact]
    public void What_a_queue_lets_go_in_a_burst_is_one_group()
    {
        Add(0, 20, out _);
        Add(10, 60, out _);
        Assert.False(Add(20, 61, out _)); // 10 ms apart when sent, 1 ms apart when they arrive.
        Assert.False(Add(30, 62, out _));
        Assert.True(Add(80, 120, out var delta));
        Assert.Equal(TimeSpan.FromMilliseconds(30), delta.Sent);
        Assert.Equal(TimeSpan.FromMilliseconds(42), delta.Arrived);
    }

    [Fact]
    public void A_packet_that_was_overtaken_changes_no_group()
    {
        Add(0, 20, out _);
        Add(10, 30, out _);
        Add(20, 40, out _);
        Assert.False(Add(12, 45, out _));
        Assert.True(Add(30, 50, out var delta));
        Assert.Equal(TimeSpan.FromMilliseconds(10), delta.Arrived);
    }
}
