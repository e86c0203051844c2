using System.Diagnostics;
using System.Net;
using Events.Rtc.Signalling.Http;

namespace Events.Tests.Rtc.Signalling.Http;

public sealed class AddressBudgetTests
{
    [Fact]
    public void An_address_has_a_burst_and_then_its_rate()
    {
        using var budget = new AddressBudget(burst: 50, perSecond: 100);
        IPAddress address = IPAddress.Parse("192.0.2.1");
        long began = Stopwatch.GetTimestamp();
        var admitted = 0;
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1))
        {
            admitted += budget.TryTake(address) ? 1 : 0;
            Thread.Sleep(1);
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.InRange(admitted, 60, 51 + (int)(100 * seconds));
    }

    [Fact]
    public void A_subscriber_of_IPv6_has_one_budget_and_an_IPv4_address_one_by_either_name()
    {
        using var budget = new AddressBudget(burst: 1, perSecond: 1);
        Assert.True(budget.TryTake(IPAddress.Parse("2001:db8:1:2::1")));
        Assert.False(budget.TryTake(IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.True(budget.TryTake(IPAddress.Parse("2001:db8:1:3::1")));
        Assert.True(budget.TryTake(IPAddress.Parse("192.0.2.1")));
        Assert.False(budget.TryTake(IPAddress.Parse("::ffff:192.0.2.1")));
        Assert.True(budget.TryTake(null));
        Assert.False(budget.TryTake(null));
    }
}
