using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding;

public class UpwardTrialTests
{
    private static readonly Bitrate Estimate = Bitrate.FromKilobits(300), Goal = Bitrate.FromKilobits(700);

    private UpwardTrial _trial;
    private double _seconds = 100;

    /// <summary>When the next trial begins, in seconds from now; infinity: not within two minutes.</summary>
    private double NextTrial()
    {
        for (var waited = 0.1; waited < 120; waited += 0.1)
        {
            Pass(0.1);
            if (_trial.Level > Bitrate.Zero)
            {
                return waited;
            }
        }

        return double.PositiveInfinity;
    }

    private void Pass(double seconds, Bitrate? goal = null, bool isCongested = false)
    {
        for (var end = _seconds + seconds; _seconds < end - 0.05;)
        {
            _seconds += 0.1;
            _trial.Update(goal ?? Goal, Estimate, isCongested, MonotonicTime.FromMilliseconds((long)(_seconds * 1_000)));
        }
    }

    [Fact]
    public void Who_was_never_congested_is_given_the_next_step_after_two_seconds()
    {
        Pass(0.1, goal: Bitrate.Zero);
        Assert.Equal(2, NextTrial(), 0.3);
        Assert.Equal(Goal, _trial.Level);
        Pass(2.2, goal: Bitrate.FromKilobits(1_500));
        Assert.Equal(1_500_000, _trial.Level.BitsPerSecond);
    }

    [Fact]
    public void A_trial_that_ends_in_congestion_is_repeated_less_and_less()
    {
        Pass(0.1, goal: Bitrate.Zero);
        var waits = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            waits.Add(NextTrial());
            Pass(1);
            Pass(0.5, isCongested: true);
            Assert.Equal(Bitrate.Zero, _trial.Level);
        }

        Assert.All(waits.Zip((double[])[2, 15, 30, 60, 60]), pair => Assert.Equal(pair.Second, pair.First, 0.6));
    }

    [Fact]
    public void A_step_that_lasted_makes_the_next_one_soon()
    {
        Pass(0.5, isCongested: true);
        Assert.Equal(15, NextTrial(), 0.6);
        Pass(11, goal: Bitrate.Zero);
        Pass(2.2, goal: Bitrate.FromKilobits(1_500));
        Assert.Equal(1_500_000, _trial.Level.BitsPerSecond);
    }
}
