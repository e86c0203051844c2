using Events.Rtc.Client;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What a camera sends: one encoding, or simulcast ones from low to high.</summary>
/// <param name="FrameRate">Pictures a second.</param>
/// <param name="Rates">Of each encoding.</param>
internal sealed record CameraPlan(int FrameRate, params Bitrate[] Rates)
{
    public TrackSource Source { get; init; } = TrackSource.Camera;

    /// <summary>Numbers temporal layers, of which there is one; false: nothing can be chosen, and packets are forwarded plainly.</summary>
    public bool HasLayers { get; init; } = true;

    /// <summary>Sent by a <see cref="VirtualEncoder"/>, at its own rate and without sound; null: by a <see cref="VirtualCamera"/>.</summary>
    public LayerMode? Mode { get; init; }

    /// <summary>A frame's packets leave at once, as recent browsers send them; false: paced.</summary>
    public bool IsBurst { get; init; }

    /// <summary>From a frame to the sound after it, at the beginning.</summary>
    public TimeSpan SoundAfter { get; init; }

    /// <summary>Its sound carries redundancy.</summary>
    public bool AudioRed { get; init; }

    /// <summary>It stops encodings that nobody watches, and needs this long to begin again. Null: it sends all of them always.</summary>
    public TimeSpan? Resumes { get; init; }
}

/// <summary>
/// A camera and microphone that look like VP8 and Opus: frames that vary by a fifth, keyframes three times as large when they are asked for, packets paced at 2.5
/// times the rate as libwebrtc does. The last byte of each payload says which encoding it is of; <see cref="CaptureTimes"/> reads when it was captured.
/// </summary>
internal sealed class VirtualCamera
{
    private const int MaxPayload = 1_100;
    private const double KeyframeFactor = 3, PacingFactor = 2.5;

    private readonly Simulation _simulation;
    private readonly VirtualPeer _peer;
    private readonly CameraPlan _plan;
    private readonly Random _chance;
    private readonly ClientSendTrack _audio;
    private readonly List<ClientSendTrack> _video;
    private readonly bool[] _keyframe;
    private readonly MonotonicTime[] _activeFrom;
    private readonly ushort[] _picture;
    private readonly byte[] _tl0;
    private readonly byte[] _payload = new byte[MaxPayload];
    private uint _capture;
    private uint _audioCapture;

    public VirtualCamera(Simulation simulation, VirtualPeer peer, CameraPlan plan, int part)
    {
        _simulation = simulation;
        _peer = peer;
        _plan = plan;
        _chance = simulation.Chance(part);
        _video = [.. peer.Peer.Senders.Where(s => s.Media.Kind == Events.Rtc.Protocol.Sdp.MediaKind.Video)];
        _audio = peer.Peer.Senders.Single(s => s.Media.Kind == Events.Rtc.Protocol.Sdp.MediaKind.Audio);
        _keyframe = [.. _video.Select(_ => true)];
        _activeFrom = new MonotonicTime[_video.Count];
        _picture = new ushort[_video.Count];
        _tl0 = new byte[_video.Count];
        peer.OnKeyframeRequested = track =>
        {
            _keyframe[track.Media.Layer] = true;
            KeyframesAsked++;
            KeyframeRequests.Add((simulation.Seconds, track.Media.Layer));
        };
        simulation.Every(TimeSpan.FromSeconds(1.0 / plan.FrameRate), SendPictures);
        simulation.After(plan.SoundAfter, () => simulation.Every(TimeSpan.FromMilliseconds(20), SendSound));
    }

    public long KeyframesAsked { get; private set; }

    /// <summary>When, and of which encoding.</summary>
    public List<(double Second, int Layer)> KeyframeRequests { get; } = [];

    /// <summary>The camera is off and its clock goes on, as when a browser's track is replaced by none.</summary>
    public bool IsOff { get; set; }

    /// <summary>Heard by the others as the one who speaks.</summary>
    public bool Speaks { get; set; }

    public long AudioSent { get; private set; }

    /// <summary>What of it is watched, as dynacast says.</summary>
    public void SetActive(IReadOnlyList<bool> active)
    {
        for (var layer = 0; layer < _activeFrom.Length; layer++)
        {
            if (!active[layer])
            {
                _activeFrom[layer] = MonotonicTime.Never;
            }
            else if (_activeFrom[layer].IsNever)
            {
                _activeFrom[layer] = _simulation.Now + _plan.Resumes!.Value;
                _keyframe[layer] = true;
            }
        }
    }

    private void SendSound()
    {
        var payload = _payload.AsSpan(0, Speaks ? 80 : 20);
        payload.Fill(0x78);
        CaptureTimes.Write(payload[CaptureTimes.InSound..], _simulation.Now);
        AudioSent += _peer.Peer.SendMedia(
            _audio, payload, new RtpTimestamp(_audioCapture), false, _simulation.Now, new AudioLevel(Speaks, (byte)(Speaks ? 20 : 90))) ? 1 : 0;
        _audioCapture += 960;
    }

    private void SendPictures()
    {
        for (var layer = 0; layer < _video.Count && !IsOff; layer++)
        {
            if (_simulation.Now < _activeFrom[layer])
            {
                continue;
            }

            var key = _keyframe[layer];
            _keyframe[layer] = false;
            var average = _plan.Rates[layer].BitsPerSecond / 8.0 / _plan.FrameRate;
            var size = (int)(average * (0.8 + (0.4 * _chance.NextDouble())) * (key ? KeyframeFactor : 1));
            var packets = (size / MaxPayload) + 1;
            var spacing = TimeSpan.FromSeconds(size * 8.0 / packets / (PacingFactor * _plan.Rates[layer].BitsPerSecond));
            _picture[layer]++;
            _tl0[layer]++;
            var (at, picture, tl0, timestamp, captured) = (layer, _picture[layer], _tl0[layer], _capture, _simulation.Now);
            for (var i = 0; i < packets; i++)
            {
                var index = i;
                if (i == 0 || _plan.IsBurst)
                {
                    SendPacket(at, picture, tl0, timestamp, captured, index, packets, size / packets, key);
                }
                else
                {
                    _simulation.After(spacing * i, () => SendPacket(at, picture, tl0, timestamp, captured, index, packets, size / packets, key));
                }
            }
        }

        _capture += (uint)(90_000 / _plan.FrameRate);
    }

    private void SendPacket(int layer, ushort picture, byte tl0, uint timestamp, MonotonicTime captured, int index, int packets, int size, bool key)
    {
        // RFC 7741 §4.2: X S, I L T or I alone, id, TL0PICIDX, TID; §4.3: keyframe tag, start code, size.
        _payload[0] = (byte)(0x80 | (index == 0 ? 0x10 : 0));
        _payload[1] = (byte)(_plan.HasLayers ? 0xE0 : 0x80);
        _payload[2] = (byte)(0x80 | ((picture >> 8) & 0x7F));
        _payload[3] = (byte)picture;
        _payload[4] = tl0;
        _payload[5] = 0;
        var (width, height) = (320 << layer, 180 << layer);
        ReadOnlySpan<byte> head =
            [(byte)(key ? 0x10 : 0x11), 0, 0, 0x9D, 1, 0x2A, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8)];
        head.CopyTo(_payload.AsSpan(_plan.HasLayers ? 6 : 4));
        size = Math.Clamp(size, 32, MaxPayload);
        CaptureTimes.Write(_payload.AsSpan(CaptureTimes.InPicture), captured);
        _payload[size - 1] = (byte)layer;
        _peer.Peer.SendMedia(_video[layer], _payload.AsSpan(0, size), new RtpTimestamp((uint)(layer * 1_000_000) + timestamp), index == packets - 1, _simulation.Now);
    }
}
