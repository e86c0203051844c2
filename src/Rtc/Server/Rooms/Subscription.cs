using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>One subscriber's stream of one track. It lives as long as its m-line shows the track.</summary>
internal sealed class Subscription
{
    /// <summary>
    /// Packets of one frame differ by a few bytes, and only equal sizes travel as one segmented send. Up to 15 bytes of padding cost
    /// 0.7 % of the rate and make a frame one send: worth it once there are a few subscribers (docs/performance.md).
    /// </summary>
    private const int EqualSizes = 16;
    private const int EqualSizesFromSubscribers = 6;

    /// <summary>
    /// Packets of a group of pictures sent at once to who joins, and every 10 ms until the present is reached: 21 Mbit/s, ten times what most
    /// tracks have.
    /// </summary>
    private const int ReplayBurst = 24;

    private readonly SubscriberTransport _transport;
    private SrtpSendStream? _stream;
    private SrtpSendStream? _rtxStream;
    private SrtpSendStream? _suspended;
    private SrtpSendStream? _suspendedRtx;
    private StreamRewriter _rewriter;
    private NegotiatedCodec? _codec;
    private CongestionElement _congestion;
    private int _epoch;
    private ushort _rtxSequence;
    private ushort _spliceSequence;
    private bool _spliceFresh;
    private bool _replaying;
    private ushort _replayNext;
    private MonotonicTime _lastForward;
    private LayerSelector? _selector;
    private LayerChoice _choice = new();

    public Subscription(SubscriberTransport transport, PublishedTrack track)
    {
        _transport = transport;
        Track = track;
        Ssrc = transport.Worker.CreateSsrc();
        RtxSsrc = track.Kind == TrackKind.Video ? transport.Worker.CreateSsrc() : 0;
        NeedsKeyframe = track.Kind == TrackKind.Video;
    }

    public PublishedTrack Track { get; private set; }

    public uint Ssrc { get; }

    /// <summary>Of retransmissions; 0 for audio.</summary>
    public uint RtxSsrc { get; }

    public string? Mid { get; private set; }

    /// <summary>Its track ended and its m-line waits for a successor.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>Agreed on, so that packets may flow once the transport is connected.</summary>
    public bool IsAgreed => _codec is not null;

    /// <summary>Its m-line can show this track without a new offer.</summary>
    public bool CanShow(PublishedTrack track) => Track.Kind == track.Kind && _codec?.Codec == track.Codec.Codec;

    /// <summary>Nothing is forwarded before the next keyframe.</summary>
    public bool NeedsKeyframe { get; private set; }

    public uint PacketsSent { get; private set; }

    public uint OctetsSent { get; private set; }

    public long Retransmitted { get; private set; }

    /// <summary>From the last receiver report, 0…1.</summary>
    public double FractionLost { get; set; }

    public OutgoingTrack Outgoing => new()
    {
        TrackId = Track.Id,
        StreamId = Track.Publisher.Id,
        Kind = Track.Kind == TrackKind.Audio ? MediaKind.Audio : MediaKind.Video,
        Codec = Track.Codec.Codec,
        Fmtp = Track.Codec.Fmtp,
        Ssrc = Ssrc,
        RtxSsrc = RtxSsrc == 0 ? null : RtxSsrc,
        Cname = Track.Publisher.Id,
    };

    /// <summary>The subscriber agreed to receive it like this.</summary>
    public void Agree(SubscribedMedia media)
    {
        Mid = media.Mid;
        if (_codec is null)
        {
            // The first number lies below 2^15: see StreamRewriter.
            _rewriter = new StreamRewriter(Ssrc, (ushort)_transport.Worker.Random.Next(1, 0x7000));
            _rtxSequence = (ushort)_transport.Worker.Random.Next(1, 0x7000);
        }

        _codec = media.Codec;
        Extensions = media.Extensions;
        Configure();
        if (Track.IsLayered)
        {
            UseLayers();
        }

        Start();
    }

    /// <summary>What it is given of a layered track; the whole of another.</summary>
    public LayerTarget Target => _selector?.Target ?? (IsPaused ? LayerTarget.Paused : default);

    /// <summary>What it gets now.</summary>
    public LayerTarget Current => _selector?.Current ?? (IsPaused || NeedsKeyframe ? LayerTarget.Paused : default);

    public bool IsPaused => _choice.Paused != PauseReasons.None;

    /// <summary>Encodings of the track that it watches or waits for, as bits.</summary>
    public int WatchedEncodings { get; private set; } = 1;

    /// <summary>How the viewer wants the track.</summary>
    public void Prefer(VideoPreference preference)
    {
        _choice.MaxWidth = preference.MaxWidth;
        _choice.MaxHeight = preference.MaxHeight;
        _choice.MaxFrameRate = preference.MaxFrameRate;
        Pause(PauseReasons.Viewer, preference.Paused);
    }

    /// <summary>
    /// What the subscriber's path has room for: the index among the track's <see cref="PublishedTrack.Layers"/> and the temporal layer that may be given at
    /// most. A negative index pauses the track. <see cref="PublishedTrack.BitrateOf"/> says what each costs.
    /// </summary>
    public void Limit(int layer, byte temporal)
    {
        _choice.LayerLimit = Math.Max(0, layer);
        _choice.TemporalLimit = temporal;
        Pause(PauseReasons.Bandwidth, layer < 0);
    }

    /// <summary>Sets or lifts one reason for sending nothing.</summary>
    public void Pause(PauseReasons reason, bool paused)
    {
        var was = IsPaused;
        _choice.Paused = paused ? _choice.Paused | reason : _choice.Paused & ~reason;
        if (was && !IsPaused && _selector is null)
        {
            // Numbers were not spent meanwhile: what comes now is spliced on, as after a change of source.
            _epoch = 0;
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

        var target = Track.Choose(_choice, out var watched);
        WatchedEncodings = watched;
        if (_selector is null || target == _selector.Target)
        {
            return;
        }

        _selector.SetTarget(target);
        if (_stream is not null && _selector.NeedsKeyframe)
        {
            Track.Encodings[target.Encoding].RequestKeyframe(_transport.Worker.Now);
        }
    }

    /// <summary>The track has layers: from here on a selector numbers its packets.</summary>
    public void UseLayers()
    {
        if (_codec is null || _selector is not null)
        {
            return;
        }

        _selector = new LayerSelector(_codec.Codec, (ushort)(_rewriter.LastSequence + 1));
        if (_rewriter.Started)
        {
            _selector.GoOnFrom(_rewriter.LastTimestamp.Value, _lastForward);
        }

        Retarget();
        Track.DemandChanged();
    }

    private void Configure()
    {
        // Video without RTX is sent again as it was, and with another number it would be another packet (RFC 3711 §9.1).
        var sentAgain = Track.Kind == TrackKind.Video && _codec!.RtxPayloadType is null;
        _congestion = sentAgain ? default : CongestionElement.Of(Extensions);
        _rewriter.Configure(
            (byte)_codec!.PayloadType,
            Track.Media.Extensions.VideoOrientation,
            Extensions.VideoOrientation,
            _congestion,
            Track.Media.Extensions.DependencyDescriptor,
            _codec.Codec == Codec.Av1 ? Extensions.DependencyDescriptor : (byte)0);
    }

    public NegotiatedExtensions Extensions { get; private set; }

    /// <summary>Its packets carry transport-wide numbers, which the viewer will report.</summary>
    public bool IsNumbered => _congestion.IsNumber;

    /// <summary>Begins once both the answer and the SRTP keys are there.</summary>
    public void Start()
    {
        if (_codec is null || _transport.Peer is not { IsConnected: true, Srtp: { } srtp })
        {
            return;
        }

        if (_suspended is not null)
        {
            (_stream, _rtxStream) = (_suspended, _suspendedRtx);
            (_suspended, _suspendedRtx) = (null, null);
            RestartAtKeyframe();
            return;
        }

        if (_stream is not null)
        {
            return; // A second stream of one SSRC under one key would repeat nonces (RFC 3711 §9.1).
        }

        _stream = srtp.OpenStream(Ssrc);
        _rtxStream = RtxSsrc != 0 && _codec.RtxPayloadType is not null ? srtp.OpenStream(RtxSsrc) : null;
        RestartAtKeyframe();
    }

    /// <summary>The transport's keys are gone.</summary>
    public void Stop()
    {
        _stream = null;
        _rtxStream = null;
        _suspended = null;
        _suspendedRtx = null;
    }

    /// <summary>Nothing may be sent until <see cref="Start"/>; the keys, and where their nonces have come to, are kept.</summary>
    public void Suspend()
    {
        if (_stream is not null)
        {
            (_suspended, _suspendedRtx) = (_stream, _rtxStream);
            (_stream, _rtxStream) = (null, null);
        }
    }

    /// <summary>The m-line goes on with another track of the same codec: the stream is spliced (a WHIP publisher that came back).</summary>
    public void Continue(PublishedTrack track)
    {
        Track = track;
        IsOrphan = false;
        _epoch = 0;
        Configure();
        if (track.IsLayered)
        {
            UseLayers();
        }

        Retarget();
        RestartAtKeyframe();
    }

    public void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        if (_stream is null)
        {
            return;
        }

        if (_selector is not null)
        {
            ForwardLayer(_selector, packet, encoding, video, now);
            return;
        }

        if (IsPaused)
        {
            return;
        }

        var sequence = packet.SequenceNumber.Value;
        if (_replaying && _epoch == encoding.Epoch && (short)(sequence - _replayNext) >= 0)
        {
            return; // Its turn comes: it is in the cache.
        }

        if (NeedsKeyframe || _epoch != encoding.Epoch)
        {
            if (!video.IsKeyframe && Track.Kind == TrackKind.Video)
            {
                // Again and again, at the track's pace: the request or the keyframe may have been lost, and a viewer that has
                // received nothing does not ask.
                encoding.RequestKeyframe(now);
                return;
            }

            NeedsKeyframe = false;
            if (_epoch != encoding.Epoch)
            {
                Splice(packet, encoding, now);
            }
        }
        else if (_spliceFresh)
        {
            var distance = (short)(sequence - _spliceSequence);
            if (distance < 0)
            {
                return; // Before our beginning: it would take a number that we have used already.
            }

            _spliceFresh = distance < 8_192;
        }

        Send(_stream, packet, now);
    }

    /// <summary>Sends more of the past. False once the present is reached, or the source has changed.</summary>
    public bool Replay(MonotonicTime now)
    {
        var encoding = Track.Encodings[0];
        for (var i = 0; i < ReplayBurst && _replaying; i++)
        {
            if (_stream is null || _selector is not null || IsPaused || _epoch != encoding.Epoch || (short)(encoding.NewestForwarded - _replayNext) < 0)
            {
                _replaying = false;
                break;
            }

            if (encoding.TryGetCached(_replayNext, now, out var cached) && RtpReader.TryRead(cached, out var packet))
            {
                Send(_stream, packet, now);
            }

            _replayNext++;
        }

        return _replaying;
    }

    private void Send(SrtpSendStream stream, in RtpReader packet, MonotonicTime now)
    {
        _lastForward = now;
        var slot = _transport.Worker.Queue.Reserve();
        Commit(stream, packet, slot, _rewriter.Write(packet, slot, out var headerLength), headerLength);
    }

    /// <summary>
    /// Sends a packet of padding about this large; its bytes, or 0 when there is no retransmission stream to send it on.
    /// </summary>
    public int TrySendPadding(int bytes)
    {
        if (_rtxStream is not { } rtx || PacketsSent == 0)
        {
            return 0;
        }

        var slot = _transport.Worker.Queue.Reserve();
        var length = PaddingPacket.Write(
            slot, (byte)_codec!.RtxPayloadType!.Value, RtxSsrc, new(_rtxSequence++), _rewriter.LastTimestamp, _congestion, bytes, out var headerLength);
        Commit(rtx, slot, length, headerLength);
        return length;
    }

    /// <summary>Answers a NACK from the track's cache. False when the packet is not there any more.</summary>
    public bool Retransmit(ushort sent, MonotonicTime now)
    {
        if (_stream is null || (_rtxStream is null && !_congestion.IsNone))
        {
            return false; // Sound is not sent again: see Configure.
        }

        if (_selector is not null)
        {
            return RetransmitLayer(_selector, sent, now);
        }

        var encoding = Track.Encodings[0];
        if (_epoch != encoding.Epoch
            || !_rewriter.WasSent(sent)
            || !encoding.TryGetCached(_rewriter.SourceSequence(sent), now, out var cached)
            || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        var slot = _transport.Worker.Queue.Reserve();
        var rtx = _rtxStream;
        int headerLength;
        var length = rtx is null
            ? _rewriter.WriteAgain(packet, slot, out headerLength)
            : _rewriter.WriteRetransmission(packet, slot, (byte)_codec!.RtxPayloadType!.Value, RtxSsrc, _rtxSequence++, out headerLength);
        return CommitAgain(rtx ?? _stream, slot, length, headerLength);
    }

    /// <summary>The viewer cannot go on without a keyframe.</summary>
    public void RequestKeyframe(MonotonicTime now)
    {
        var encoding = _selector is null ? 0 : _selector.CurrentEncoding >= 0 ? _selector.CurrentEncoding : _selector.Target.Encoding;
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
        var index = _selector?.CurrentEncoding ?? 0;
        if (PacketsSent == 0 || index < 0)
        {
            return false;
        }

        var encoding = Track.Encodings[index];
        var (ntp, rtp, at) = encoding.SenderReport;
        if (at == MonotonicTime.Zero || (_selector is null && _epoch != encoding.Epoch))
        {
            return false;
        }

        var elapsed = now - at;
        var ntpNow = new NtpTime(ntp.Value + (ulong)(elapsed.TotalSeconds * 4_294_967_296.0));
        var ours = _selector?.Timestamp(rtp.Value) ?? _rewriter.Timestamp(rtp.Value);
        var rtpNow = new RtpTimestamp(ours + (uint)(long)(elapsed.TotalSeconds * Track.Codec.ClockRate));
        middle = ntpNow.Middle;
        return writer.WriteSenderReport(Ssrc, ntpNow, rtpNow, PacketsSent, OctetsSent);
    }

    private void ForwardLayer(LayerSelector selector, in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        var index = encoding.Index;
        if (index != selector.Target.Encoding && index != selector.CurrentEncoding)
        {
            return;
        }

        var decision = selector.Select(index, encoding.Epoch, encoding.Clock, packet, video, now, out var sent);
        if (selector.NeedsKeyframe && index == selector.Target.Encoding)
        {
            encoding.RequestKeyframe(now); // Again and again, at the encoding's pace: requests and keyframes are lost.
        }

        if (decision == LayerDecision.Skip)
        {
            return;
        }

        var slot = _transport.Worker.Queue.Reserve();
        int headerLength;
        var length = decision == LayerDecision.Fill
            ? _rewriter.WriteFill(sent, slot, out headerLength)
            : _rewriter.WriteLayered(packet, video, sent, slot, out headerLength);
        Commit(_stream!, packet, slot, length, headerLength);
    }

    private bool RetransmitLayer(LayerSelector selector, ushort sequence, MonotonicTime now)
    {
        if (!selector.TryFindSent(sequence, out var sent))
        {
            return ForwardSkipped(selector, sequence, now);
        }

        var encoding = Track.Encodings[sent.Encoding];
        if ((byte)encoding.Epoch != sent.Epoch || !encoding.TryGetCached(sent.Source, now, out var cached) || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        // Where its ids stand; what they were is in the record.
        VideoPacket.Read(_codec!.Codec, packet.Payload, default, null, out var video);
        var slot = _transport.Worker.Queue.Reserve();
        var rtx = _rtxStream;
        int headerLength;
        var length = rtx is null
            ? _rewriter.WriteLayered(packet, video, sent, slot, out headerLength)
            : _rewriter.WriteLayeredRetransmission(packet, video, sent, slot, (byte)_codec.RtxPayloadType!.Value, RtxSsrc, _rtxSequence++, out headerLength);
        return CommitAgain(rtx ?? _stream!, slot, length, headerLength);
    }

    /// <summary>A packet that came before the keyframe's beginning did (that one was lost, and retransmitted) has a number here, and has not been sent.</summary>
    private bool ForwardSkipped(LayerSelector selector, ushort sequence, MonotonicTime now)
    {
        if (selector.CurrentEncoding < 0 || !selector.TryFindMissing(sequence, out var source))
        {
            return false;
        }

        var encoding = Track.Encodings[selector.CurrentEncoding];
        if (!encoding.TryGetCached(source, now, out var cached) || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        encoding.ReadAgain(packet, _codec!.Codec, Track.Media.Extensions.DependencyDescriptor, out var video);
        ForwardLayer(selector, packet, encoding, video, now);
        return true;
    }

    private void RestartAtKeyframe()
    {
        var now = _transport.Worker.Now;
        NeedsKeyframe = Track.Kind == TrackKind.Video;
        _selector?.StartOver();
        if (NeedsKeyframe && !IsPaused && !TryReplay(now))
        {
            RequestKeyframe(now);
        }
    }

    /// <summary>
    /// Begins with the last keyframe, if it is recent: the picture is there at once, and the publisher is spared another. Of a layered track the
    /// selector waits for a keyframe of its own.
    /// </summary>
    private bool TryReplay(MonotonicTime now)
    {
        var encoding = Track.Encodings[0];
        if (_stream is null || _selector is not null
            || !encoding.TryGetRecentKeyframe(_transport.Worker.Options.KeyframeReplay, now, out var first, out var present)
            || !encoding.TryGetCached(first, now, out var cached) || !RtpReader.TryRead(cached, out var packet))
        {
            return false;
        }

        Splice(packet, encoding, now);
        _rewriter.CompressBefore(present);
        NeedsKeyframe = false;
        _replaying = true;
        _replayNext = first;
        if (Replay(now))
        {
            _transport.Worker.ReplayLater(this);
        }

        return true;
    }

    private void Splice(in RtpReader packet, PublishedEncoding encoding, MonotonicTime now)
    {
        var elapsed = (uint)Math.Max(1, (now - _lastForward).TotalSeconds * Track.Codec.ClockRate);
        _rewriter.Rebase(packet.SequenceNumber.Value, packet.Timestamp.Value, elapsed);
        _epoch = encoding.Epoch;
        _spliceSequence = packet.SequenceNumber.Value;
        _spliceFresh = true;
    }

    /// <summary>A packet that is sent for the first time.</summary>
    private void Commit(SrtpSendStream stream, in RtpReader source, Span<byte> slot, int length, int headerLength)
    {
        if (length < 0)
        {
            return;
        }

        PacketsSent++;
        OctetsSent += (uint)(length - headerLength);
        if (Track.SubscriptionCount >= EqualSizesFromSubscribers && !source.Marker && _rtxStream is not null)
        {
            // Never without RTX: there a packet sent again must be the same in every byte (RFC 3711 §9.1).
            length = RtpPadding.Align(slot, length, EqualSizes);
        }

        Commit(stream, slot, length, headerLength);
        _transport.Congestion.MediaSent(length);
        if (_transport.Congestion.Estimator.WantsPadding)
        {
            _transport.SendPadding(_transport.Worker.Now);
        }
    }

    private bool CommitAgain(SrtpSendStream stream, Span<byte> slot, int length, int headerLength)
    {
        if (length < 0)
        {
            return false;
        }

        Commit(stream, slot, length, headerLength);
        Retransmitted++;
        return true;
    }

    private void Commit(SrtpSendStream stream, Span<byte> slot, int length, int headerLength)
    {
        var congestion = _transport.Congestion.Estimator;
        if (_congestion.IsNumber)
        {
            CongestionElement.StampNumber(slot, congestion.PacketSent(length, _transport.Worker.Now));
        }
        else
        {
            congestion.UnnumberedSent(length);
            if (!_congestion.IsNone)
            {
                CongestionElement.StampTime(slot, _transport.Worker.Now);
            }
        }

        var total = _transport.Peer!.Srtp!.ProtectRtp(stream, slot, length, headerLength);
        _transport.Worker.Queue.Commit(_transport.Destination, total);
        _transport.Worker.Counters.PacketsForwarded++;
        _transport.Worker.Counters.BytesForwarded += total;
    }
}
