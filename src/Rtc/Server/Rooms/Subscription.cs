using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Stats;

namespace Events.Rtc.Rooms;

/// <summary>
/// One subscriber's stream of one track. It lives as long as its m-line shows the track. Here is what the subscriber wants and may have;
/// <see cref="PlainForwarding"/> or <see cref="LayeredForwarding"/> decides on packets, <see cref="OutgoingStream"/> sends them.
/// </summary>
internal sealed class Subscription
{
    private readonly SubscriberTransport _transport;
    private readonly OutgoingStream _stream;
    private readonly PlainForwarding _plain;
    private LayeredForwarding? _layered;
    private Subscription? _beside;
    private LayerChoice _choice = new();
    private ByteRate _rate;
    private Freezes _freezes;

    public Subscription(SubscriberTransport transport, PublishedTrack track)
    {
        _transport = transport;
        _stream = new OutgoingStream(transport, track);
        _plain = new PlainForwarding(_stream);
        WantedSince = transport.Worker.Now;
    }

    public PublishedTrack Track => _stream.Track;

    public uint Ssrc => _stream.Ssrc;

    public string? Mid { get; private set; }

    /// <summary>Its track ended and its m-line waits for a successor.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>Agreed on, so that packets may flow once the transport is connected.</summary>
    public bool IsAgreed => _stream.Codec is not null;

    /// <summary>Audio may be sent with redundancy.</summary>
    public bool TakesRed => _stream.TakesRed;

    /// <summary>Its packets carry transport-wide numbers, which the viewer will report.</summary>
    public bool IsNumbered => _stream.IsNumbered;

    /// <summary>Its m-line can show this track without a new offer.</summary>
    public bool CanShow(PublishedTrack track) => Track.Kind == track.Kind && _stream.Codec?.Codec == track.Codec.Codec;

    /// <summary>From the last receiver report, 0…1.</summary>
    public double FractionLost { get; set; }

    /// <summary>From the last receiver report.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>Sent over the last second, bit/s.</summary>
    public long Bitrate => _rate.BitsPerSecond;

    /// <summary>For the first time.</summary>
    public long PacketsSent => _stream.PacketsSent;

    public long Retransmitted => _stream.Retransmitted;

    public Freezes Freezes => _freezes;

    /// <summary>Why nothing is sent, as the viewer's statistics say it; null: it is sent.</summary>
    public string? PauseReason => _choice.Paused switch
    {
        PauseReasons.None => null,
        var paused when (paused & (PauseReasons.Viewer | PauseReasons.Refused)) != 0 => "viewer",
        var paused when (paused & PauseReasons.LastN) != 0 => "last_n",
        _ => "bandwidth",
    };

    /// <summary>Takes the counters; a few times a second.</summary>
    public void Measure(MonotonicTime now)
    {
        _rate.Advance(_stream.BytesSent, now);
        // The first picture is not late before there was one, and nobody misses what cannot be seen.
        var isExpected = _stream.PacketsSent > 0 && !IsUnwanted && !IsOrphan && Track.IsMoving(now);
        _freezes.Advance(isExpected, _stream.LastForward, now);
    }

    public OutgoingTrack Outgoing => new()
    {
        TrackId = Track.Id,
        StreamId = Track.Publisher.Id,
        Kind = Track.Kind == TrackKind.Audio ? MediaKind.Audio : MediaKind.Video,
        Codec = Track.Codec.Codec,
        Fmtp = Track.Codec.Fmtp,
        Ssrc = Ssrc,
        RtxSsrc = _stream.RtxSsrc == 0 ? null : _stream.RtxSsrc,
        Cname = Track.Publisher.Id,
    };

    /// <summary>What it is given of a layered track; the whole of another.</summary>
    public LayerTarget Target => _layered?.Target ?? (IsPaused ? LayerTarget.Paused : default);

    /// <summary>What it gets now.</summary>
    public LayerTarget Current => _layered?.Current ?? (IsPaused || _plain.NeedsKeyframe ? LayerTarget.Paused : default);

    public bool IsPaused => _choice.Paused != PauseReasons.None;

    /// <summary>Encodings of the track that it watches or waits for, as bits.</summary>
    public int WatchedEncodings { get; private set; } = 1;

    /// <summary>The subscriber agreed to receive it like this.</summary>
    public void Agree(SubscribedMedia media)
    {
        Mid = media.Mid;
        if (!_stream.Agree(media))
        {
            _plain.Forget();
            _layered?.ForgetSent();
        }

        Track.Receivers.Agreed();

        if (Track.IsLayered)
        {
            UseLayers();
        }

        Pause(PauseReasons.Refused, false);
        Start();
    }

    /// <summary>The subscriber's answer has its m-line inactive or rejected: nothing is sent there until another answer takes it.</summary>
    public void Refuse()
    {
        Pause(PauseReasons.Refused, true);
        Suspend(); // And not closed: it may go on under the same keys.
    }

    /// <summary>Begins once both the answer and the SRTP keys are there.</summary>
    public void Start()
    {
        if ((_choice.Paused & PauseReasons.Refused) == 0 && _transport.Peer is { IsConnected: true, Srtp: { } srtp } && _stream.TryOpen(srtp))
        {
            WantedSince = _transport.Worker.Now;
            RestartAtKeyframe();
        }
    }

    /// <summary>The transport's keys are gone.</summary>
    public void Stop() => _stream.Close();

    /// <summary>Nothing may be sent until <see cref="Start"/>; the keys, and where their nonces have come to, are kept.</summary>
    public void Suspend()
    {
        _stream.Suspend();
        _plain.Forget(); // Numbers are not spent meanwhile: by half a turn of them, nonces would be used again.
    }

    /// <summary>The m-line goes on with another track of the same codec: the stream is spliced (a WHIP publisher that came back).</summary>
    public void Continue(PublishedTrack track)
    {
        _stream.Continue(track);
        GivenGroup = 0;
        IsOrphan = false;
        _plain.Forget();
        _layered?.ChangeSource();
        if (track.IsLayered)
        {
            UseLayers();
        }

        Retarget();
        RestartAtKeyframe();
    }

    /// <summary>The track has layers: from here on a selector numbers its packets.</summary>
    public void UseLayers()
    {
        if (!IsAgreed || _layered is not null)
        {
            return;
        }

        try
        {
            _plain.End();
            _layered = new LayeredForwarding(_stream);
        }
        catch (Exception exception)
        {
            Broke(exception); // In the publisher's turn.
        }

        Retarget();
        Track.DemandChanged();
    }

    /// <summary>How the viewer wants the track.</summary>
    public void Prefer(VideoPreference preference)
    {
        _choice.MaxWidth = preference.MaxWidth;
        _choice.MaxHeight = preference.MaxHeight;
        _choice.MaxFrameRate = preference.MaxFrameRate;
        Pause(PauseReasons.Viewer, preference.Paused);
        _transport.Reconsider();
    }

    /// <summary>
    /// What the subscriber's path has room for: the index among the track's <see cref="PublishedTrack.Layers"/> and the temporal layer that may be given at
    /// most. A negative index pauses the track. <see cref="TrackLayers.BitrateOf"/> says what each costs.
    /// </summary>
    public void Limit(int layer, byte temporal)
    {
        var (limit, held) = (Math.Max(0, layer), layer < 0);
        if (_choice.LayerLimit == limit && _choice.TemporalLimit == temporal && IsHeld == held)
        {
            return;
        }

        _choice.LayerLimit = limit;
        _choice.TemporalLimit = temporal;
        Pause(PauseReasons.Bandwidth, held);
    }

    /// <summary>The path bounds it no more.</summary>
    public void Unlimit() => Limit(LayerChoice.NoLimit, LayerTarget.AllLayers);

    /// <summary>The path has no room for it.</summary>
    public bool IsHeld => (_choice.Paused & PauseReasons.Bandwidth) != 0;

    /// <summary>The viewer would have it, and is not sent it.</summary>
    public bool IsHeldBack => (_choice.Paused & (PauseReasons.Bandwidth | PauseReasons.LastN)) != 0;

    /// <summary>It is paused, and not for want of room.</summary>
    public bool IsUnwanted => (_choice.Paused & ~PauseReasons.Bandwidth) != 0;

    /// <summary>Nothing is sent of it, whatever arrives: a moderator muted its track, or that has ended and its rates are of the past.</summary>
    public bool IsIdle => IsOrphan || Track.Silenced;

    /// <summary>Since when it is open and wanted.</summary>
    public MonotonicTime WantedSince { get; private set; }

    /// <summary>It is wanted, and its publisher has not begun to send it again: see <see cref="TrackLayers.IsAwaited"/>.</summary>
    public bool IsAwaited(MonotonicTime now) => !IsUnwanted && !IsIdle && Track.Layers.IsAwaited(now);

    /// <summary>What could be sent of the track, and what that costs: see <see cref="TrackLayers.TryListRates"/>.</summary>
    public bool TryListRates(MonotonicTime now, ref LayerRates rates) =>
        Track.Layers.TryListRates(_choice, Track.IsLayered, Track.Source == TrackSource.Screen, now, ref rates);

    /// <summary>Sets or lifts one reason for sending nothing.</summary>
    public void Pause(PauseReasons reason, bool paused)
    {
        var was = IsPaused;
        var wasUnwanted = IsUnwanted;
        _choice.Paused = paused ? _choice.Paused | reason : _choice.Paused & ~reason;
        if (wasUnwanted != IsUnwanted)
        {
            WantedSince = _transport.Worker.Now;
        }

        if (!was && IsPaused)
        {
            _stream.Discard(_transport.Worker.Now);
        }

        if (was && !IsPaused && _layered is null)
        {
            // Numbers were not spent meanwhile: what comes now is spliced on, as after a change of source.
            _plain.Forget();
            RestartAtKeyframe();
        }

        Retarget();
        Track.DemandChanged();
    }

    /// <summary>The track's layers or the wishes changed.</summary>
    public void Retarget()
    {
        if (Track.Kind != TrackKind.Video)
        {
            return;
        }

        var target = Track.Layers.Choose(_choice, out var watched);
        WatchedEncodings = watched;
        try
        {
            if (_layered is not null && _layered.SetTarget(target, _transport.Worker.Now))
            {
                _transport.Worker.ReplayLater(this);
            }
        }
        catch (Exception exception)
        {
            Broke(exception); // Layers come and go in the publisher's turn.
        }
    }

    /// <summary>The group of held packets that it was given last before the others: see <see cref="HeldPackets"/>.</summary>
    public long GivenGroup { get; set; }

    /// <summary>Something waits to leave for its viewer.</summary>
    public bool IsLeaving => _stream.IsLeaving;

    /// <summary>The same viewer's subscription of another track.</summary>
    public Subscription? Beside(PublishedTrack track)
    {
        if (_beside is null || _beside.Track != track || !_beside._stream.IsOpen)
        {
            _beside = _transport.Find(track.Id);
        }

        return _beside;
    }

    /// <summary>A packet is forwarded soon.</summary>
    public void Fetch()
    {
        Prefetch.Object((object?)_layered ?? _plain, 64);
        _stream.Fetch();
    }

    public void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        if (!_stream.IsOpen)
        {
            return;
        }

        try
        {
            if (_layered is not null)
            {
                _layered.Forward(packet, encoding, video, now);
            }
            else if (!IsPaused)
            {
                _plain.Forward(packet, encoding, video, now);
            }
        }
        catch (Exception exception)
        {
            Broke(exception);
        }
    }

    /// <summary>Sends more of the past. False once the present is reached, or the source has changed.</summary>
    public bool Replay(MonotonicTime now)
    {
        try
        {
            return _layered is null ? _plain.Replay(IsPaused, now) : _layered.Replay(now);
        }
        catch (Exception exception)
        {
            Broke(exception);
            return false;
        }
    }

    /// <summary>Sends a packet of padding about this large; its bytes, or 0 when there is no stream to send it on.</summary>
    public int TrySendPadding(int bytes) => _stream.TrySendPadding(bytes);

    /// <summary>Answers a NACK from the track's cache. False when the packet is not there any more.</summary>
    public bool Retransmit(ushort sent, MonotonicTime now)
    {
        if (!_stream.CanSendAgain || IsHeld)
        {
            return false; // Sound is not sent again, nor what there is no room for.
        }

        return _layered is null ? _plain.Retransmit(sent, now) : _layered.Retransmit(sent, now);
    }

    /// <summary>The viewer cannot go on without a keyframe.</summary>
    public void RequestKeyframe(MonotonicTime now)
    {
        var encoding = _layered is null ? 0 : _layered.CurrentEncoding >= 0 ? _layered.CurrentEncoding : _layered.Target.Encoding;
        if (encoding >= 0 && !IsPaused)
        {
            Track.Encodings[encoding].RequestKeyframe(now);
        }
    }

    /// <summary>
    /// Our sender report: the publisher's NTP/RTP relation, carried on to now, so that the subscriber aligns the publisher's
    /// sound and picture exactly as the publisher captured them.
    /// </summary>
    public bool TryWriteSenderReport(ref RtcpWriter writer, MonotonicTime now, out uint middle)
    {
        middle = 0;
        var index = _layered?.CurrentEncoding ?? 0;
        if (_stream.PacketsSent == 0 || !_stream.IsOpen || index < 0)
        {
            return false;
        }

        var encoding = Track.Encodings[index];
        var (ntp, rtp, at) = encoding.SenderReport;
        if (at == MonotonicTime.Zero || (_layered is null && !_plain.Follows(encoding)))
        {
            return false;
        }

        var elapsed = now - at;
        var ntpNow = new NtpTime(ntp.Value + (ulong)(elapsed.TotalSeconds * 4_294_967_296.0));
        var ours = _layered?.Timestamp(rtp.Value) ?? _stream.Rewriter.Timestamp(rtp.Value);
        var rtpNow = new RtpTimestamp(ours + (uint)(long)(elapsed.TotalSeconds * Track.Codec.ClockRate));
        middle = ntpNow.Middle;
        _stream.OwesReport = false;
        _plain.Told(encoding.Clock);
        return writer.WriteSenderReport(Ssrc, ntpNow, rtpNow, _stream.PacketsSent, _stream.OctetsSent);
    }

    /// <summary>The publisher has told the clock of an encoding.</summary>
    public void SenderReported(PublishedEncoding encoding)
    {
        if (_stream.OwesReport && encoding.Index == (_layered?.CurrentEncoding ?? 0))
        {
            _transport.ReportSoon();
        }
    }

    /// <summary>It costs its viewer, not the publisher or the other viewers, whose turn this is.</summary>
    private void Broke(Exception exception)
    {
        _stream.Abandon();
        _transport.Worker.Faults.Note(_transport, exception);
    }

    private void RestartAtKeyframe()
    {
        var now = _transport.Worker.Now;
        if (!(_layered is null ? _plain.Restart(IsPaused, now) : _layered.Restart(now)))
        {
            RequestKeyframe(now);
        }
        else if (_layered is null ? _plain.IsReplaying : _layered.IsReplaying)
        {
            _transport.Worker.ReplayLater(this);
        }
    }
}
