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

    /// <summary>
    /// From so many subscribers on, a frame's packets are forwarded together (docs/performance.md). A frame sent in one burst is held for no
    /// time at all; a paced one of 1.5 Mbit/s leaves in threes, 2.5 ms late on average.
    /// </summary>
    private const int HoldFromSubscribers = 8;
    private static readonly TimeSpan HoldTime = TimeSpan.FromMilliseconds(5);

    /// <summary>Of the 512 packets in the cache; the rest is room for what comes during a replay.</summary>
    private const int MaxReplayPackets = 384;

    /// <summary>Datagrams that are handed to the kernel while the next ones are written: they still are in the second-level cache.</summary>
    private const int FlushFromWaiting = 256;

    private readonly PublisherTransport _transport;
    private readonly NackTracker _nack = new();
    private readonly RetransmitCache _cache;
    private ReceptionStatistics _statistics;
    private ArrivalWindow _arrived;
    private MonotonicTime _codecSwitchedAt = MonotonicTime.Zero;
    private HeldPackets _held = new();
    private ushort _keyframeSequence;
    private MonotonicTime _keyframeAt = MonotonicTime.Never;
    private uint _newestTimestamp;
    private bool _silenced;
    private uint _senderReportSsrc;
    private KeyframeRequests _keyframes;
    private ActiveSpeaker _speaker;
    private Subscription[] _subscriptions = [];
    private int _subscriptionCount;
    private RelayedTrack[] _relays = [];

    public PublishedTrack(PublisherTransport transport, PublishedMedia media, TrackSource source, bool muted)
    {
        _transport = transport;
        Media = media;
        Id = transport.Worker.CreateId("TR");
        Mid = media.Mid ?? "";
        Kind = media.Kind == MediaKind.Audio ? TrackKind.Audio : TrackKind.Video;
        Source = source;
        Muted = muted;
        Codec = media.Codecs[0];
        _cache = Kind == TrackKind.Audio ? RetransmitCache.ForAudio() : RetransmitCache.ForVideo();
        _keyframes = new KeyframeRequests(transport.Worker.Options.KeyframeRequestInterval);
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
            ForwardHeld(_transport.Worker.Now);
            if (_silenced && !value)
            {
                // Numbers that were not sent must not be left out either: past 2^15 of them a receiver takes the next for an old
                // one, and so would our own roll-over counter (RFC 3711 §3.3.1).
                Epoch++;
                _cache.Clear();
                _keyframeAt = MonotonicTime.Never;
            }

            _silenced = value;
        }
    }

    public PublishedMedia Media { get; set; }

    /// <summary>The codec in use: the publisher's first choice until a packet says otherwise.</summary>
    public NegotiatedCodec Codec { get; private set; }

    /// <summary>Of the packets that arrive; 0 before the first.</summary>
    public uint Ssrc { get; private set; }

    /// <summary>Changes when the packets come from another source, so that subscriptions splice.</summary>
    public int Epoch { get; private set; }

    public bool IsLive => Ssrc != 0;

    public Participant Publisher => _transport.Participant;

    /// <summary>The publisher's own NTP/RTP relation, and when it arrived.</summary>
    public (NtpTime Ntp, RtpTimestamp Rtp, MonotonicTime At) SenderReport { get; private set; }

    public bool Speaking => _speaker.Speaking && !Muted && !Silenced;

    public double AudioLevel => _speaker.Level;

    public int SubscriptionCount => _subscriptionCount;

    /// <summary>The highest number that subscribers were given.</summary>
    public ushort NewestForwarded { get; private set; }

    /// <summary>When packets that are held must go out.</summary>
    public MonotonicTime HeldUntil => _held.Deadline;

    public long PacketsReceived => _statistics.Received;

    public long PacketsLost => _statistics.Lost;

    public long BytesReceived { get; private set; }

    public long KeyframeRequestsSent => _keyframes.Sent;

    public TrackInfo Info => new(Id, Kind, Source, Muted || Silenced, CodecName);

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
    /// <param name="recovered">It came by RTX: the loss that it makes good stays a loss in reports (RFC 4588 §6.3).</param>
    public void Receive(in RtpReader packet, bool recovered, MonotonicTime now)
    {
        // Before the source starts, so that relays learn of the track with the codec that it has.
        if (packet.PayloadType != Codec.PayloadType && !TrySwitchCodec(packet.PayloadType, now))
        {
            return;
        }

        if (packet.Ssrc != Ssrc)
        {
            StartSource(packet.Ssrc);
        }

        var sequence = packet.SequenceNumber.Value;
        BytesReceived += packet.Packet.Length;
        var extended = recovered
            ? _statistics.Extend(sequence)
            : _statistics.Receive(sequence, packet.Timestamp.Value, Codec.ClockRate, now);
        if (!_arrived.TryAdd(extended))
        {
            return; // Repeated to probe the path, or both lost and late; forwarding it again would only cost.
        }

        if (!_nack.Receive(extended, now))
        {
            RequestKeyframe(now);
        }

        var keyframe = false;
        if (Kind == TrackKind.Audio)
        {
            if (Media.Extensions.AudioLevel != 0
                && packet.TryGetExtension(Media.Extensions.AudioLevel, out var extension)
                && AudioLevel_TryRead(extension, out var level))
            {
                _speaker.Receive(level, now);
            }
        }
        else
        {
            keyframe = KeyframeDetector.IsKeyframe(Codec.Codec, packet.Payload);
            if (keyframe)
            {
                _keyframes.KeyframeReceived();
            }
        }

        if (Silenced)
        {
            return;
        }

        Forward(packet, keyframe, now);
        foreach (var relay in _relays)
        {
            relay.Forward(packet.Packet, _transport.Worker.UnixNow);
        }
    }

    public void SenderReportReceived(in SenderReport report, MonotonicTime now)
    {
        if (report.Ssrc != Ssrc && IsLive)
        {
            return; // Of another layer, or of the source before this one.
        }

        _statistics.SenderReportReceived(report.NtpTime, now);
        _senderReportSsrc = report.Ssrc;
        SenderReport = (report.NtpTime, report.RtpTimestamp, now);
        foreach (var relay in _relays)
        {
            relay.ForwardSenderReport(report.NtpTime.Value, report.RtpTimestamp.Value, _transport.Worker.UnixNow);
        }
    }

    public bool TryGetCached(ushort sequence, MonotonicTime now, out ReadOnlySpan<byte> packet) =>
        _cache.TryGet(sequence, now, TimeSpan.FromSeconds(2), out packet);

    /// <summary>Where the present group of pictures begins, if that is recent and all of it may still be in the cache.</summary>
    /// <param name="present">The newest frame's timestamp.</param>
    public bool TryGetRecentKeyframe(MonotonicTime now, out ushort first, out uint present)
    {
        first = _keyframeSequence;
        present = _newestTimestamp;
        return !_keyframeAt.IsNever
            && now - _keyframeAt < _transport.Worker.Options.KeyframeReplay
            && (ushort)(NewestForwarded - _keyframeSequence) < MaxReplayPackets;
    }

    public ReportBlock TakeReport(MonotonicTime now) => _statistics.TakeReport(Ssrc, now);

    public int CollectNacks(MonotonicTime now, Span<ushort> destination) =>
        Codec.Nack ? _nack.Collect(now, destination) : 0;

    public void Advance(MonotonicTime now)
    {
        _speaker.Advance(now);
        if (_keyframes.TakeDue(now))
        {
            _transport.SendKeyframeRequest(this);
        }
    }

    /// <summary>Asks the publisher for a keyframe, at most once per interval.</summary>
    public void RequestKeyframe(MonotonicTime now)
    {
        if (Kind == TrackKind.Video && IsLive && _keyframes.Request(now))
        {
            _transport.SendKeyframeRequest(this);
        }
    }

    public void Add(Subscription subscription)
    {
        if (_subscriptionCount == _subscriptions.Length)
        {
            Array.Resize(ref _subscriptions, Math.Max(4, _subscriptionCount * 2));
        }

        _subscriptions[_subscriptionCount++] = subscription;
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
        if (SenderReport.At != MonotonicTime.Zero)
        {
            var (ntp, rtp, at) = SenderReport;
            var age = (_transport.Worker.Now - at).Ticks * 100;
            relay.ForwardSenderReport(ntp.Value, rtp.Value, _transport.Worker.UnixNow - age);
        }
    }

    public void RemoveRelay(RelayConnection connection) =>
        _relays = [.. _relays.Where(r => r.Connection != connection)];

    /// <summary>All of them, for the room to take down.</summary>
    public ReadOnlySpan<RelayedTrack> Relays => _relays;

    /// <summary>To few at once; for many a frame is held until its last packet is there, or for <see cref="HoldTime"/>.</summary>
    private void Forward(in RtpReader packet, bool keyframe, MonotonicTime now)
    {
        var sequence = packet.SequenceNumber.Value;
        var kept = _cache.Store(packet.Packet, sequence, now);
        if (kept && Kind == TrackKind.Video && (_subscriptionCount >= HoldFromSubscribers || _held.Count > 0))
        {
            _held.Add(packet, keyframe, now + HoldTime);
            if (packet.Marker || _held.IsFull)
            {
                ForwardHeld(now);
            }
            else if (_held.Count == 1)
            {
                _transport.Worker.ForwardLater(this);
            }

            return;
        }

        ForwardHeld(now);
        Forwarding(sequence, packet.Timestamp.Value, keyframe, now);
        for (var i = 0; i < _subscriptionCount; i++)
        {
            _subscriptions[i].Forward(packet, keyframe, now);
            _transport.Worker.Queue.FlushFrom(FlushFromWaiting);
        }
    }

    /// <summary>Sends what is held on its way.</summary>
    public void ForwardHeld(MonotonicTime now)
    {
        if (_held.Count == 0)
        {
            return;
        }

        _held.Note(this, now);
        for (var i = 0; i < _subscriptionCount; i++)
        {
            _held.ForwardTo(_subscriptions[i], _cache, now);
            _transport.Worker.Queue.FlushFrom(FlushFromWaiting);
        }

        _held.Clear();
    }

    /// <summary>Notes what subscribers are about to be given, for those who join later.</summary>
    public void Forwarding(ushort sequence, uint timestamp, bool keyframe, MonotonicTime now)
    {
        if (keyframe)
        {
            _keyframeSequence = sequence;
            _keyframeAt = now;
            NewestForwarded = sequence;
            _newestTimestamp = timestamp;
        }
        else if ((short)(sequence - NewestForwarded) > 0)
        {
            NewestForwarded = sequence;
            _newestTimestamp = timestamp;
        }
    }

    private static bool AudioLevel_TryRead(ReadOnlySpan<byte> extension, out AudioLevel level) =>
        Protocol.Wire.AudioLevel.TryRead(extension, out level);

    private void StartSource(uint ssrc)
    {
        ForwardHeld(_transport.Worker.Now);
        var first = !IsLive;
        Ssrc = ssrc;
        Epoch++;
        _statistics = default;
        _arrived = default;
        if (_senderReportSsrc != ssrc)
        {
            SenderReport = default; // Its RTP clock is another one.
        }

        _nack.Reset();
        _cache.Clear();
        _keyframeAt = MonotonicTime.Never;
        if (first)
        {
            Publisher.Room.TrackLive(this);
        }
        else
        {
            RequestKeyframe(_transport.Worker.Now);
        }
    }

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

                ForwardHeld(now);
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
