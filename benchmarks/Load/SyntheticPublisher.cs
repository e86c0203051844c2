using System.Net;
using Events.Rtc.Client;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Load;

/// <summary>Publishes 30 frames and 50 audio packets a second, as a burst per frame or paced as libwebrtc paces.</summary>
internal sealed class SyntheticPublisher : LoadClient
{
    private const int FramesPerSecond = 30;
    private const long FrameNanoseconds = 1_000_000_000 / FramesPerSecond;
    private const long AudioNanoseconds = 20_000_000;

    // 32 kbit/s: 80 bytes every 20 ms.
    private const int AudioBody = 79;

    // A keyframe is several times an ordinary frame; the frames between are smaller by so much that the rate holds.
    private const int KeyframeFactor = 5;

    // libwebrtc's pacer sends at 2.5 times the estimated rate (kDefaultPacingFactor).
    private const double PacingFactor = 2.5;

    private const int MaxPayload = 1_100;

    private readonly LoadOptions _options;
    private readonly int _frameBytes;
    private readonly byte[] _payload = new byte[MaxPayload + 16];
    private ClientSendTrack? _video;
    private ClientSendTrack? _audio;
    private MonotonicTime _nextFrame = MonotonicTime.Never;
    private MonotonicTime _nextAudio = MonotonicTime.Never;
    private MonotonicTime _nextPacket = MonotonicTime.Never;
    private MonotonicTime _nextKeyframe;
    private MonotonicTime _noKeyframeBefore;
    private bool _keyframeWanted = true;
    private bool _sendingKeyframe;
    private int _pictureId;
    private uint _videoTimestamp;
    private uint _audioTimestamp;
    private uint _counter;
    private int _bytesLeft;
    private int _packetsLeft;
    private bool _first;

    public SyntheticPublisher(ClientStack stack, ClientSession session, IPAddress? host, LoadOptions options)
        : base(stack, session, host, gro: false)
    {
        _options = options;
        var perKeyframe = options.KeyframeSeconds * FramesPerSecond;
        var total = options.Kilobits * 125L * options.KeyframeSeconds;
        _frameBytes = (int)(total / (perKeyframe - 1 + KeyframeFactor));
    }

    public TaskCompletionSource<bool> Connected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long PacketsSent { get; private set; }

    public long KeyframeRequests { get; private set; }

    public override MonotonicTime NextTick => MonotonicTime.Min(_nextPacket, MonotonicTime.Min(_nextFrame, _nextAudio));

    public override void KeyframeRequested(ClientSendTrack track)
    {
        KeyframeRequests++;
        _keyframeWanted = true;
    }

    public override void StateChanged(ClientPeerState state, string? reason)
    {
        if (state == ClientPeerState.Connected)
        {
            _video = Peer.Senders.FirstOrDefault(s => s.Media.Kind == MediaKind.Video);
            _audio = Peer.Senders.FirstOrDefault(s => s.Media.Kind == MediaKind.Audio);
            var now = ClientClock.Now;
            _nextFrame = now;
            _nextAudio = now + TimeSpan.FromMilliseconds(_options.SoundOffset);
            _nextKeyframe = now;
            Connected.TrySetResult(true);
        }
        else if (state is ClientPeerState.Failed or ClientPeerState.Closed)
        {
            _nextFrame = _nextAudio = _nextPacket = MonotonicTime.Never;
            Connected.TrySetException(new SignallingException(reason ?? "closed", null, $"The publisher did not connect: {reason}."));
        }
    }

    public override void Tick(MonotonicTime now)
    {
        if (now >= _nextAudio && _audio is not null)
        {
            var length = SyntheticMedia.WriteAudio(_payload, AudioBody, _counter++, now);
            Count(Peer.SendMedia(_audio, _payload.AsSpan(0, length), new(_audioTimestamp), marker: false, now, new AudioLevel(true, 30)));
            _audioTimestamp += 960;
            _nextAudio += TimeSpan.FromTicks(AudioNanoseconds / 100);
        }

        if (now >= _nextFrame)
        {
            BeginFrame(now);
        }

        while (now >= _nextPacket)
        {
            SendPacket(now);
        }
    }

    private void BeginFrame(MonotonicTime now)
    {
        while (_packetsLeft > 0)
        {
            // The pacer has not finished the last frame (a keyframe): flush it rather than fall behind.
            SendPacket(now);
        }

        _sendingKeyframe = (_keyframeWanted && now >= _noKeyframeBefore) || now >= _nextKeyframe;
        if (_sendingKeyframe)
        {
            _noKeyframeBefore = now + TimeSpan.FromMilliseconds(_options.KeyframeGapMilliseconds);
            _keyframeWanted = false;
            _nextKeyframe = now + TimeSpan.FromSeconds(_options.KeyframeSeconds);
        }

        _bytesLeft = _frameBytes * (_sendingKeyframe ? KeyframeFactor : 1);
        _packetsLeft = (_bytesLeft + MaxPayload - 1) / MaxPayload;
        _first = true;
        _pictureId = (_pictureId + 1) & 0x7FFF;
        _videoTimestamp += 90_000 / FramesPerSecond;
        _nextFrame += TimeSpan.FromTicks(FrameNanoseconds / 100);
        _nextPacket = now;
    }

    private void SendPacket(MonotonicTime now)
    {
        const int HeaderRoom = Vp8Packetizer.DescriptorLength + 10;
        var share = (_bytesLeft + _packetsLeft - 1) / _packetsLeft;
        var body = Math.Max(SyntheticMedia.StampLength, share - (_first ? HeaderRoom : Vp8Packetizer.DescriptorLength));
        var length = SyntheticMedia.WriteVideo(_payload, _pictureId, _first, _sendingKeyframe, body, _counter++, now);
        _bytesLeft -= share;
        _packetsLeft--;
        _first = false;
        Count(_video is not null && Peer.SendMedia(_video, _payload.AsSpan(0, length), new(_videoTimestamp), marker: _packetsLeft == 0, now));
        _nextPacket = _packetsLeft == 0 ? MonotonicTime.Never
            : _options.Paced ? _nextPacket + TimeSpan.FromSeconds(length * 8 / (_options.Kilobits * 1_000 * PacingFactor)) : now;
    }

    private void Count(bool sent) => PacketsSent += sent ? 1 : 0;
}
