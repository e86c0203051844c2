using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>What a viewer sends back that says what fits.</summary>
public enum CongestionFeedback : byte
{
    /// <summary>Receiver reports only: everything fits until they tell of loss.</summary>
    Reports,

    /// <summary>The viewer estimates and says so (draft-alvestrand-rmcat-remb-03).</summary>
    Remb,

    /// <summary>The viewer says which packet arrived when, and we estimate.</summary>
    TransportWide,
}

/// <summary>Bounds and sizes of one viewer's estimator.</summary>
public sealed record SendSideEstimatorOptions
{
    /// <summary>Before anything is known; libwebrtc <c>kDefaultStartBitrateBps</c>. The first probe tries three times as much.</summary>
    public Bitrate Start { get; init; } = Bitrate.FromKilobits(300);

    /// <summary>libwebrtc <c>kCongestionControllerMinBitrate</c>.</summary>
    public Bitrate Min { get; init; } = Bitrate.FromKilobits(5);

    /// <summary>Some layers for a screen full of people; more is not worth a viewer's line.</summary>
    public Bitrate Max { get; init; } = Bitrate.FromMegabits(30);

    /// <summary>
    /// Packets that a report may tell of, a power of two: 2,048 are 2 s of 12 Mbit/s, and 32 KB of memory for a viewer whose reports take so long. Others stay at
    /// 128 packets, 2 KB.
    /// </summary>
    public int HistoryPackets { get; init; } = 2_048;
}

/// <summary>
/// How much one viewer's path carries, after today's GoogCC: trend of the delay, what arrives, loss that less sending would cure, probes
/// that dare more. Allocates nothing after construction; <see cref="PacketSent"/> is on every packet's way, the rest on feedback's.
/// </summary>
public sealed class SendSideEstimator
{
    /// <summary>Arrivals are put in order within a block of this size: 24 bytes each, on the stack.</summary>
    private const int OrderedBlock = 64;

    /// <summary>libwebrtc <c>RttBasedBackoff</c>: silence for so long takes a fifth each second.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SilenceInterval = TimeSpan.FromSeconds(1);
    private const double SilenceFactor = 0.8;

    /// <summary>libwebrtc <c>kBitrateDropThreshold</c>, <c>kProbeFractionAfterDrop</c>, <c>kBitrateDropTimeout</c>, <c>kMinTimeBetweenAlrProbes</c>, <c>kAlrEndedTimeout</c>.</summary>
    private const double DropThreshold = 0.66, ProbeAfterDrop = 0.85;
    private static readonly TimeSpan DropTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MinRetryInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LimitEndedTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Less than this is no queue: a scheduler's slice, a radio's frame. RFC 8289 §4.2 has 5 ms for routers; between hosts there are clocks, kernels and batches.</summary>
    private static readonly TimeSpan MinStanding = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// What fills a path is hardly the little that is sent of what it has carried: if it became thin, the queue is soon longer than this; if somebody was slow
    /// to read, it is not, and the estimate would fall to the little.
    /// </summary>
    private static readonly TimeSpan MinStandingWhenLimited = TimeSpan.FromMilliseconds(60);

    /// <summary>
    /// Statuses that each packet may have: what is lost may be told again. Those that feedback may have without a packet, and those that are saved up for it: after an
    /// outage one report may tell of as many as its count allows.
    /// </summary>
    private const long StatusesPerPacket = 8, MaxUnsentStatuses = 8_192, MaxSavedStatuses = ushort.MaxValue;

    /// <summary>The send rate is taken over at least this.</summary>
    private static readonly TimeSpan RateWindow = TimeSpan.FromMilliseconds(500);

    // What each packet that leaves touches comes first, for Fetch: the runtime puts structs, in this order, behind all that is none.
    private MonotonicTime _unreportedSince = MonotonicTime.Never;
    private SentPackets _sent;
    private long _sentBytes;
    private bool _wantsPadding;

    private readonly SendSideEstimatorOptions _options;
    private readonly Trendline _trend = new();
    private readonly LossBound _loss = new();
    private ArrivalGroups _groups;
    private AcknowledgedBitrate _acknowledged;
    private RateControl _control;
    private ProbeClusters _clusters;
    private Prober _prober;
    private SteadyPadding _padding;
    private ApplicationLimit _limit;
    private ReportedLoss _reported;
    private StandingQueue _queue;
    private FeedbackClock _clock;
    private Bitrate? _remb;
    private Bitrate? _probed;
    private byte _probedCluster;
    private bool _isStarted;
    private long _savedStatuses = MaxUnsentStatuses;
    private long _countedPackets;
    private long _rateBytes;
    private MonotonicTime _rateSince;
    private MonotonicTime _silencedAt;
    private Bitrate _beforeDrop;
    private MonotonicTime _droppedAt = MonotonicTime.Never;
    private MonotonicTime _retriedAt;
    private TimeSpan _reportedRoundTrip;

    public SendSideEstimator(SendSideEstimatorOptions options)
        : this(options, new SentPackets(options.HistoryPackets))
    {
    }

    private SendSideEstimator(SendSideEstimatorOptions options, SentPackets sent)
    {
        _options = options;
        _sent = sent;
        _control = new RateControl(options.Start, options.Min, options.Max);
        _prober = new Prober(options.Start);
        Target = options.Max; // Until feedback is agreed on.
    }

    /// <summary>
    /// One that knows nothing of the path, and goes on with the numbers: the receiver has one row of them for a connection (draft-holmer-rmcat-transport-wide-cc-01 §2),
    /// and would tell of thousands as missing between what it saw last and a beginning.
    /// </summary>
    public SendSideEstimator StartOver() => new(_options, _sent) { _savedStatuses = _savedStatuses, _countedPackets = _countedPackets };

    /// <summary>What the viewer sends, as negotiated.</summary>
    public CongestionFeedback Feedback { get; private set; }

    /// <summary>What may be sent in all, audio and padding included.</summary>
    public Bitrate Target { get; private set; }

    /// <summary>Sent over the last half second.</summary>
    public Bitrate SendRate { get; private set; }

    /// <summary>Null before the first half second of feedback.</summary>
    public Bitrate? Throughput => _acknowledged.Value;

    /// <summary>A queue grows on the path, in which every packet waits: a moment's delay of some is no sign of that.</summary>
    public bool IsFull => _trend.Usage == PathUsage.Overused && _queue.Wait >= (_limit.IsLimited ? MinStandingWhenLimited : MinStanding);

    /// <summary>Nothing has been reported for seconds of what was sent: the path may be so full that not even reports come through.</summary>
    public bool IsSilent { get; private set; }

    /// <summary>Smoothed, 0…1, from transport-wide feedback.</summary>
    public double Loss => _loss.AverageLoss;

    /// <summary>Loss that less sending would cure bounds the estimate.</summary>
    public bool IsLossLimited => Feedback == CongestionFeedback.TransportWide ? _loss.Value is not null : _reported.Value is not null;

    public TimeSpan RoundTrip => _control.RoundTrip;

    /// <summary>Less is sent than fits, so the estimate can grow by probes only.</summary>
    public bool IsApplicationLimited => _limit.IsLimited;

    /// <summary>Padding is due at this time; <see cref="MonotonicTime.Never"/> while no cluster is being sent.</summary>
    public MonotonicTime NextProbePacket => _prober.NextDeadline;

    /// <summary>Begins, or goes on with what a new negotiation agreed on.</summary>
    public void Start(CongestionFeedback feedback, MonotonicTime now)
    {
        if (_isStarted && (feedback == Feedback || (feedback == CongestionFeedback.Reports && Feedback == CongestionFeedback.Remb)))
        {
            return; // REMB needs no agreement to be read.
        }

        _isStarted = true;
        Feedback = feedback;
        _prober.End();
        _padding = default;
        NoteActive();
        _rateSince = now;
        _limit.Update(0, _options.Start, now);
        Decide();
    }

    /// <summary>What the allocator would like to have: see <see cref="Prober.SetGoal"/>.</summary>
    public void SetGoal(Bitrate goal, Bitrate ceiling) => _prober.SetGoal(goal, ceiling);

    /// <summary>A packet leaves soon.</summary>
    public void Fetch()
    {
        Prefetch.Object(this, 128);
        _sent.Fetch();
    }

    /// <summary>A packet leaves; its transport-wide number.</summary>
    public ushort PacketSent(int bytes, MonotonicTime now)
    {
        _sentBytes += bytes;
        if (_unreportedSince.IsNever)
        {
            _unreportedSince = now;
        }

        return _sent.Add(bytes, _wantsPadding ? Fill(bytes, now) : (byte)0, now);
    }

    /// <summary>A packet without a transport-wide number leaves: it counts for what is sent, and nobody will report it.</summary>
    public void UnnumberedSent(int bytes)
    {
        _sentBytes += bytes;
        if (_wantsPadding && _padding.IsActive)
        {
            _padding.Sent(bytes);
        }
    }

    /// <summary>Padding may be due: ask <see cref="TryTakePadding"/> soon and after every packet.</summary>
    public bool WantsPadding => _wantsPadding;

    /// <summary>A padding packet is due, to probe. Send it, tell <see cref="PacketSent"/>, and ask again.</summary>
    public bool TryTakePadding(MonotonicTime now, out ProbePacket packet) =>
        _prober.TryTake(now, out packet) || _padding.TryTake(now, out packet);

    /// <summary>A transport-wide report.</summary>
    /// <returns>False when reports have told of far more packets than there were: some bytes tell of thousands, and were made to keep us busy.</returns>
    public bool FeedbackReceived(in TransportFeedback feedback, MonotonicTime now)
    {
        _savedStatuses = Math.Min(MaxSavedStatuses, _savedStatuses + (StatusesPerPacket * (_sent.Count - _countedPackets)));
        _countedPackets = _sent.Count;
        if (feedback.StatusCount > _savedStatuses)
        {
            return false;
        }

        _savedStatuses -= feedback.StatusCount;
        _unreportedSince = MonotonicTime.Never;
        IsSilent = false;
        _probed = null;
        Span<Arrival> block = stackalloc Arrival[OrderedBlock];
        var filled = 0;
        var arrived = _clock.Read(feedback.ReferenceTime);
        var unreported = _clock.IsReportMissing(feedback.FeedbackCount) ? (long)(_sent.UnreportedBytes(feedback.BaseSequence) * (1 - Loss)) : 0;
        int packets = 0, lost = 0;
        var bytes = unreported;
        var lastSent = MonotonicTime.Zero;
        var lastArrivedSent = MonotonicTime.Zero;
        foreach (var status in feedback)
        {
            arrived += TimeSpan.FromTicks(status.DeltaMicroseconds * 10L);
            var report = _sent.Report(status.Sequence, status.Received, out var sent, out var size, out var cluster);
            if (report == PacketReport.Nothing)
            {
                continue;
            }

            if (report == PacketReport.ArrivedAfterAll)
            {
                lost--;
            }
            else
            {
                packets++;
                bytes += size;
                lastSent = MonotonicTime.Max(lastSent, sent);
                lost += report == PacketReport.Lost ? 1 : 0;
            }

            if (report != PacketReport.Lost)
            {
                lastArrivedSent = MonotonicTime.Max(lastArrivedSent, sent);
                if (filled == OrderedBlock)
                {
                    Acknowledge(block, ref unreported, now);
                    filled = 0;
                }

                Insert(block, filled++, new(sent, arrived, size, cluster));
            }
        }

        Acknowledge(block[..filled], ref unreported, now);
        if (lastArrivedSent > MonotonicTime.Zero && _reportedRoundTrip == TimeSpan.Zero)
        {
            // With the receiver's wait for its report in it: longer than it is, by less than a report's interval.
            _control.RoundTrip = (_control.RoundTrip * 0.875) + ((now - lastArrivedSent) * 0.125);
        }

        Update(now);
        _loss.Update(packets, lost, bytes, lastSent, _control.Rate, _acknowledged.Value);
        Decide();
        Probe(now);
        return true;
    }

    /// <summary>The viewer's own estimate.</summary>
    public void RembReceived(Bitrate bitrate, MonotonicTime now)
    {
        _remb = bitrate;
        if (Feedback == CongestionFeedback.Reports)
        {
            Feedback = CongestionFeedback.Remb;
        }

        Decide();
        Probe(now);
    }

    /// <summary>A receiver report.</summary>
    /// <param name="fractionLost">0…1, the largest of the report's blocks.</param>
    /// <param name="roundTrip">From LSR and DLSR, zero when it cannot be told.</param>
    /// <param name="now">When.</param>
    public void ReportReceived(double fractionLost, TimeSpan roundTrip, MonotonicTime now)
    {
        if (roundTrip > TimeSpan.Zero)
        {
            _reportedRoundTrip = roundTrip;
            _control.RoundTrip = roundTrip;
        }

        if (Feedback != CongestionFeedback.TransportWide)
        {
            _reported.Update(fractionLost, SendRate, _options.Max, now);
            Decide();
        }
    }

    /// <summary>Timed work, every 100 ms or so.</summary>
    public void Advance(MonotonicTime now)
    {
        Measure(now);
        // While nothing is sent there is nothing to report.
        IsSilent = Feedback == CongestionFeedback.TransportWide && !_unreportedSince.IsNever && _sent.LastSent - _unreportedSince > SilenceLimit;
        if (IsSilent && now - _silencedAt >= SilenceInterval && _sent.LastSent > _silencedAt)
        {
            _silencedAt = now;
            _control.Reduce(new((long)(_control.Rate.BitsPerSecond * SilenceFactor)), now);
            Decide();
        }

        Probe(now);
        if (Feedback == CongestionFeedback.Remb)
        {
            _padding.Update(Target, _prober.Goal, now);
            NoteActive();
        }
    }

    private static void Insert(Span<Arrival> block, int count, in Arrival arrival)
    {
        var at = count;
        while (at > 0 && block[at - 1].Arrived > arrival.Arrived)
        {
            block[at] = block[at - 1];
            at--;
        }

        block[at] = arrival;
    }

    /// <summary>Also of what arrived before the first of them, whose report was lost: without it what arrives would seem to be so much less.</summary>
    private void Acknowledge(ReadOnlySpan<Arrival> arrivals, ref long unreported, MonotonicTime now)
    {
        foreach (ref readonly var packet in arrivals)
        {
            _acknowledged.Add(packet.Arrived, packet.Bytes, _limit.IsLimited, unreported);
            _queue.Add(packet.Sent, packet.Arrived);
            if (_groups.TryAdd(packet.Sent, packet.Arrived, packet.Bytes + (int)unreported, now, out var delta))
            {
                _trend.Update(delta, now);
            }

            unreported = 0;

            if (packet.Cluster != 0 && _clusters.TryMeasure(packet.Cluster, packet.Sent, packet.Arrived, packet.Bytes, _queue.LeastDelay, out var rate))
            {
                _probed = rate;
                _probedCluster = packet.Cluster;
            }
        }
    }

    private void Update(MonotonicTime now)
    {
        Measure(now);
        var before = _control.Rate;
        if (_probed is { } probed)
        {
            _prober.Measured(_probedCluster, probed, now);
        }

        if (_probed is { } fits && _trend.Usage != PathUsage.Overused)
        {
            _control.Probed(fits, now);
        }
        else
        {
            var throughput = _acknowledged.Value;
            var usage = _trend.Usage;
            if (usage == PathUsage.Overused)
            {
                Bitrate? carried = null;
                usage = IsFull && _trend.TryMeasureQueue(out carried) ? usage : PathUsage.Underused; // Hold.
                throughput = carried ?? throughput;
            }

            _control.Update(usage, throughput, now);
        }

        NoticeDrop(before, now);
    }

    /// <summary>
    /// While little is sent, a moment of delay takes the estimate down to little, which says nothing of the path: what it was
    /// before is tried again as soon as the delay is normal (libwebrtc <c>ProbeController::RequestProbe</c>).
    /// </summary>
    private void NoticeDrop(Bitrate before, MonotonicTime now)
    {
        var limited = _limit.IsLimited || now - _limit.EndedAt < LimitEndedTimeout;
        if (limited && _control.Rate.BitsPerSecond < before.BitsPerSecond * DropThreshold)
        {
            _beforeDrop = before;
            _droppedAt = now;
        }

        if (_droppedAt.IsNever || _trend.Usage != PathUsage.Normal)
        {
            return;
        }

        if (now - _droppedAt < DropTimeout && now - _retriedAt >= MinRetryInterval)
        {
            _retriedAt = now;
            _prober.Retry(new((long)(_beforeDrop.BitsPerSecond * ProbeAfterDrop)));
        }

        _droppedAt = MonotonicTime.Never;
    }

    private void Measure(MonotonicTime now)
    {
        var wasLimited = _limit.IsLimited;
        _limit.Update(_sentBytes, Target, now);
        if (wasLimited && !_limit.IsLimited)
        {
            _acknowledged.ExpectChange();
        }

        _rateBytes += _sentBytes;
        _sentBytes = 0;
        var elapsed = now - _rateSince;
        if (elapsed >= RateWindow)
        {
            SendRate = new((long)(_rateBytes * 8 / elapsed.TotalSeconds));
            _rateBytes = 0;
            _rateSince = now;
        }
    }

    private void Decide()
    {
        var target = Feedback == CongestionFeedback.TransportWide ? _control.Rate : _options.Max;
        target = Least(target, Feedback == CongestionFeedback.TransportWide ? _loss.Value : _reported.Value);
        target = Least(target, _remb);
        if (Feedback == CongestionFeedback.Remb && _remb is null)
        {
            target = Least(target, _options.Start);
        }

        Target = target < _options.Min ? _options.Min : target;
    }

    private static Bitrate Least(Bitrate a, Bitrate? b) => b is { } other && other < a ? other : a;

    private void Probe(MonotonicTime now)
    {
        if (Feedback == CongestionFeedback.TransportWide
            && _prober.TryBegin(Target, _trend.Usage == PathUsage.Overused, _loss.Value is not null, now))
        {
            _clusters.Begin(_prober.ClusterId, _prober.ClusterPackets, _prober.ClusterBytes);
        }

        NoteActive();
    }

    /// <summary>A packet leaves while padding is wanted, and is as good as some; its cluster.</summary>
    private byte Fill(int bytes, MonotonicTime now)
    {
        byte cluster = 0;
        if (_prober.IsActive)
        {
            cluster = _prober.Sent(bytes, now);
        }

        if (_padding.IsActive)
        {
            _padding.Sent(bytes);
        }

        NoteActive();
        return cluster;
    }

    private void NoteActive() => _wantsPadding = _prober.IsActive || _padding.IsActive;

    private readonly record struct Arrival(MonotonicTime Sent, MonotonicTime Arrived, int Bytes, byte Cluster);
}
