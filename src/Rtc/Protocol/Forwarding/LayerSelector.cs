using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding.Layers;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>What becomes of a packet.</summary>
public enum LayerDecision : byte
{
    /// <summary>Nothing of it is for this subscriber, and no number is spent.</summary>
    Skip,

    /// <summary>Forward it with the numbers of <see cref="SentPacket"/>.</summary>
    Forward,

    /// <summary>
    /// It came late and is not wanted, but its number was kept free: a packet of padding fills it, or the receiver would ask for it in vain.
    /// </summary>
    Fill,
}

/// <summary>
/// One subscriber's choice among a track's layers, and the one continuous stream that comes of it. Simulcast encodings are entered at their
/// keyframes; layers inside an encoding come and go where <see cref="FrameFilter"/> finds the stream decodable. Sequence numbers, frame
/// ids and timestamps go on without a gap or a step back; timestamps of different encodings are aligned by their sender reports.
/// </summary>
public sealed class LayerSelector
{
    private readonly SequenceMap _numbers;
    private readonly int _clockRate;
    private FrameFilter _filter;
    private Codec _codec;
    private int _encoding = -1;
    private int _epoch;
    private bool _startsOver = true;
    private bool _sentOnce;
    private uint _timestampOffset;
    private ushort _frameOffset;
    private byte _tl0Offset;
    private uint _lastTimestamp;
    private ushort _lastFrameId;
    private byte _lastTl0;
    private MonotonicTime _lastForward;
    private SenderClock _clock;
    private CompressedPast _past;
    private uint? _present;

    /// <param name="codec">Of the track.</param>
    /// <param name="firstSequence">First number sent; below 2^15, see <see cref="StreamRewriter"/>.</param>
    public LayerSelector(Codec codec, ushort firstSequence)
    {
        _codec = codec;
        _clockRate = codec.ClockRate();
        _filter = FrameFilter.Create(codec);
        _numbers = new SequenceMap(firstSequence);
    }

    /// <summary>What the subscriber shall get; it takes effect where the stream allows.</summary>
    public LayerTarget Target { get; private set; } = new(0, LayerTarget.AllLayers, LayerTarget.AllLayers);

    /// <summary>What it gets now.</summary>
    public LayerTarget Current => CurrentEncoding < 0 ? LayerTarget.Paused : new(_encoding, _filter.Spatial, _filter.Temporal);

    /// <summary>The encoding that is forwarded; −1 before the first keyframe and while paused.</summary>
    public int CurrentEncoding => _startsOver ? -1 : _encoding;

    /// <summary>A keyframe of the target's encoding would bring the subscriber on.</summary>
    public bool NeedsKeyframe => !Target.IsPaused && (_startsOver || _encoding != Target.Encoding || _filter.NeedsKeyframe);

    /// <summary>The subscriber's timestamp of a timestamp of the current encoding.</summary>
    public uint Timestamp(uint source) => source + _timestampOffset;

    public void SetTarget(LayerTarget target)
    {
        Target = target;
        if (target.IsPaused)
        {
            StartOver();
        }
    }

    /// <summary>Nothing more is forwarded before a keyframe of the target (the subscriber resumes, or its source is another).</summary>
    public void StartOver()
    {
        _startsOver = true;
        _present = null;
    }

    /// <summary>What comes next is of another track. Its encodings and epochs are counted anew, so being the same says nothing; the clocks do.</summary>
    public void ChangeSource()
    {
        StartOver();
        ForgetSent();
        _epoch = -1;
    }

    /// <summary>The keyframe that comes next is of the past, and with all since then comes at once: see <see cref="CompressedPast"/>.</summary>
    /// <param name="present">The publisher's timestamp of the target's newest frame.</param>
    public void BeginInPast(uint present) => _present = present;

    /// <summary>The stream goes on from here with numbers that another rewriter has given so far.</summary>
    public void GoOnFrom(uint timestamp, MonotonicTime lastForward)
    {
        _sentOnce = true;
        _lastTimestamp = timestamp;
        _lastForward = lastForward;
    }

    /// <summary>Decides on one packet of any of the track's encodings.</summary>
    /// <param name="encoding">Which one.</param>
    /// <param name="epoch">Changes when the encoding's packets come from another source.</param>
    /// <param name="clock">The encoding's, by its last sender report.</param>
    /// <param name="packet">As the publisher sent it.</param>
    /// <param name="video">What was read of it.</param>
    /// <param name="now">The present.</param>
    /// <param name="sent">The numbers to send it with.</param>
    public LayerDecision Select(
        int encoding, int epoch, in SenderClock clock, in RtpReader packet, in VideoPacket video, MonotonicTime now, out SentPacket sent)
    {
        sent = default;
        var source = packet.SequenceNumber.Value;
        var timestamp = packet.Timestamp.Value;
        if (_startsOver || encoding != _encoding || epoch != _epoch)
        {
            if (encoding != Target.Encoding || !video.IsKeyframe)
            {
                return LayerDecision.Skip;
            }

            Begin(encoding, epoch, clock, source, timestamp, video, now);
        }

        if (clock.Ntp != _clock.Ntp)
        {
            _clock = clock;
        }

        if (!_numbers.TryPlace(source, _frameOffset, out var isLate, out var place))
        {
            return LayerDecision.Skip;
        }

        // Padding probes the publisher's path; it ends here.
        var firstOfDropped = false;
        var keep = !packet.Payload.IsEmpty && _filter.Keep(video, timestamp, Target, isLate, out firstOfDropped);
        _past.Advance(timestamp);
        if (!keep && !isLate)
        {
            _numbers.CloseGap();
            if (firstOfDropped && _filter.ClosesFrameIds)
            {
                _frameOffset--;
            }

            return LayerDecision.Skip;
        }

        sent = new SentPacket
        {
            Sequence = (ushort)(source + place.Offset),
            Source = source,
            Timestamp = timestamp + _timestampOffset + _past.Shift(timestamp),
            FrameId = (ushort)(video.FrameId + place.FrameOffset),
            Tl0PicIdx = (byte)(video.Tl0PicIdx + _tl0Offset),
            FrameIdBits = video.FrameIdBits,
            Marker = packet.Marker || _filter.EndsPicture(video),
            Encoding = (sbyte)encoding,
            Epoch = (byte)epoch,
        };
        if (!keep)
        {
            return LayerDecision.Fill;
        }

        Remember(sent, video, now);
        return LayerDecision.Forward;
    }

    /// <summary>Nothing that was sent so far is found any more.</summary>
    public void ForgetSent() => _numbers.ForgetSent();

    /// <summary>The packet that was sent with this number, if it was sent lately.</summary>
    public bool TryFindSent(ushort sequence, out SentPacket sent) => _numbers.TryFind(sequence, out sent);

    /// <summary>The publisher's number of a packet that was missing when its number here was kept free, and is still.</summary>
    public bool TryFindMissing(ushort sequence, out ushort source) => _numbers.TryFindMissing(sequence, out source);

    private void Begin(int encoding, int epoch, in SenderClock clock, ushort source, uint timestamp, in VideoPacket video, MonotonicTime now)
    {
        if (video.Codec != _codec)
        {
            _codec = video.Codec;
            _filter = FrameFilter.Create(_codec);
        }

        var present = _present ?? timestamp;
        _timestampOffset = _sentOnce ? Continue(encoding, epoch, clock, present, present - timestamp, now) - present : 0;
        _past.End();
        if (_present is not null)
        {
            _past.Begin(present);
            _present = null;
        }

        _numbers.Begin(source);
        _frameOffset = (ushort)(_sentOnce ? _lastFrameId + 1 - video.FrameId : 0);
        _tl0Offset = (byte)(_sentOnce ? _lastTl0 + 1 - video.Tl0PicIdx : 0);
        _encoding = encoding;
        _epoch = epoch;
        _clock = clock;
        _startsOver = false;
        _filter.Begin(Target);
    }

    /// <summary>The timestamp that the present gets: of the same source as before, or of one whose relation to it the sender reports tell.</summary>
    private uint Continue(int encoding, int epoch, in SenderClock clock, uint present, uint past, MonotonicTime now)
    {
        uint? aligned = null;
        if (encoding == _encoding && epoch == _epoch)
        {
            aligned = present + _timestampOffset;
        }
        else if (clock.IsKnown && _clock.IsKnown && _encoding >= 0)
        {
            aligned = _clock.At(clock, present, _clockRate) + _timestampOffset;
        }

        return Continuation.Place(_lastTimestamp, now - _lastForward, aligned, CompressedPast.Lead(past), _clockRate);
    }

    private void Remember(in SentPacket sent, in VideoPacket video, MonotonicTime now)
    {
        _numbers.Note(sent);
        _lastForward = now;
        if (!_sentOnce || (int)(sent.Timestamp - _lastTimestamp) > 0)
        {
            _lastTimestamp = sent.Timestamp;
        }

        // Ids of 7 and 15 bits wrap earlier than the number that holds them.
        var ahead = (short)((sent.FrameId - _lastFrameId) << (16 - video.FrameIdBits)) > 0;
        if (video.FrameIdBits > 0 && (!_sentOnce || ahead || video.IsKeyframe))
        {
            _lastFrameId = sent.FrameId;
        }

        if (video.HasTl0PicIdx && (!_sentOnce || (sbyte)(sent.Tl0PicIdx - _lastTl0) > 0 || video.IsKeyframe))
        {
            _lastTl0 = sent.Tl0PicIdx;
        }

        _sentOnce = true;
    }
}
