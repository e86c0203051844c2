using Events.Rtc.Protocol;
using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Ice;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>The transport that a participant receives on: its m-lines, their subscriptions, and the feedback that comes back.</summary>
internal sealed class SubscriberTransport : MediaTransport
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MeasureInterval = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<string, Subscription> _byTrack = [];
    private readonly Dictionary<uint, Subscription> _bySsrc = [];
    private readonly ViewerReports _reports;
    private readonly ViewerFeedback _feedback;
    private IReadOnlyList<SubscribeSlot> _slots = [];
    private uint _lastSsrc;
    private MonotonicTime _nextMeasure;
    private MonotonicTime _nextSample;

    public SubscriberTransport(MediaWorker worker, Participant participant)
        : base(worker, participant)
    {
        _reports = new ViewerReports(this);
        _feedback = new ViewerFeedback(this, _reports);
        Congestion = new ViewerCongestion(worker);
        _lastSsrc = worker.CreateSsrc();
    }

    /// <summary>Revision of the offer that waits for its answer; 0: none waits.</summary>
    public int OutstandingRevision { get; private set; }

    /// <summary>The wanted tracks changed while an offer was outstanding.</summary>
    public bool NeedsOffer { get; set; }

    public SubscribeOffer? OutstandingOffer { get; private set; }

    /// <summary>From reports, else from transport-wide feedback; zero until known.</summary>
    public TimeSpan PathRoundTrip => _reports.RoundTrip > TimeSpan.Zero ? _reports.RoundTrip : Congestion.Estimator.RoundTrip;

    /// <summary>0…1, smoothed from transport-wide feedback, else the worst of the last reports.</summary>
    public double Loss
    {
        get
        {
            if (Congestion.Estimator.Feedback == CongestionFeedback.TransportWide && Congestion.Estimator.Throughput is not null)
            {
                return Congestion.Estimator.Loss;
            }

            var worst = 0.0;
            foreach (var subscription in _byTrack.Values)
            {
                worst = Math.Max(worst, subscription.FractionLost);
            }

            return worst;
        }
    }

    /// <summary>The worst of the last reports.</summary>
    public TimeSpan Jitter
    {
        get
        {
            var worst = TimeSpan.Zero;
            foreach (var subscription in _byTrack.Values)
            {
                worst = subscription.Jitter > worst ? subscription.Jitter : worst;
            }

            return worst;
        }
    }

    /// <summary>A picture stands still.</summary>
    public bool IsFrozen
    {
        get
        {
            foreach (var subscription in _byTrack.Values)
            {
                if (subscription.Freezes.IsFrozen)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>How much the viewer's path carries.</summary>
    public ViewerCongestion Congestion { get; }

    /// <summary>There is an m-line to offer.</summary>
    public bool HasLines => _byTrack.Count > 0 || _slots.Count > 0;

    /// <summary>Of this type, so that going through them allocates nothing.</summary>
    public Dictionary<string, Subscription>.ValueCollection Subscriptions => _byTrack.Values;

    public Subscription? Find(string trackId) => _byTrack.GetValueOrDefault(trackId);

    /// <summary>By the SSRC of what it sends for the first time.</summary>
    public Subscription? Find(uint ssrc) => _bySsrc.GetValueOrDefault(ssrc);

    /// <summary>For a stream to the viewer. Counted, not drawn: under one key two streams of one SSRC, at once or one after the other, would use nonces twice (RFC 3711 §9.1).</summary>
    public uint CreateSsrc()
    {
        do
        {
            _lastSsrc++;
        }
        while (_lastSsrc == 0 || _lastSsrc == SenderSsrc);
        return _lastSsrc;
    }

    /// <summary>Starts or stops subscriptions so that they are exactly these; true when the m-lines have to follow.</summary>
    public bool SetWanted(IReadOnlyList<PublishedTrack> wanted)
    {
        var held = 0;
        foreach (var track in wanted)
        {
            held += _byTrack.TryGetValue(track.Id, out var subscription) && subscription.Track == track ? 1 : 0;
        }

        var changed = held < wanted.Count || held < _byTrack.Count;
        if (held < _byTrack.Count)
        {
            var kept = wanted.ToHashSet();
            foreach (var gone in _byTrack.Values.Where(s => !kept.Contains(s.Track)).ToList())
            {
                Drop(gone);
            }
        }

        foreach (var track in wanted)
        {
            if (!_byTrack.ContainsKey(track.Id))
            {
                Open(track);
            }
        }

        return changed;
    }

    /// <summary>The next offer to the browser.</summary>
    public SubscribeOffer CreateOffer(IceCredentials? restart = null)
    {
        if (restart is not null)
        {
            PendingIce = restart;
        }

        var local = PendingIce ?? LocalIce;
        Version++;
        OutstandingRevision = Participant.NextRevision();
        NeedsOffer = false;
        _slots = Negotiation.ArrangeSlots(_slots, [.. _byTrack.Values.Select(s => s.Outgoing)]);
        var transport = Local with { IceUfrag = local.Ufrag, IcePwd = local.Pwd };
        var sdp = Negotiation.WriteSubscribeOffer(transport, _slots, SessionId, Version);
        var tracks = new List<SubscribedTrack>();
        foreach (var slot in _slots)
        {
            if (slot.Track is { } outgoing && _byTrack.TryGetValue(outgoing.TrackId, out var subscription))
            {
                var track = subscription.Track;
                tracks.Add(new(slot.Mid, track.Id, track.Publisher.Id, track.Kind, track.Source) { Encryption = track.Encryption });
            }
        }

        OutstandingOffer = new(OutstandingRevision, sdp, tracks);
        return OutstandingOffer;
    }

    /// <summary>The browser's answer to the outstanding offer.</summary>
    public RtcResult<Done> Accept(int revision, SessionDescription answer)
    {
        if (OutstandingRevision == 0 || revision != OutstandingRevision)
        {
            return new RtcError("stale_revision", $"The offer that waits for an answer is revision {OutstandingRevision}; answer that one.");
        }

        if (!Negotiation.TryReadSubscribeAnswer(answer, _slots, out var result, out var error))
        {
            return new RtcError(error.Code, error.Message);
        }

        OutstandingRevision = 0;
        OutstandingOffer = null;
        Connect(result.Remote, PendingIce ?? LocalIce);
        PendingIce = null;
        foreach (var refused in result.Unmatched)
        {
            Find(refused.Track.TrackId)?.Refuse();
        }

        Agree(result.Media);
        return default(Done);
    }

    /// <summary>Credentials of an ICE restart that we offered and that is not answered yet.</summary>
    private IceCredentials? PendingIce { get; set; }

    /// <summary>WHEP: the client offers, we answer with the tracks in the order of publishing.</summary>
    public RtcResult<string> Answer(SessionDescription offer, IReadOnlyList<PublishedTrack> tracks)
    {
        SetWanted(tracks);
        var outgoing = tracks.Select(t => _byTrack[t.Id].Outgoing).ToList();
        if (!Negotiation.TryAnswerSubscribe(offer, Local, outgoing, SessionId, Version + 1, out var negotiation, out var error))
        {
            return new RtcError(error.Code, error.Message);
        }

        Version++;
        Connect(negotiation.Remote, LocalIce);
        foreach (var unmatched in negotiation.Unmatched)
        {
            if (_byTrack.TryGetValue(unmatched.Track.TrackId, out var subscription))
            {
                Drop(subscription);
            }
        }

        Agree(negotiation.Media);
        return negotiation.Answer;
    }

    /// <summary>
    /// WHEP has no renegotiation: an m-line whose track ended goes on with a new one of the same kind and codec.
    /// True when one of ours took the track.
    /// </summary>
    public bool TryContinue(PublishedTrack track)
    {
        if (!track.Publisher.IsVisible || (_byTrack.TryGetValue(track.Id, out var shown) && !(shown.IsOrphan && shown.CanShow(track))))
        {
            return false;
        }

        foreach (var subscription in _byTrack.Values)
        {
            if (subscription.IsOrphan && subscription.CanShow(track) && (shown is null || shown == subscription))
            {
                _byTrack.Remove(subscription.Track.Id);
                _byTrack[track.Id] = subscription;
                subscription.Continue(track);
                track.Add(subscription);
                return true;
            }
        }

        return false;
    }

    /// <summary>The track ended. A WHEP m-line waits for a successor; a browser's is taken down with the next offer.</summary>
    public void TrackEnded(PublishedTrack track, bool keepLine)
    {
        if (!_byTrack.TryGetValue(track.Id, out var subscription))
        {
            return;
        }

        if (keepLine && subscription.IsAgreed)
        {
            track.Receivers.Remove(subscription);
            subscription.IsOrphan = true;
        }
        else
        {
            Drop(subscription);
        }
    }

    public override void RtpReceived(Peer peer, Span<byte> packet, MonotonicTime now) => Worker.Counters.UnknownSources++;

    public override void RtcpReceived(Peer peer, ReadOnlySpan<byte> compound, MonotonicTime now) => _feedback.Received(compound, now);

    public override void Tick(MonotonicTime now)
    {
        Peer?.HandleDeadline(now);
        if (IsConnected)
        {
            Allocate(now);
            Congestion.Pacing.SendDue(now);
            SendPadding(now);
        }

        Measure(now);
        // A burst of the pacer lasts 40 ms.
        NextTick = !IsConnected ? IdleTick(now) : Congestion.IsBusy ? now + TransportTimers.BusyInterval : TransportTimers.RoundAt(now + TickInterval);
        if (IsConnected && now >= _reports.Next)
        {
            _reports.Send(_byTrack.Values, now);
        }
    }

    /// <summary>What others read of the viewer: its streams a few times a second, itself once.</summary>
    private void Measure(MonotonicTime now)
    {
        if (now < _nextMeasure)
        {
            return;
        }

        _nextMeasure = now + MeasureInterval;
        foreach (var subscription in _byTrack.Values)
        {
            subscription.Measure(now);
        }

        if (IsConnected && now >= _nextSample)
        {
            _nextSample = now + TimeSpan.FromSeconds(1);
            Worker.Counters.Viewers.Sample(this);
        }
    }

    /// <summary>What the viewer wants has changed: what fits is decided with the next tick.</summary>
    public void Reconsider()
    {
        Congestion.Reconsider();
        NextTick = MonotonicTime.Zero;
    }

    /// <summary>Sender reports are due.</summary>
    public void ReportSoon()
    {
        _reports.Hurry();
        NextTick = MonotonicTime.Min(NextTick, _reports.Next);
    }

    /// <summary>A probe is being sent to it.</summary>
    public bool IsProbed => IsConnected && !Congestion.Estimator.NextProbePacket.IsNever;

    /// <summary>Sends the padding that is due by now.</summary>
    public void SendPadding(MonotonicTime now)
    {
        if (!IsConnected)
        {
            return;
        }

        Congestion.SendPadding(_byTrack.Values, now);
        if (IsProbed)
        {
            Worker.PadLater(this);
        }
    }

    public void DropAll()
    {
        foreach (var subscription in _byTrack.Values.ToList())
        {
            Drop(subscription);
        }
    }

    protected override void TransportConnected(MonotonicTime now)
    {
        StartAll(now);
        Participant.TransportConnected(this);
    }

    protected override void ConsentLost(MonotonicTime now)
    {
        Congestion.Stop(_byTrack.Values);
        foreach (var subscription in _byTrack.Values)
        {
            subscription.Suspend();
        }
    }

    protected override void ConsentRegained(MonotonicTime now) => StartAll(now);

    private void StartAll(MonotonicTime now)
    {
        _reports.Begin(now);
        Congestion.Start(_byTrack.Values, now);
        Allocate(now); // So that the first keyframe that is asked for is of a layer that fits.
        foreach (var subscription in _byTrack.Values)
        {
            subscription.Start();
        }
    }

    protected override void Disconnected()
    {
        Worker.Faults.Attempt(() => Congestion.Stop(_byTrack.Values));
        foreach (var subscription in _byTrack.Values)
        {
            Worker.Faults.Attempt(subscription.Stop);
        }
    }

    protected override void TransportEnded(PeerEnd end, string reason) => Participant.TransportEnded(this, end, reason);

    private void Allocate(MonotonicTime now)
    {
        if (Congestion.Advance(_byTrack.Values, now))
        {
            Participant.TellHeld();
        }
    }

    private void Agree(IReadOnlyList<SubscribedMedia> media)
    {
        foreach (var line in media)
        {
            if (_byTrack.TryGetValue(line.TrackId, out var subscription))
            {
                subscription.Agree(line);
            }
        }

        if (IsConnected)
        {
            Congestion.Start(_byTrack.Values, Worker.Now);
        }
    }

    private void Open(PublishedTrack track)
    {
        var subscription = new Subscription(this, track);
        _byTrack[track.Id] = subscription;
        _bySsrc[subscription.Ssrc] = subscription;
        track.Add(subscription);
    }

    private void Drop(Subscription subscription)
    {
        subscription.Track.Receivers.Remove(subscription);
        _byTrack.Remove(subscription.Track.Id);
        _bySsrc.Remove(subscription.Ssrc);
        Worker.Faults.Attempt(subscription.Stop);
    }
}
