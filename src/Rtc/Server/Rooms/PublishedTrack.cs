using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;
using Events.Rtc.Stats;

namespace Events.Rtc.Rooms;

/// <summary>
/// One track of a publisher on its worker: what arrives is counted, kept for retransmission, and handed to each subscription
/// and relay.
/// </summary>
internal sealed class PublishedTrack : IDisposable
{
    /// <summary>
    /// Each switch is a new offer to every subscriber. Encoders switch when a person changes a setting, so a packet of another codec
    /// sooner than this is late or hostile.
    /// </summary>
    private static readonly TimeSpan MinCodecTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LayerCheckInterval = TimeSpan.FromMilliseconds(100);

    private readonly ITrackOrigin _origin;
    private readonly PublishedEncoding[] _encodings;
    private readonly LayerDemand? _demand;
    private readonly TrackReceivers _receivers;
    private RedForwarding? _red;
    private MonotonicTime _codecSwitchedAt = MonotonicTime.Zero;
    private MonotonicTime _nextLayerCheck;
    private bool _silenced;
    private ActiveSpeaker _speaker;
    private Freezes _freezes;

    /// <param name="origin">Where its packets come from.</param>
    /// <param name="media">Its m-line.</param>
    /// <param name="source">What is captured.</param>
    /// <param name="muted">Declared so.</param>
    /// <param name="dynacast">The client stops and resumes encodings when it is told to.</param>
    /// <param name="id">Null: a new one.</param>
    /// <param name="encryption">Of its frames, by the client.</param>
    /// <param name="codec">In use elsewhere already; null: the publisher's first choice, until a packet says otherwise.</param>
    public PublishedTrack(
        ITrackOrigin origin,
        PublishedMedia media,
        TrackSource source,
        bool muted,
        bool dynacast = false,
        string? id = null,
        TrackEncryption encryption = TrackEncryption.None,
        NegotiatedCodec? codec = null)
    {
        _origin = origin;
        _receivers = new TrackReceivers(origin.Worker);
        Media = media;
        Id = id ?? origin.Worker.CreateId("TR");
        Mid = media.Mid ?? "";
        Kind = media.Kind == MediaKind.Audio ? TrackKind.Audio : TrackKind.Video;
        Source = source;
        Encryption = encryption;
        Muted = muted;
        Codec = codec ?? media.Codecs[0];
        _encodings = new PublishedEncoding[EncodingsOf(media)];
        for (var i = 0; i < _encodings.Length; i++)
        {
            _encodings[i] = new PublishedEncoding(this, i, RidOf(media, i), origin.Worker.Options.KeyframeRequestInterval);
        }

        IsLayered = _encodings.Length > 1;
        _demand = dynacast && Kind == TrackKind.Video ? new LayerDemand(this) : null;
    }

    public string Id { get; }

    public string Mid { get; }

    /// <summary>Declared by this m-line.</summary>
    public bool IsOf(PublishedMedia line) => (line.Mid ?? "") == Mid && line.Index == Media.Index;

    /// <summary>The line has the encodings that it has. With others it is another track: who receives this one has been told of these.</summary>
    public bool HasEncodingsOf(PublishedMedia line)
    {
        if (_encodings.Length != EncodingsOf(line))
        {
            return false;
        }

        foreach (var encoding in _encodings)
        {
            if (encoding.Rid != RidOf(line, encoding.Index))
            {
                return false;
            }
        }

        return true;
    }

    public TrackKind Kind { get; }

    public TrackSource Source { get; }

    /// <summary>What is not read here passes as it is; see docs/decisions/0033-encrypted-frames.md.</summary>
    public TrackEncryption Encryption { get; }

    public bool Muted { get; set; }

    /// <summary>Muted by moderation: nothing is forwarded until that is lifted.</summary>
    public bool Silenced
    {
        get => _silenced;
        set
        {
            foreach (var encoding in _encodings)
            {
                encoding.ForwardHeld(_origin.Worker.Now);
            }

            if (_silenced && !value)
            {
                // Numbers that were not sent must not be left out either: past 2^15 of them a receiver takes the next for an old
                // one, and so would our own roll-over counter (RFC 3711 §3.3.1).
                foreach (var encoding in _encodings)
                {
                    encoding.StartOver();
                }
            }

            _silenced = value;
        }
    }

    /// <summary>Its m-line as last negotiated.</summary>
    public PublishedMedia Media { get; private set; }

    /// <summary>The codec in use: the publisher's first choice until a packet says otherwise.</summary>
    public NegotiatedCodec Codec { get; private set; }

    /// <summary>One, or the simulcast encodings in the order of the offer.</summary>
    public ReadOnlySpan<PublishedEncoding> Encodings => _encodings;

    /// <summary>There is something to choose: each subscription has a selector.</summary>
    public bool IsLayered { get; private set; }

    /// <summary>What a viewer can be given.</summary>
    public TrackLayers Layers { get; } = new();

    /// <summary>Of the first encoding that arrives; 0 before the first packet.</summary>
    public uint Ssrc
    {
        get
        {
            foreach (var encoding in _encodings)
            {
                if (encoding.IsLive)
                {
                    return encoding.Ssrc;
                }
            }

            return 0;
        }
    }

    public bool IsLive => Ssrc != 0;

    /// <summary>No picture came though one should have.</summary>
    public Freezes Freezes => _freezes;

    /// <summary>Its picture should change now: a camera's always does, a screen's while its publisher sends some.</summary>
    public bool IsMoving(MonotonicTime now) =>
        Kind == TrackKind.Video && IsLive && !Muted && !Silenced && (Source == TrackSource.Camera || now - Layers.LastPacket < Freezes.Limit);

    /// <summary>It is a picture that many watch, and its next frame is due: see <see cref="Room.ExpectsFrame"/>.</summary>
    public bool ExpectsFrame(TimeSpan within, TimeSpan late, MonotonicTime now)
    {
        foreach (var encoding in _encodings)
        {
            if (encoding.Rhythm.Next >= now - late && encoding.Rhythm.Next <= now + within)
            {
                return SubscriptionCount >= TrackReceivers.HoldFromSubscribers;
            }
        }

        return false;
    }

    public Participant Publisher => _origin.Participant;

    public int SubscriptionCount => _receivers.SubscriptionCount;

    public bool Speaking => _speaker.Speaking && !Muted && !Silenced;

    public double AudioLevel => _speaker.Level;

    public TrackInfo Info => new(Id, Kind, Source, Muted || Silenced, CodecName) { Silenced = Silenced, Encryption = Encryption, Layers = Layers.Info };

    public string CodecName => Codec.Codec switch
    {
        Protocol.Codecs.Codec.Opus => "opus",
        Protocol.Codecs.Codec.Vp8 => "vp8",
        Protocol.Codecs.Codec.H264 => "h264",
        Protocol.Codecs.Codec.Vp9 => "vp9",
        Protocol.Codecs.Codec.Av1 => "av1",
        var other => other.ToString().ToLowerInvariant(),
    };

    public void Renegotiated(PublishedMedia media)
    {
        Media = media;
        foreach (var branch in _receivers.Branches)
        {
            branch.Renegotiated(media);
        }
    }

    /// <summary>A media packet; one that came by RTX is unwrapped before.</summary>
    /// <param name="packet">As published.</param>
    /// <param name="encoding">One of <see cref="Encodings"/>.</param>
    /// <param name="recovered">It came by RTX: the loss that it makes good stays a loss in reports (RFC 4588 §6.3).</param>
    /// <param name="now">The present.</param>
    public void Receive(in RtpReader packet, PublishedEncoding encoding, bool recovered, MonotonicTime now)
    {
        // Before the source starts, so that relays learn of the track with the codec that it has.
        if (packet.PayloadType != Codec.PayloadType && packet.PayloadType != Codec.RedPayloadType && !TrySwitchCodec(packet.PayloadType, now))
        {
            return;
        }

        var isRed = packet.PayloadType == Codec.RedPayloadType;
        RedPayload red = default;
        if (isRed && !(RedPayload.TryRead(packet.Payload, out red) && red.IsOnly((byte)Codec.PayloadType)))
        {
            _origin.Worker.Counters.RedMalformed++;
            return;
        }

        if (packet.Ssrc != encoding.Ssrc)
        {
            StartSource(encoding, packet.Ssrc);
        }

        if (!encoding.TryAccept(packet, recovered, Codec.ClockRate, now, out var extended))
        {
            return;
        }

        if (Kind == TrackKind.Audio)
        {
            ReadLevel(packet, now);
            if (!isRed && encoding.Plain is null)
            {
                Forward(packet, encoding, default, recovered, now);
            }
            else if (!Silenced)
            {
                ForwardAmongRed(packet, red, encoding, extended, recovered, now);
            }

            return;
        }

        if (encoding.Read(packet, Codec.Codec, Media.Extensions.DependencyDescriptor, now, out var video))
        {
            Layers.Arrange(_encodings);
            Retarget();
        }

        if (video.HasLayers && !IsLayered)
        {
            IsLayered = true;
            _receivers.UseLayers();
        }

        Forward(packet, encoding, video, recovered, now);
    }

    /// <summary>The publisher's relation of its NTP and RTP clocks (RFC 3550 §6.4.1).</summary>
    public void SenderReportReceived(uint ssrc, NtpTime ntp, RtpTimestamp rtp, PublishedEncoding encoding, MonotonicTime now)
    {
        if (!encoding.SenderReportReceived(ssrc, ntp, rtp, now))
        {
            return;
        }

        foreach (var subscription in _receivers.Subscriptions)
        {
            subscription.SenderReported(encoding);
        }

        foreach (var branch in _receivers.Branches)
        {
            branch.ForwardSenderReport(encoding);
        }

        foreach (var relay in _receivers.Relays)
        {
            relay.ForwardSenderReport(encoding);
        }
    }

    public void Advance(MonotonicTime now)
    {
        _speaker.Advance(now);
        foreach (var encoding in _encodings)
        {
            encoding.Advance(now);
        }

        if (Kind == TrackKind.Video && now >= _nextLayerCheck)
        {
            _nextLayerCheck = now + LayerCheckInterval;
            if (Layers.Check())
            {
                Retarget();
            }

            _demand?.Update(now);
            // What nobody watches rests; of a screen it cannot be told here.
            _freezes.Advance(Source == TrackSource.Camera && IsMoving(now) && (_demand is null || WatchedEncodings != 0), Layers.LastPacket, now);
        }
    }

    /// <summary>Asks for a keyframe of everything that is sent, at most once per interval.</summary>
    public void RequestKeyframe(MonotonicTime now)
    {
        foreach (var encoding in _encodings)
        {
            encoding.RequestKeyframe(now);
        }
    }

    public void SendKeyframeRequest(PublishedEncoding encoding) => _origin.SendKeyframeRequest(this, encoding);

    /// <summary>A subscriber or relay chose another layer: what is wanted of the publisher may be other encodings.</summary>
    public void DemandChanged() => _demand?.Update(_origin.Worker.Now);

    /// <summary>The publisher's client came back without knowing what it was told meanwhile.</summary>
    public void RepeatDemand() => _demand?.Repeat();

    /// <summary>Encodings that a subscriber or relay watches or waits for, as bits.</summary>
    public int WatchedEncodings => _receivers.WatchedEncodings;

    /// <summary>Who receives the track; also for the room, which takes relays down.</summary>
    public TrackReceivers Receivers => _receivers;

    /// <summary>It has ended, and nobody receives it any more.</summary>
    public void Dispose()
    {
        foreach (var encoding in _encodings)
        {
            encoding.Dispose();
        }
    }

    public void Add(Subscription subscription)
    {
        _receivers.Add(subscription);
        DemandChanged(); // What rested because nobody watched begins while the subscriber still connects.
    }

    public void Add(RelayedTrack relay)
    {
        _receivers.Add(relay);
        if (IsLayered)
        {
            relay.UseLayers(_origin.Worker.Now);
            DemandChanged();
            return;
        }

        if (_encodings[0].SenderReport.Ntp.Value != 0)
        {
            relay.ForwardSenderReport(_encodings[0]);
        }
    }

    private static int EncodingsOf(PublishedMedia line) =>
        line.Kind == MediaKind.Audio ? 1 : Math.Max(1, line.Rids.Count > 0 ? line.Rids.Count : line.SimulcastSsrcs);

    private static string? RidOf(PublishedMedia line, int encoding) => encoding < line.Rids.Count ? line.Rids[encoding] : null;

    private void ReadLevel(in RtpReader packet, MonotonicTime now)
    {
        if (Media.Extensions.AudioLevel != 0
            && packet.TryGetExtension(Media.Extensions.AudioLevel, out var extension)
            && Protocol.Wire.AudioLevel.TryRead(extension, out var level))
        {
            _speaker.Receive(level, now);
        }
    }

    private void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, bool recovered, MonotonicTime now)
    {
        if (Silenced)
        {
            return;
        }

        _receivers.ForwardToBranches(packet, encoding, recovered);
        _receivers.Forward(packet, encoding, video, Kind == TrackKind.Video, now);
    }

    private void ForwardAmongRed(in RtpReader packet, in RedPayload red, PublishedEncoding encoding, long extended, bool recovered, MonotonicTime now)
    {
        if (_red is null)
        {
            encoding.ForwardHeld(now); // To all; what comes from now on is for those who take redundancy.
            _red = new RedForwarding(_receivers, _origin.Worker);
        }

        if (packet.PayloadType == Codec.RedPayloadType)
        {
            _red.Forward(packet, red, encoding, extended, recovered, now);
        }
        else
        {
            _red.ForwardPrimary(packet, encoding, encoding.UsePlain(), extended, recovered, now);
        }
    }

    private void StartSource(PublishedEncoding encoding, uint ssrc)
    {
        var first = !IsLive;
        var again = encoding.IsLive;
        encoding.StartSource(ssrc);
        if (first)
        {
            Publisher.Room.TrackLive(this);
        }
        else if (again)
        {
            encoding.RequestKeyframe(_origin.Worker.Now);
        }
    }

    private void Retarget()
    {
        _receivers.Retarget();
        DemandChanged();
    }

    private bool TrySwitchCodec(byte payloadType, MonotonicTime now)
    {
        foreach (var codec in Media.Codecs)
        {
            if (codec.PayloadType == payloadType || codec.RedPayloadType == payloadType)
            {
                var changed = codec.Codec != Codec.Codec || codec.Fmtp != Codec.Fmtp;
                if (changed && IsLive && now - _codecSwitchedAt < MinCodecTime)
                {
                    return false;
                }

                if (codec.RedPayloadType != Codec.RedPayloadType && IsLive)
                {
                    _encodings[0].StartOver(); // What is kept would be read by other payload types than it was sent by.
                }

                Codec = codec;
                if (changed)
                {
                    _codecSwitchedAt = now;
                    Publisher.Room.TrackCodecChanged(this);
                }

                return true;
            }
        }

        return false; // Telephone events, comfort noise: nothing that we forward.
    }
}
