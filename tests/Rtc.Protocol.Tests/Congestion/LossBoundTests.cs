using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Congestion;

public class LossBoundTests
{
    private static readonly Bitrate DelayBased = Bitrate.FromMegabits(2);
    private readonly LossBound _bound = new();
    private MonotonicTime _now = MonotonicTime.FromMilliseconds(1_000);

    private void Send(double seconds, double megabits, double loss)
    {
        double owed = 0;
        for (var i = 0; i < seconds * 10; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            var packets = (int)(megabits * 1e6 / 10 / 8 / 1_000);
            owed += packets * loss;
            var lost = (int)owed;
            owed -= lost;
            _bound.Update(packets, lost, packets * 1_000, _now, DelayBased, Bitrate.FromMegabits(megabits * (1 - loss)));
        }
    }

    [Fact]
    public void Without_loss_there_is_no_bound()
    {
        Send(10, 1.9, 0);
        Assert.Null(_bound.Value);
    }

    [Fact]
    public void Loss_that_sending_less_would_not_cure_bounds_nothing()
    {
        Send(30, 1, 0.04);
        Assert.Null(_bound.Value);
        Assert.InRange(_bound.InherentLoss, 0.02, 0.06);
    }

    [Fact]
    public void A_queue_that_overflows_bounds_at_what_arrives()
    {
        Send(5, 2, 0.5);
        Assert.InRange(_bound.Value!.Value.BitsPerSecond, 200_000, 1_050_000);
    }

    [Fact]
    public void The_bound_goes_when_nothing_is_lost_any_more()
    {
        Send(5, 2, 0.5);
        Send(20, 0.5, 0);
        Assert.Null(_bound.Value);
    }
}
