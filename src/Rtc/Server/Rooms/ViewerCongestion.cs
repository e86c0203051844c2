using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>What one viewer's path carries, and the padding that finds out. Belongs to its transport's worker.</summary>
internal sealed class ViewerCongestion(MediaWorker worker)
{
    private static readonly TimeSpan AdvanceInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Layers of one size leave no choice yet, so the estimate has to carry what is sent and a tenth of retransmissions.</summary>
    private const double GoalOverSent = 1.1;

    /// <summary>The media's rate is taken over at least this: a frame more or less must not move it.</summary>
    private static readonly TimeSpan RateWindow = TimeSpan.FromMilliseconds(500);

    private MonotonicTime _nextAdvance;
    private MonotonicTime _mediaSince;
    private long _mediaBytes;
    private long _counted;

    /// <summary>Begins anew with each connection.</summary>
    public SendSideEstimator Estimator { get; private set; } = new(new());

    /// <summary>Once the viewer's answer and its keys are there, or its answer has changed.</summary>
    public void Start(IReadOnlyCollection<Subscription> subscriptions, MonotonicTime now)
    {
        var isNumbered = subscriptions.Any(s => s.IsNumbered);
        _mediaSince = now;
        _mediaBytes = 0;
        Estimator.Start(isNumbered ? CongestionFeedback.TransportWide : CongestionFeedback.Reports, now);
    }

    public void Stop()
    {
        Estimator = new(new());
        Count(0);
    }

    /// <summary>A packet of a track left, which is not padding: padding must not become a reason for more.</summary>
    public void MediaSent(int bytes) => _mediaBytes += bytes;

    public void Advance(MonotonicTime now)
    {
        if (now < _nextAdvance)
        {
            return;
        }

        _nextAdvance = now + AdvanceInterval;
        Estimator.Advance(now);
        if (now - _mediaSince >= RateWindow)
        {
            var goal = new Bitrate((long)(_mediaBytes * 8 / (now - _mediaSince).TotalSeconds * GoalOverSent));
            Estimator.SetGoal(goal, goal);
            _mediaBytes = 0;
            _mediaSince = now;
        }

        Count(Estimator.Feedback == CongestionFeedback.Reports ? 0 : Estimator.Target.BitsPerSecond);
    }

    /// <summary>Sends the padding that is due by now, on any stream that can carry some.</summary>
    public void SendPadding(Dictionary<string, Subscription>.ValueCollection subscriptions, MonotonicTime now)
    {
        while (Estimator.TryTakePadding(now, out var due))
        {
            var sent = 0;
            foreach (var subscription in subscriptions)
            {
                sent = subscription.TrySendPadding(due.Bytes);
                if (sent > 0)
                {
                    worker.Counters.PaddingSent++;
                    break;
                }
            }

            if (sent == 0)
            {
                return; // Sound only, or no retransmission stream: the media alone has to fill the cluster.
            }
        }
    }

    /// <summary>Keeps the worker's sum right.</summary>
    private void Count(long bitsPerSecond)
    {
        worker.Counters.EstimatedBitrate += bitsPerSecond - _counted;
        _counted = bitsPerSecond;
    }
}
