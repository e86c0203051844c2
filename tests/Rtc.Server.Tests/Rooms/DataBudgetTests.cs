using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class DataBudgetTests
{
    [Theory]
    [InlineData(1, 2_500, 200)]
    [InlineData(10, 2_500, 200)]
    [InlineData(50, 500, 200)] // A burst shrinks before the rate does.
    [InlineData(1_000, 25, 10)]
    [InlineData(20_000, 2, 0.5)]
    public void Messages_cost_those_whom_they_reach(int people, int atOnce, double perSecond)
    {
        var now = MonotonicTime.FromMilliseconds(1_000);
        var budget = new DataBudget(now);
        Assert.InRange(Send(ref budget, 10_000), atOnce, atOnce + 1);
        var sent = 0;
        for (var i = 0; i < 1_000; i++)
        {
            now += TimeSpan.FromMilliseconds(20);
            sent += Send(ref budget, 10_000);
        }

        Assert.InRange(sent, (int)(20 * perSecond * 0.9), (int)(20 * perSecond * 1.1) + 1);

        int Send(ref DataBudget of, int messages)
        {
            var taken = 0;
            for (var i = 0; i < messages && of.Takes(1, now); i++)
            {
                of.Reached(people);
                taken++;
            }

            return taken;
        }
    }

    [Fact]
    public void What_is_too_long_costs_nothing()
    {
        var now = MonotonicTime.FromMilliseconds(1_000);
        var budget = new DataBudget(now);
        for (var i = 0; i < 10_000; i++)
        {
            Assert.False(budget.Takes(2_000_000, now));
        }

        Assert.True(budget.Takes(1_000_000, now));
    }
}
