using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding;

public class KeyframeRequestsTests
{
    private KeyframeRequests _requests = new(TimeSpan.FromMilliseconds(500));

    [Fact]
    public void The_first_wish_goes_out_at_once_and_more_wait_for_the_interval()
    {
        Assert.True(_requests.Request(At(0)));
        Assert.False(_requests.Request(At(10)));
        Assert.False(_requests.TakeDue(At(499)));
        Assert.True(_requests.TakeDue(At(500)));
        Assert.False(_requests.TakeDue(At(1_500)));
        Assert.Equal(2, _requests.Sent);
    }

    [Fact]
    public void A_keyframe_fulfils_the_waiting_wishes()
    {
        Assert.True(_requests.Request(At(0)));
        Assert.False(_requests.Request(At(10)));
        _requests.KeyframeReceived();
        Assert.False(_requests.TakeDue(At(500)));
        Assert.True(_requests.Request(At(600)));
    }

    private static MonotonicTime At(long milliseconds) => MonotonicTime.FromMilliseconds(milliseconds);
}
