using Events.Mixer.Compose;
using Events.Mixer.Frames;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Relay;
using Microsoft.Extensions.Logging;

namespace Events.Mixer.Recording;

/// <summary>
/// One published track: its packets in order, its frames with wall-clock times, its files. A new file begins after a mute, for another
/// SSRC, after a long silence, when a decoder needs other parameters, and when the picture is turned; a resolution change of VP8 or VP9 stays in the file.
/// </summary>
internal sealed class TrackRecorder : IFrameSink
{
    /// <summary>Another SSRC takes the track over once the current one has been silent this long.</summary>
    private const long SsrcSilenceNs = 500_000_000;

    /// <summary>Time between keyframe requests: an encoder answers within a round trip, and is not to be flooded.</summary>
    private const long KeyframeRequestNs = 1_000_000_000;

    /// <summary>
    /// A keyframe at least so often, though nobody waits for one: a composite that shows a camera late, or again, decodes from the keyframe before, twenty times as fast as
    /// it was recorded. A camera sends a hundredth more for it. Tracks differ by up to half of it, lest all send theirs to everybody at once.
    /// </summary>
    private const long KeyframeAgeNs = 60_000_000_000;

    /// <summary>By more, no frame is captured after it arrives, or before the one ahead of it: the sender, or our own clock, began a new timeline.</summary>
    private const long TimelineJumpNs = 5_000_000_000;

    /// <summary>No queue on the way holds a packet for so long.</summary>
    private const long MaxQueueNs = 60_000_000_000;

    /// <summary>
    /// Files that a track may begin in a minute. Mutes, turned phones and windows of another size take a few; each costs a decoder when the composite is made. More go on in the
    /// file that is open, or are left out where none is.
    /// </summary>
    private const int MaxFilesPerMinute = 20;

    /// <summary>
    /// Sound that goes on after more silence begins a file: FFmpeg's resampler makes the silence of a hole at once and in memory, 3.2 GB for an hour. Browsers that are silent
    /// (DTX) send a packet every 400 ms, others nothing.
    /// </summary>
    private const long MaxHoleNs = 10_000_000_000;

    private const long MinuteNs = 60_000_000_000;

    private readonly RelayTrack _track;
    private readonly Codec _codec;
    private readonly ParticipantClock _participant;
    private readonly RecordingFiles _files;
    private readonly MixerMetrics _metrics;
    private readonly ILogger _log;
    private readonly JitterBuffer _jitter = new();
    private Depacketiser _depacketiser;
    private TrackClock _clock;
    private SegmentFile? _segment;
    private uint? _ssrc;
    private long _lastArrival;
    private long _packetArrival;
    private long _lastRequest;
    private long _lastKeyframe;
    private long _gaps;
    private int _moves;
    private bool _needsKeyframe;
    private int _rotation;
    private int _segmentRotation;
    private long _minute;
    private int _filesThisMinute;

    public TrackRecorder(RelayTrack track, Codec codec, ParticipantClock participant, RecordingFiles files, MixerMetrics metrics, ILogger log)
    {
        _track = track;
        _codec = codec;
        _participant = participant;
        _files = files;
        _metrics = metrics;
        _log = log;
        _clock = participant.Open(track.ClockRate);
        _depacketiser = Depacketiser.Create(codec, track.Channels, track.Fmtp);
        Muted = track.Muted;
    }

    public string TrackId => _track.TrackId;

    public string ParticipantId => _track.ParticipantId;

    public bool Muted { get; private set; }

    /// <summary>Takes a packet as the relay gave it; one that is no RTP is ignored.</summary>
    public void OnRtp(ReadOnlySpan<byte> bytes, long arrival)
    {
        if (!RtpReader.TryRead(bytes, out var packet))
        {
            return;
        }

        if (_ssrc != packet.Ssrc)
        {
            if (_ssrc is not null && arrival - _lastArrival < SsrcSilenceNs)
            {
                return;
            }

            Switch(packet.Ssrc, arrival);
        }

        _lastArrival = arrival;
        _jitter.Add(packet.SequenceNumber.Value, packet.Timestamp.Value, packet.Marker, arrival, packet.Payload, RotationOf(packet));
        Drain(arrival);
    }

    public void OnSenderReport(ulong ntp, uint rtpTimestamp, long arrival)
    {
        // A report may come before the first packet; which SSRC it is for is then not known.
        if (_ssrc is null)
        {
            return;
        }

        _clock.OnSenderReport(new NtpTime(ntp), rtpTimestamp, arrival);
        if (_clock.Moves == _moves)
        {
            return;
        }

        _moves = _clock.Moves;
        if (_segment is not null)
        {
            _segment.Start += _clock.LastMove;
            _files.Manifest.Append(new() { Type = ManifestEntryType.SegmentMoved, At = _segment.Start, File = _segment.Name });
        }
    }

    public void SetMuted(bool muted, long at)
    {
        if (Muted == muted)
        {
            return;
        }

        Muted = muted;
        _needsKeyframe = _codec.IsVideo();
        if (muted)
        {
            EndSegment(at);
        }
        else
        {
            // Media time may have stood still meanwhile: up to the next report, only arrivals tell how long.
            RestartClock();
        }
    }

    /// <summary>Takes out what has waited long enough.</summary>
    public void Drain(long now)
    {
        while (_jitter.TryTake(now, out var packet))
        {
            _packetArrival = packet.Arrival;
            _rotation = packet.Rotation ?? _rotation;
            _clock.OnPacket(packet.Timestamp, packet.Arrival);
            _depacketiser.Push(new(packet.AfterGap, packet.Timestamp, packet.Marker, packet.Bytes.AsSpan(0, packet.Length)), this);
            JitterBuffer.Return(packet);
        }

        _metrics.GapsSkipped(_jitter.Gaps - _gaps);
        _gaps = _jitter.Gaps;
    }

    /// <summary>Whether to ask for a keyframe now; true at most once a second.</summary>
    public bool TakeKeyframeRequest(long now)
    {
        var wanted = _needsKeyframe || _depacketiser.WaitsForKeyframe || IsTurned;
        if (!_codec.IsVideo() || Muted || now - _lastRequest < KeyframeRequestNs || !(wanted || IsKeyframeOld(now)))
        {
            return false;
        }

        _lastRequest = now;
        return true;
    }

    public void OnFrame(in MediaFrame frame)
    {
        if (Muted || (_needsKeyframe && !frame.Keyframe))
        {
            return;
        }

        _needsKeyframe = (long)frame.Width * frame.Height > VideoDecoder.MaxPixels;
        if (_needsKeyframe)
        {
            return;
        }

        var wall = _clock.Map(frame.RtpTimestamp);
        if (IsNewTimeline(wall))
        {
            // Up to the next report, only arrivals tell where it is.
            EndSegment(_packetArrival);
            RestartClock();
            _clock.OnPacket(frame.RtpTimestamp, _packetArrival);
            wall = _clock.Map(frame.RtpTimestamp);
        }

        // A window that is dragged to another size has other parameters several times a second. They stand before its keyframes too, so a decoder that has read so far follows.
        var wantsFile = _segment is null || IsTurned || IsAfterHole(wall) || !_depacketiser.CodecPrivate.Span.SequenceEqual(_segment.Track.CodecPrivate.Span);
        if (wantsFile && frame.Keyframe && MayBeginFile())
        {
            EndSegment(wall);
            Begin(frame, wall);
        }

        if (_segment is null)
        {
            _needsKeyframe = true;
            return;
        }

        _lastKeyframe = frame.Keyframe ? _packetArrival : _lastKeyframe;
        _segment.Write(wall, frame.Keyframe, frame.Data.Span);
        _metrics.FramesWritten(1);
    }

    /// <summary>The track is over: writes what still waits, and closes.</summary>
    public void End(long at)
    {
        Drain(long.MaxValue);
        EndSegment(at);
        _clock.Close();
        _jitter.Clear();
    }

    /// <summary>Also of a sender who does not send one when asked.</summary>
    private bool IsKeyframeOld(long now) =>
        _segment is not null && now - Math.Max(_lastKeyframe, _lastRequest) > (KeyframeAgeNs / 2) + (_track.Handle % 16 * (KeyframeAgeNs / 32));

    /// <summary>Up to the next keyframe the picture lies on its side: a file has one rotation.</summary>
    private bool IsTurned => _segment is not null && _segmentRotation != _rotation;

    private bool IsAfterHole(long wall) => !_codec.IsVideo() && _segment is not null && wall - _segment.LastFrame > MaxHoleNs;

    /// <summary>
    /// What the sender says of its picture (3GPP TS 26.114 §7.4.5: 0 0 0 0 C F R1 R0, quarters to turn it clockwise before it is shown). It says so with keyframes and
    /// changes, and what it said last holds; as in browsers, pictures are not flipped.
    /// </summary>
    private int? RotationOf(in RtpReader packet) =>
        _codec.IsVideo() && packet.TryGetExtension(_track.OrientationExtension, out var said) && said.Length == 1 ? (said[0] & 3) * 90 : null;

    /// <summary>False until the minute is over when there were too many in it; that is logged once.</summary>
    private bool MayBeginFile()
    {
        if (_packetArrival - _minute >= MinuteNs)
        {
            _minute = _packetArrival;
            _filesThisMinute = 0;
        }

        if (_filesThisMinute++ == MaxFilesPerMinute)
        {
            MixerLog.TooManyFiles(_log, _files.Manifest.Entries[0].RecordingId!, TrackId);
        }

        return _filesThisMinute <= MaxFilesPerMinute;
    }

    private bool IsNewTimeline(long wall) =>
        wall > _packetArrival + TimelineJumpNs || wall < _packetArrival - MaxQueueNs || (_segment is not null && wall < _segment.LastFrame - TimelineJumpNs);

    private void RestartClock()
    {
        _clock.Close();
        _clock = _participant.Open(_track.ClockRate);
        _moves = 0;
    }

    private void Begin(in MediaFrame frame, long wall)
    {
        var track = new MatroskaTrack(_codec, frame.Width, frame.Height, _depacketiser.CodecPrivate.ToArray());
        _segmentRotation = _rotation;
        _segment = _files.Open(track, CodecNames.NameOf(_codec), TrackId, ParticipantId, wall, _rotation);
    }

    private void EndSegment(long at)
    {
        if (_segment is not null)
        {
            _files.End(_segment, Math.Max(at, _segment.LastFrame));
            _segment = null;
        }
    }

    private void Switch(uint ssrc, long at)
    {
        if (_ssrc is not null)
        {
            End(at);
            RestartClock();
            _rotation = 0;
            _depacketiser = Depacketiser.Create(_codec, _track.Channels, _track.Fmtp);
        }

        _ssrc = ssrc;
    }
}
