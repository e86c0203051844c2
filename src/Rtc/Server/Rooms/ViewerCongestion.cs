using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>What one viewer's path carries, and what is done about it: layers, pauses, pacing, and the padding that finds out more. Belongs to its transport's worker.</summary>
internal sealed class ViewerCongestion(MediaWorker worker)
{
    private static readonly TimeSpan AdvanceInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Sound's rate is taken over at least this, so that silence between two sentences (DTX) does not count as gain.</summary>
    private static readonly TimeSpan AudioWindow = TimeSpan.FromSeconds(2);

    /// <summary>
    /// What an estimate says for so long after the path was full is a bound. Later, or before, it is only what was asked for so far: it begins at
    /// 300 kbit/s, and who joins is not sent a picture at the pace of a guess.
    /// </summary>
    private static readonly TimeSpan ProvenFor = TimeSpan.FromSeconds(5);

    /// <summary>Who agreed to report what arrives, and has not by then, does not: silence is no congestion.</summary>
    private static readonly TimeSpan ReportsWithin = TimeSpan.FromSeconds(4);

    /// <summary>A cluster has at most some dozen packets.</summary>
    private const int MaxPaddingAtOnce = 256;

    private static readonly SendSideEstimatorOptions EstimatorOptions = new();

    private MonotonicTime _nextAdvance;
    private MonotonicTime _startedAt;
    private MonotonicTime _provenUntil;
    private MonotonicTime _audioSince;
    private long _audioBytes;
    private Bitrate _audio;
    private long _counted;
    private ViewerAllocation? _allocation;
    private UpwardTrial _trial;

    /// <summary>Begins anew with each connection, and when consent comes back.</summary>
    public SendSideEstimator Estimator { get; private set; } = new(EstimatorOptions);

    /// <summary>Packets wait there while not all that is wanted fits.</summary>
    public ViewerPacing Pacing { get; } = new(worker);

    /// <summary>Something has to be done in a few milliseconds: packets wait, or a probe is being sent.</summary>
    public bool IsBusy => Pacing.IsWaiting || Estimator.WantsPadding;

    /// <summary>A packet is sent soon.</summary>
    public void Fetch()
    {
        Estimator.Fetch();
        Prefetch.Object(Pacing, 64);
    }

    /// <summary>Once the viewer's answer and its keys are there, or its answer has changed.</summary>
    public void Start(Dictionary<string, Subscription>.ValueCollection subscriptions, MonotonicTime now)
    {
        bool isNumbered = false, isPartly = false;
        foreach (var subscription in subscriptions)
        {
            isNumbered |= subscription.IsNumbered;
            isPartly |= subscription.IsAgreed && subscription.Track.Kind == TrackKind.Video && !subscription.IsNumbered;
        }

        _startedAt = _startedAt == MonotonicTime.Zero ? now : _startedAt;
        // Reports of sound alone say nothing of what pictures fit.
        Estimator.Start(isNumbered && !isPartly ? CongestionFeedback.TransportWide : CongestionFeedback.Reports, now);
        _audioSince = now;
        _audioBytes = 0;
        Reconsider();
    }

    public void Stop(Dictionary<string, Subscription>.ValueCollection subscriptions)
    {
        Estimator = Estimator.StartOver();
        Pacing.Stop();
        _provenUntil = _startedAt = MonotonicTime.Zero;
        if (_allocation is not null)
        {
            ViewerAllocation.Lift(subscriptions);
            _allocation = null;
        }

        _trial = default;
        _audio = Bitrate.Zero;
        Count(0);
    }

    /// <summary>Something that is wanted changed: decide with the next tick.</summary>
    public void Reconsider() => _nextAdvance = MonotonicTime.Zero;

    /// <summary>A packet of sound left.</summary>
    public void AudioSent(int bytes) => _audioBytes += bytes;

    /// <returns>True when pictures are held back that were not before, or are shown again.</returns>
    public bool Advance(Dictionary<string, Subscription>.ValueCollection subscriptions, MonotonicTime now)
    {
        if (now < _nextAdvance)
        {
            return false;
        }

        _nextAdvance = now + AdvanceInterval;
        Estimator.Advance(now);
        MeasureAudio(now);
        var changed = Allocate(subscriptions, now);
        Count(Estimator.Feedback == CongestionFeedback.Reports ? 0 : Estimator.Target.BitsPerSecond);
        return changed;
    }

    /// <summary>Sends the padding that is due by now, on any stream that can carry some.</summary>
    public void SendPadding(Dictionary<string, Subscription>.ValueCollection subscriptions, MonotonicTime now)
    {
        for (var packets = 0; packets < MaxPaddingAtOnce && Estimator.TryTakePadding(now, out var due); packets++)
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

    private bool Allocate(Dictionary<string, Subscription>.ValueCollection subscriptions, MonotonicTime now)
    {
        var target = Estimator.Target;
        if (_allocation is null && Estimator.Feedback == CongestionFeedback.Reports && target >= EstimatorOptions.Max)
        {
            return false; // Nothing is known of its path, and nothing is lost on it.
        }

        if (Estimator.Feedback == CongestionFeedback.TransportWide && Estimator.Throughput is null && now - _startedAt > ReportsWithin)
        {
            return ViewerAllocation.Lift(subscriptions);
        }

        _allocation ??= new();
        var isCongested = Estimator.IsFull;
        var isBounded = isCongested || Estimator.IsLossLimited || Estimator.IsSilent;
        if (isBounded || Estimator.Feedback == CongestionFeedback.Remb)
        {
            _provenUntil = now + ProvenFor;
        }

        var isProven = now < _provenUntil;
        target = _trial.Level > target ? _trial.Level : target;
        var result = _allocation.Update(subscriptions, target, _audio, isCongested, isProven, now);
        if (Estimator.Feedback == CongestionFeedback.TransportWide)
        {
            _trial.Update(result.Goal, Estimator.Target, isBounded, now);
        }

        // Also what is sent with less than its margin asks for more: what is known of the path would not bear the next second.
        Estimator.SetGoal(result.Goal > Bitrate.Zero ? result.Goal : result.Ceiling, result.Ceiling);
        Pacing.Update(target, isTight: isProven && (result.Goal > Bitrate.Zero || target < result.Ceiling), now);
        return _allocation.HeldChanged;
    }

    private void MeasureAudio(MonotonicTime now)
    {
        var elapsed = now - _audioSince;
        if (elapsed < AudioWindow)
        {
            return;
        }

        _audio = new((long)(_audioBytes * 8 / elapsed.TotalSeconds));
        _audioBytes = 0;
        _audioSince = now;
    }

    /// <summary>Keeps the worker's sum right.</summary>
    private void Count(long bitsPerSecond)
    {
        worker.Counters.EstimatedBitrate += bitsPerSecond - _counted;
        _counted = bitsPerSecond;
    }
}
