using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class TransportTimersTests
{
    [Theory]
    [InlineData(100, 0, 110)] // At once.
    [InlineData(100, 110, 110)]
    [InlineData(100, 111, 120)] // Waits for the next round.
    [InlineData(100, 200, 120)]
    [InlineData(107, 110, 110)] // A round that began late: the next ones do not.
    [InlineData(113, 113, 120)]
    [InlineData(113, 500, 120)]
    public void A_round_comes_every_20_ms_and_one_between_for_who_cannot_wait(int begunAt, int due, int next)
    {
        var timers = new TransportTimers();
        timers.BeginRound(MonotonicTime.FromMilliseconds(begunAt));
        Assert.Equal(120, timers.NextRound.Milliseconds);
        timers.Hurry(MonotonicTime.FromMilliseconds(due));
        Assert.Equal(next, timers.NextRound.Milliseconds);
    }

    /// <summary>Else each viewer would have rounds of its own.</summary>
    [Fact]
    public void What_is_due_at_a_round_asks_for_none_between()
    {
        var timers = new TransportTimers();
        var due = TransportTimers.RoundAt(MonotonicTime.FromMilliseconds(219));
        timers.BeginRound(MonotonicTime.FromMilliseconds(180));
        timers.Hurry(due);
        Assert.Equal((200, 200), (due.Milliseconds, timers.NextRound.Milliseconds));
    }
}
