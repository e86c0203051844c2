using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Stats;

namespace Events.Rtc.Rooms;

/// <summary>
/// One stream of a track: the only one, or one of its simulcast encodings. It has an SSRC, and so statistics, retransmissions, keyframes
/// and a sender report of its own.
/// </summary>
internal sealed class PublishedEncoding : IDisposable
{
    /// <summary>More spatial layers than this in one stream are taken for its topmost.</summary>
    private const int MaxSpatial = 4;

    private static readonly TimeSpan CacheAge = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Packets are known by 16 bits of their numbers for as long as they are kept. Numbers that go around within that time would let one be taken for another, so a
    /// quarter of them that takes less is the beginning of something else: 8,192 packets/s are 70 Mbit/s. A step is below half of them, so no turn goes by unseen.
    /// </summary>
    private const int QuarterTurn = 16_384;

    /// <summary>Of the 512 packets in the cache; the rest is room for what comes during a replay.</summary>
    private const int MaxReplayPackets = 384;

    private readonly PublishedTrack _track;
    private readonly NackTracker _nack = new();
    private readonly RetransmitCache _cache;
    private readonly VideoLayer?[] _layers = new VideoLayer?[MaxSpatial];
    private DependencyDescriptorReader? _dependencies;
    private ReceptionStatistics _statistics;
    private ArrivalWindow _arrived;
    private (long Number, MonotonicTime At) _quarter;
    private PlainAudio? _plain;
    private KeyframeRequests _keyframes;
    private (uint Timestamp, ushort Sequence)? _keyframe;
    private HeldPackets _held = new();
    private uint _senderReportSsrc;
    private ushort _keyframeSequence;
    private MonotonicTime _keyframeAt = MonotonicTime.Never;
    private uint _newestTimestamp;
    private bool _hasForwarded;
    private ByteRate _rate;

    public PublishedEncoding(PublishedTrack track, int index, string? rid, TimeSpan keyframeInterval)
    {
        _track = track;
        Index = index;
        Rid = rid;
        _cache = track.Kind == TrackKind.Audio ? RetransmitCache.ForAudio() : RetransmitCache.ForVideo();
        _keyframes = new KeyframeRequests(keyframeInterval);
    }

    public PublishedTrack Track => _track;

    /// <summary>When frames come.</summary>
    public FrameRhythm Rhythm;

    /// <summary>Place in the offer.</summary>
    public int Index { get; }

    /// <summary>RFC 8851; null without simulcast, and for layers that are told by SSRC alone.</summary>
    public string? Rid { get; }

    /// <summary>Of the packets that arrive; 0 before the first.</summary>
    public uint Ssrc { get; private set; }

    /// <summary>Changes when the packets come from another source, so that subscriptions splice.</summary>
    public int Epoch { get; private set; }

    public bool IsLive => Ssrc != 0;

    /// <summary>
    /// Silence of the encoding is our own wish, or its end is: until then it comes when somebody is given it. Never: it rests until it is asked for.
    /// </summary>
    public MonotonicTime ExpectedUntil { get; set; } = MonotonicTime.Zero;

    /// <summary>The publisher's own NTP/RTP relation, and when it arrived.</summary>
    public (NtpTime Ntp, RtpTimestamp Rtp, MonotonicTime At) SenderReport { get; private set; }

    public SenderClock Clock => new(SenderReport.Ntp, SenderReport.Rtp);

    public long PacketsReceived => _statistics.Received;

    public long PacketsLost => _statistics.Lost;

    public long BytesReceived { get; private set; }

    /// <summary>Received over the last second, bit/s.</summary>
    public long Bitrate => _rate.BitsPerSecond;

    /// <summary>As last reported to the publisher, 0…1.</summary>
    public double FractionLost { get; private set; }

    /// <summary>Clock ticks.</summary>
    public uint Jitter => _statistics.Jitter;

    public long KeyframeRequestsSent => _keyframes.Sent;

    /// <summary>What those who do not take RED are given of a microphone that comes with it; null before RED has come.</summary>
    public PlainAudio? Plain => _plain;

    /// <summary>As <see cref="Plain"/>, from now on.</summary>
    public PlainAudio UsePlain() => _plain ??= new PlainAudio();

    /// <summary>Takes a packet into the statistics. False: it was here before.</summary>
    public bool TryAccept(in RtpReader packet, bool recovered, int clockRate, MonotonicTime now, out long extended)
    {
        var sequence = packet.SequenceNumber.Value;
        BytesReceived += packet.Packet.Length;
        extended = recovered ? _statistics.Extend(sequence) : _statistics.Receive(sequence, packet.Timestamp.Value, clockRate, now);
        if (!_arrived.TryAdd(extended))
        {
            return false; // Repeated to probe the path, or both lost and late; forwarding it again would only cost.
        }

        if (extended - _quarter.Number > QuarterTurn)
        {
            NextQuarter(extended, now);
        }

        if (!_nack.Receive(extended, now))
        {
            RequestKeyframe(now);
        }

        return true;
    }

    /// <summary>Reads what layers and frames need of a packet that was accepted; counts it for its layer.</summary>
    /// <returns>True when the track's list of layers has to be made anew.</returns>
    public bool Read(in RtpReader packet, Codec codec, byte descriptorId, MonotonicTime now, out VideoPacket video)
    {
        ReadOnlySpan<byte> descriptor = default;
        if (codec == Codec.Av1 && descriptorId != 0 && packet.TryGetExtension(descriptorId, out descriptor))
        {
            _dependencies ??= new DependencyDescriptorReader();
        }

        VideoPacket.Read(codec, packet.Payload, descriptor, _dependencies, out video);
        if (video.IsKeyframe)
        {
            var (timestamp, sequence) = (packet.Timestamp.Value, packet.SequenceNumber.Value);
            if (_keyframe is { } begun && begun.Timestamp == timestamp && (short)(sequence - begun.Sequence) > 0)
            {
                video.IsKeyframe = false; // H.264 says it of the parameter sets, and of the picture behind them: who begins there lacks them.
            }
            else
            {
                _keyframe = (timestamp, sequence);
                _keyframes.KeyframeReceived();
            }
        }

        if (packet.Payload.IsEmpty)
        {
            return false;
        }

        var spatial = Math.Min((int)video.SpatialId, MaxSpatial - 1);
        var added = _layers[spatial] is null;
        var layer = _layers[spatial] ??= new VideoLayer(this, (byte)spatial);
        var changed = layer.Receive(video, packet.Payload, packet.Packet.Length, packet.Timestamp.Value, now) || added;
        // A key picture names the sizes of all its spatial layers.
        for (var upper = 1; video.IsKeyframe && upper < Math.Min((int)video.SpatialLayers, MaxSpatial); upper++)
        {
            if (video.TryGetSize(packet.Payload, upper, out var width, out var height))
            {
                changed |= _layers[upper] is null;
                changed |= (_layers[upper] ??= new VideoLayer(this, (byte)upper)).Resize(width, height);
            }
        }

        return changed;
    }

    /// <summary>As <see cref="Read"/>, for a packet that was counted before.</summary>
    public void ReadAgain(in RtpReader packet, Codec codec, byte descriptorId, out VideoPacket video) =>
        ReadAgain(packet, codec, descriptorId, _dependencies, out video);

    /// <summary>As above, of a group of pictures from its keyframe on: descriptors can only be read forward.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="codec">Of the track.</param>
    /// <param name="descriptorId">Of the dependency descriptor.</param>
    /// <param name="past">What has read the group so far; null at its beginning, and of a stream without descriptors.</param>
    /// <param name="video">What was read.</param>
    public void ReadPast(in RtpReader packet, Codec codec, byte descriptorId, ref DependencyDescriptorReader? past, out VideoPacket video)
    {
        past ??= _dependencies is null ? null : new DependencyDescriptorReader();
        ReadAgain(packet, codec, descriptorId, past, out video);
    }

    private static void ReadAgain(in RtpReader packet, Codec codec, byte descriptorId, DependencyDescriptorReader? reader, out VideoPacket video)
    {
        ReadOnlySpan<byte> descriptor = default;
        if (reader is not null)
        {
            packet.TryGetExtension(descriptorId, out descriptor);
        }

        VideoPacket.Read(codec, packet.Payload, descriptor, reader, out video);
    }

    /// <summary>Adds the layers that have been seen, lowest first.</summary>
    public void CollectLayers(List<VideoLayer> layers)
    {
        foreach (var layer in _layers)
        {
            if (layer is not null)
            {
                layers.Add(layer);
            }
        }
    }

    /// <returns>False when the packet is too large to be kept.</returns>
    public bool Store(in RtpReader packet, MonotonicTime now) => _cache.Store(packet.Packet, packet.SequenceNumber.Value, now);

    /// <summary>The packets of a frame that wait for its last one, or of a microphone that wait for a frame.</summary>
    public ref HeldPackets Held => ref _held;

    public RetransmitCache Cache => _cache;

    /// <summary>A subscription is given what comes: of sound with redundancy, whoever takes that.</summary>
    public bool IsFor(Subscription subscription) => _plain is null || subscription.TakesRed;

    /// <summary>Forwards what is held to one subscription: as it came or, of sound with redundancy, as it takes it.</summary>
    public void GiveHeld(Subscription subscription, MonotonicTime now)
    {
        if (IsFor(subscription))
        {
            _held.ForwardTo(subscription, this, _cache, now);
        }
        else
        {
            _plain!.Held.ForwardTo(subscription, this, _plain.Cache, now);
        }
    }

    /// <summary>All of that has been given.</summary>
    public void ClearHeld()
    {
        _held.Clear();
        _plain?.Held.Clear();
    }

    /// <summary>The track has ended: nothing of it is sent again.</summary>
    public void Dispose()
    {
        ClearHeld();
        _cache.Dispose();
        _plain?.Dispose();
    }

    /// <summary>When packets that are held must go out.</summary>
    public MonotonicTime HeldUntil => _held.Deadline;

    /// <summary>Sends what is held on its way.</summary>
    public void ForwardHeld(MonotonicTime now) => _track.Receivers.ForwardHeld(this, now);

    /// <summary>The highest number that subscribers were given.</summary>
    public ushort NewestForwarded { get; private set; }

    /// <summary>Notes what subscribers are about to be given, for those who join later.</summary>
    public void Forwarding(ushort sequence, uint timestamp, bool keyframe, MonotonicTime now)
    {
        if (keyframe)
        {
            _keyframeSequence = sequence;
            _keyframeAt = now;
        }

        if (!_hasForwarded || (short)(sequence - NewestForwarded) > 0)
        {
            _hasForwarded = true;
            NewestForwarded = sequence;
            _newestTimestamp = timestamp;
        }
    }

    /// <summary>Where the present group of pictures begins, if that is recent and all of it may still be in the cache.</summary>
    /// <param name="maxAge">Of the keyframe.</param>
    /// <param name="now">The present.</param>
    /// <param name="first">The keyframe's first packet.</param>
    /// <param name="present">The newest frame's timestamp.</param>
    public bool TryGetRecentKeyframe(TimeSpan maxAge, MonotonicTime now, out ushort first, out uint present)
    {
        first = _keyframeSequence;
        present = _newestTimestamp;
        return !_keyframeAt.IsNever && now - _keyframeAt < maxAge && (ushort)(NewestForwarded - _keyframeSequence) < MaxReplayPackets;
    }

    public bool TryGetCached(ushort sequence, MonotonicTime now, out ReadOnlySpan<byte> packet) => TryGetCached(sequence, now, TimeSpan.Zero, out packet);

    /// <summary>As above, if it has been here for so long: before, who asks for it has only not received it yet.</summary>
    public bool TryGetCached(ushort sequence, MonotonicTime now, TimeSpan minAge, out ReadOnlySpan<byte> packet) =>
        _cache.TryGet(sequence, now, minAge, CacheAge, out packet);

    /// <summary>As <see cref="TryGetCached(ushort, MonotonicTime, TimeSpan, out ReadOnlySpan{byte})"/>, of what those who do not take RED were given.</summary>
    public bool TryGetPlain(ushort sequence, MonotonicTime now, TimeSpan minAge, out ReadOnlySpan<byte> packet) =>
        (_plain?.Cache ?? _cache).TryGet(sequence, now, minAge, CacheAge, out packet);

    /// <summary>True when the report is of the present source.</summary>
    public bool SenderReportReceived(uint ssrc, NtpTime ntp, RtpTimestamp rtp, MonotonicTime now)
    {
        if (ssrc != Ssrc && IsLive)
        {
            return false; // Of the source before this one.
        }

        _statistics.SenderReportReceived(ntp, now);
        _senderReportSsrc = ssrc;
        SenderReport = (ntp, rtp, now);
        return true;
    }

    public ReportBlock TakeReport(MonotonicTime now)
    {
        var report = _statistics.TakeReport(Ssrc, now);
        FractionLost = report.FractionLost / 256.0;
        return report;
    }

    /// <summary>Packets are missing that are still asked for.</summary>
    public bool IsMissingPackets => _nack.Count > 0;

    public int CollectNacks(MonotonicTime now, Span<ushort> destination) => _nack.Collect(now, destination);

    public void Advance(MonotonicTime now)
    {
        _rate.Advance(BytesReceived, now);
        if (_keyframes.TakeDue(now))
        {
            _track.SendKeyframeRequest(this);
        }

        foreach (var layer in _layers)
        {
            layer?.Advance(now);
        }
    }

    /// <summary>Asks the publisher for a keyframe of this encoding, at most once per interval.</summary>
    public void RequestKeyframe(MonotonicTime now)
    {
        if (_track.Kind == TrackKind.Video && IsLive && _keyframes.Request(now))
        {
            _track.SendKeyframeRequest(this);
        }
    }

    /// <summary>What follows is another source, or does not follow what was: subscriptions splice.</summary>
    public void StartOver()
    {
        ForwardHeld(_track.Publisher.Room.Worker.Now);
        Epoch++;
        _cache.Clear();
        _plain?.StartOver();
        _keyframeAt = MonotonicTime.Never;
        _keyframe = null;
        _hasForwarded = false;
    }

    private void NextQuarter(long extended, MonotonicTime now)
    {
        if (_quarter.At != MonotonicTime.Zero && now - _quarter.At < CacheAge)
        {
            StartOver();
        }

        _quarter = (extended, now);
    }

    public void StartSource(uint ssrc)
    {
        StartOver();
        Ssrc = ssrc;
        _quarter = default;
        _statistics = default;
        _arrived = default;
        _dependencies?.Reset();
        if (_senderReportSsrc != ssrc)
        {
            SenderReport = default; // Its RTP clock is another one.
        }

        _nack.Reset();
    }
}
