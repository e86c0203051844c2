using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;

namespace Events.Rtc.Rooms;

/// <summary>
/// One track of a publisher on its worker: what arrives is counted, kept for retransmission, and handed to each subscription
/// and relay.
/// </summary>
internal sealed class PublishedTrack
{
    /// <summary>
    /// Each switch is a new offer to every subscriber. Encoders switch when a person changes a setting, so a packet of another codec
    /// sooner than this is late or hostile.
    /// </summary>
    private static readonly TimeSpan MinCodecTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LayerCheckInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Three pictures of the slowest temporal layer in use (a quarter of 20 a second); with a keyframe's round trip a viewer waits below a second.</summary>
    private static readonly TimeSpan LayerSilence = TimeSpan.FromMilliseconds(600);

    /// <summary>
    /// From so many subscribers on, a frame's packets are forwarded together (docs/performance.md). A frame sent in one burst is held for no
    /// time at all; a paced one of 1.5 Mbit/s leaves in threes, 2.5 ms late on average.
    /// </summary>
    private const int HoldFromSubscribers = 8;
    private static readonly TimeSpan HoldTime = TimeSpan.FromMilliseconds(5);

    /// <summary>Datagrams that are handed to the kernel while the next ones are written: they still are in the second-level cache.</summary>
    private const int FlushFromWaiting = 256;

    private readonly PublisherTransport _transport;
    private readonly PublishedEncoding[] _encodings;
    private readonly LayerDemand? _demand;
    private List<VideoLayer> _layers = [];
    private MonotonicTime _codecSwitchedAt = MonotonicTime.Zero;
    private MonotonicTime _nextLayerCheck;
    private bool _silenced;
    private ActiveSpeaker _speaker;
    private Subscription[] _subscriptions = [];
    private int _subscriptionCount;
    private RelayedTrack[] _relays = [];

    /// <param name="transport">It arrives there.</param>
    /// <param name="media">Its m-line.</param>
    /// <param name="source">What is captured.</param>
    /// <param name="muted">Declared so.</param>
    /// <param name="dynacast">The client stops and resumes encodings when it is told to.</param>
    public PublishedTrack(PublisherTransport transport, PublishedMedia media, TrackSource source, bool muted, bool dynacast = false)
    {
        _transport = transport;
        Media = media;
        Id = transport.Worker.CreateId("TR");
        Mid = media.Mid ?? "";
        Kind = media.Kind == MediaKind.Audio ? TrackKind.Audio : TrackKind.Video;
        Source = source;
        Muted = muted;
        Codec = media.Codecs[0];
        var count = Kind == TrackKind.Audio ? 1 : Math.Max(1, media.Rids.Count > 0 ? media.Rids.Count : media.SimulcastSsrcs);
        _encodings = new PublishedEncoding[count];
        for (var i = 0; i < count; i++)
        {
            _encodings[i] = new PublishedEncoding(this, i, i < media.Rids.Count ? media.Rids[i] : null, transport.Worker.Options.KeyframeRequestInterval);
        }

        IsLayered = count > 1;
        _demand = dynacast && Kind == TrackKind.Video ? new LayerDemand(this) : null;
    }

    public string Id { get; }

    public string Mid { get; }

    public TrackKind Kind { get; }

    public TrackSource Source { get; }

    public bool Muted { get; set; }

    /// <summary>Muted by moderation: nothing is forwarded until that is lifted.</summary>
    public bool Silenced
    {
        get => _silenced;
        set
        {
            foreach (var encoding in _encodings)
            {
                encoding.ForwardHeld(_transport.Worker.Now);
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

    public PublishedMedia Media { get; set; }

    /// <summary>The codec in use: the publisher's first choice until a packet says otherwise.</summary>
    public NegotiatedCodec Codec { get; private set; }

    /// <summary>One, or the simulcast encodings in the order of the offer.</summary>
    public ReadOnlySpan<PublishedEncoding> Encodings => _encodings;

    /// <summary>There is something to choose: each subscription has a selector.</summary>
    public bool IsLayered { get; private set; }

    /// <summary>What a viewer can be given, lowest first; empty before the first packet.</summary>
    public IReadOnlyList<VideoLayer> Layers => _layers;

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

    public Participant Publisher => _transport.Participant;

    public int SubscriptionCount => _subscriptionCount;

    public bool Speaking => _speaker.Speaking && !Muted && !Silenced;

    public double AudioLevel => _speaker.Level;

    public TrackInfo Info => new(Id, Kind, Source, Muted || Silenced, CodecName) { Silenced = Silenced, Layers = [.. _layers.Select(Describe)] };

    public string CodecName => Codec.Codec switch
    {
        Protocol.Codecs.Codec.Opus => "opus",
        Protocol.Codecs.Codec.Vp8 => "vp8",
        Protocol.Codecs.Codec.H264 => "h264",
        Protocol.Codecs.Codec.Vp9 => "vp9",
        Protocol.Codecs.Codec.Av1 => "av1",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>A media packet; one that came by RTX is unwrapped before.</summary>
    /// <param name="packet">As published.</param>
    /// <param name="encoding">One of <see cref="Encodings"/>.</param>
    /// <param name="recovered">It came by RTX: the loss that it makes good stays a loss in reports (RFC 4588 §6.3).</param>
    /// <param name="now">The present.</param>
    public void Receive(in RtpReader packet, PublishedEncoding encoding, bool recovered, MonotonicTime now)
    {
        // Before the source starts, so that relays learn of the track with the codec that it has.
        if (packet.PayloadType != Codec.PayloadType && !TrySwitchCodec(packet.PayloadType, now))
        {
            return;
        }

        if (packet.Ssrc != encoding.Ssrc)
        {
            StartSource(encoding, packet.Ssrc);
        }

        if (!encoding.TryAccept(packet, recovered, Codec.ClockRate, now))
        {
            return;
        }

        if (Kind == TrackKind.Audio)
        {
            ReadLevel(packet, now);
            Forward(packet, encoding, default, now);
            return;
        }

        if (encoding.Read(packet, Codec.Codec, Media.Extensions.DependencyDescriptor, now, out var video))
        {
            ArrangeLayers();
        }

        if (video.HasLayers && !IsLayered)
        {
            UseLayers();
        }

        Forward(packet, encoding, video, now);
    }

    public void SenderReportReceived(in SenderReport report, PublishedEncoding encoding, MonotonicTime now)
    {
        if (!encoding.SenderReportReceived(report, now))
        {
            return;
        }

        foreach (var relay in _relays)
        {
            relay.ForwardSenderReport(encoding, _transport.Worker.UnixNow);
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
            CheckLayers();
            _demand?.Update(now);
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

    public void SendKeyframeRequest(PublishedEncoding encoding) => _transport.SendKeyframeRequest(this, encoding);

    /// <summary>A subscriber or relay chose another layer: what is wanted of the publisher may be other encodings.</summary>
    public void DemandChanged() => _demand?.Update(_transport.Worker.Now);

    /// <summary>The publisher's client came back without knowing what it was told meanwhile.</summary>
    public void RepeatDemand() => _demand?.Repeat();

    /// <summary>Encodings that a subscriber or relay watches or waits for, as bits.</summary>
    public int WatchedEncodings
    {
        get
        {
            var watched = 0;
            for (var i = 0; i < _subscriptionCount; i++)
            {
                watched |= _subscriptions[i].WatchedEncodings;
            }

            foreach (var relay in _relays)
            {
                watched |= relay.WatchedEncodings;
            }

            return watched;
        }
    }

    /// <summary>Bits of the encodings that <paramref name="choice"/> makes its holder watch: what it is given, and what it would rather have.</summary>
    public LayerTarget Choose(in LayerChoice choice, out int watched)
    {
        var target = choice.Choose(_layers, out var wanted);
        watched = target.IsPaused ? 0 : 1 << target.Encoding;
        if (wanted >= 0)
        {
            watched |= 1 << _layers[wanted].Encoding.Index;
            if (!_layers[wanted].IsActive && wanted > 0)
            {
                watched |= 1 << _layers[wanted - 1].Encoding.Index;
            }
        }

        return target;
    }

    /// <summary>What a viewer of a layer is sent up to a temporal layer, in bit/s: the layer and what it needs of those below it in its encoding.</summary>
    public double BitrateOf(int layer, int temporal)
    {
        var chosen = _layers[layer];
        var bitrate = chosen.OwnBitrate(temporal);
        foreach (var below in _layers)
        {
            if (below.Encoding == chosen.Encoding && below.Spatial < chosen.Spatial)
            {
                bitrate += below.SharedBitrate(temporal);
            }
        }

        return bitrate;
    }

    public void Add(Subscription subscription)
    {
        if (_subscriptionCount == _subscriptions.Length)
        {
            Array.Resize(ref _subscriptions, Math.Max(4, _subscriptionCount * 2));
        }

        _subscriptions[_subscriptionCount++] = subscription;
        DemandChanged(); // What rested because nobody watched begins while the subscriber still connects.
    }

    public void Remove(Subscription subscription)
    {
        var index = Array.IndexOf(_subscriptions, subscription, 0, _subscriptionCount);
        if (index >= 0)
        {
            _subscriptions[index] = _subscriptions[--_subscriptionCount];
            _subscriptions[_subscriptionCount] = null!;
        }
    }

    public void Add(RelayedTrack relay)
    {
        _relays = [.. _relays, relay];
        if (IsLayered)
        {
            relay.UseLayers(_transport.Worker.Now);
            DemandChanged();
            return;
        }

        var (ntp, _, at) = _encodings[0].SenderReport;
        if (ntp.Value != 0)
        {
            var age = (_transport.Worker.Now - at).Ticks * 100;
            relay.ForwardSenderReport(_encodings[0], _transport.Worker.UnixNow - age);
        }
    }

    public void RemoveRelay(RelayConnection connection) =>
        _relays = [.. _relays.Where(r => r.Connection != connection)];

    /// <summary>All of them, for the room to take down.</summary>
    public ReadOnlySpan<RelayedTrack> Relays => _relays;

    private void ReadLevel(in RtpReader packet, MonotonicTime now)
    {
        if (Media.Extensions.AudioLevel != 0
            && packet.TryGetExtension(Media.Extensions.AudioLevel, out var extension)
            && Protocol.Wire.AudioLevel.TryRead(extension, out var level))
        {
            _speaker.Receive(level, now);
        }
    }

    private void Forward(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        if (Silenced)
        {
            return;
        }

        ForwardToSubscribers(packet, encoding, video, now);
        foreach (var relay in _relays)
        {
            relay.Forward(packet, encoding, video, _transport.Worker.UnixNow, now);
        }
    }

    /// <summary>To few at once; for many a frame is held until its last packet is there, or for <see cref="HoldTime"/>.</summary>
    private void ForwardToSubscribers(in RtpReader packet, PublishedEncoding encoding, in VideoPacket video, MonotonicTime now)
    {
        ref var held = ref encoding.Held;
        var kept = encoding.Store(packet, now);
        if (kept && Kind == TrackKind.Video && (_subscriptionCount >= HoldFromSubscribers || held.Count > 0))
        {
            held.Add(packet, video, now + HoldTime);
            if (packet.Marker || held.IsFull)
            {
                ForwardHeld(encoding, now);
            }
            else if (held.Count == 1)
            {
                _transport.Worker.ForwardLater(encoding);
            }

            return;
        }

        ForwardHeld(encoding, now);
        encoding.Forwarding(packet.SequenceNumber.Value, packet.Timestamp.Value, video.IsKeyframe, now);
        for (var i = 0; i < _subscriptionCount; i++)
        {
            _subscriptions[i].Forward(packet, encoding, video, now);
            _transport.Worker.Queue.FlushFrom(FlushFromWaiting);
        }
    }

    /// <summary>Sends what is held on its way.</summary>
    public void ForwardHeld(PublishedEncoding encoding, MonotonicTime now)
    {
        ref var held = ref encoding.Held;
        if (held.Count == 0)
        {
            return;
        }

        held.Note(encoding, now);
        for (var i = 0; i < _subscriptionCount; i++)
        {
            held.ForwardTo(_subscriptions[i], encoding, now);
            _transport.Worker.Queue.FlushFrom(FlushFromWaiting);
        }

        held.Clear();
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
            encoding.RequestKeyframe(_transport.Worker.Now);
        }
    }

    /// <summary>The stream turned out to have layers: who receives it gets a selector.</summary>
    private void UseLayers()
    {
        IsLayered = true;
        for (var i = 0; i < _subscriptionCount; i++)
        {
            _subscriptions[i].UseLayers();
        }

        foreach (var relay in _relays)
        {
            relay.UseLayers(_transport.Worker.Now);
        }
    }

    /// <summary>Sorted by size once every size is known; before that as the offer has them, which is low to high with every sender we know.</summary>
    private void ArrangeLayers()
    {
        var layers = new List<VideoLayer>();
        foreach (var encoding in _encodings)
        {
            encoding.CollectLayers(layers);
        }

        var known = layers.TrueForAll(l => l.Width > 0);
        layers.Sort((a, b) =>
        {
            var bySize = known ? (a.Width * a.Height).CompareTo(b.Width * b.Height) : 0;
            return bySize != 0 ? bySize
                : a.Encoding != b.Encoding ? a.Encoding.Index.CompareTo(b.Encoding.Index) : a.Spatial.CompareTo(b.Spatial);
        });
        _layers = layers;
        Retarget();
    }

    /// <summary>A layer that is silent while others of the track arrive has been stopped by its publisher, or by us.</summary>
    private void CheckLayers()
    {
        if (_layers.Count < 2)
        {
            return;
        }

        var newest = MonotonicTime.Zero;
        foreach (var layer in _layers)
        {
            newest = MonotonicTime.Max(newest, layer.LastPacket);
        }

        var changed = false;
        foreach (var layer in _layers)
        {
            var active = newest - layer.LastPacket < LayerSilence;
            changed |= active != layer.IsActive;
            layer.IsActive = active;
        }

        if (changed)
        {
            Retarget();
        }
    }

    private void Retarget()
    {
        for (var i = 0; i < _subscriptionCount; i++)
        {
            _subscriptions[i].Retarget();
        }

        foreach (var relay in _relays)
        {
            relay.Retarget(_transport.Worker.Now);
        }

        DemandChanged();
    }

    private TrackLayerInfo Describe(VideoLayer layer, int index) => new(
        layer.Encoding.Rid, layer.Spatial, layer.Width, layer.Height, layer.Temporal + 1, layer.IsActive, (long)BitrateOf(index, VideoLayer.MaxTemporal - 1));

    private bool TrySwitchCodec(byte payloadType, MonotonicTime now)
    {
        foreach (var codec in Media.Codecs)
        {
            if (codec.PayloadType == payloadType)
            {
                var changed = codec.Codec != Codec.Codec || codec.Fmtp != Codec.Fmtp;
                if (changed && IsLive && now - _codecSwitchedAt < MinCodecTime)
                {
                    return false;
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
