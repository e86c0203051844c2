using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Call;

/// <summary>A packet of a publisher, as it comes to the node.</summary>
internal readonly record struct MediaPacket(int Layer, int Bytes, bool StartsKeyframe);

/// <summary>
/// A camera with three simulcast layers at 30 frames a second and a microphone. Frames vary by a fifth, keyframes are five times as large and come
/// when asked for, after the publisher's round trip and at most twice a second.
/// </summary>
internal sealed class LayeredPublisher
{
    public const int Audio = -1;

    public static readonly Bitrate AudioRate = Bitrate.FromKilobits(40);

    public static readonly (int Height, Bitrate Rate)[] Layers =
        [(180, Bitrate.FromKilobits(150)), (360, Bitrate.FromKilobits(500)), (720, Bitrate.FromKilobits(1_500))];

    private const int FrameRate = 30;
    private const int MaxPayload = 1_100;
    private const double KeyframeFactor = 5;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan KeyframeInterval = TimeSpan.FromMilliseconds(500);

    private readonly Simulation _simulation;
    private readonly Random _chance;
    private readonly List<Action<MediaPacket>> _viewers = [];
    private readonly bool[] _keyframeDue = new bool[Layers.Length];
    private readonly MonotonicTime[] _askedAt = new MonotonicTime[Layers.Length];

    public LayeredPublisher(Simulation simulation, int part)
    {
        _simulation = simulation;
        _chance = simulation.Chance(part);
        simulation.Every(TimeSpan.FromSeconds(1.0 / FrameRate), SendFrames);
        simulation.Every(TimeSpan.FromMilliseconds(20), () => Publish(new(Audio, (int)(AudioRate.BitsPerSecond / 50 / 8), false)));
    }

    public void Add(Action<MediaPacket> viewer) => _viewers.Add(viewer);

    public void RequestKeyframe(int layer)
    {
        if (_simulation.Now - _askedAt[layer] < KeyframeInterval)
        {
            return;
        }

        _askedAt[layer] = _simulation.Now;
        _simulation.After(RoundTrip, () => _keyframeDue[layer] = true);
    }

    private void SendFrames()
    {
        for (var layer = 0; layer < Layers.Length; layer++)
        {
            var keyframe = _keyframeDue[layer];
            _keyframeDue[layer] = false;
            var average = Layers[layer].Rate.BitsPerSecond / 8.0 / FrameRate;
            var left = (int)(average * (0.8 + (0.4 * _chance.NextDouble())) * (keyframe ? KeyframeFactor : 1));
            var packets = (left / MaxPayload) + 1;
            // libwebrtc paces at 2.5 times the encoder's rate.
            var spacing = TimeSpan.FromSeconds(left * 8.0 / packets / (2.5 * Layers[layer].Rate.BitsPerSecond));
            for (var i = 0; i < packets; i++)
            {
                var packet = new MediaPacket(layer, (left / packets) + 40, keyframe && i == 0);
                if (i == 0)
                {
                    Publish(packet);
                }
                else
                {
                    _simulation.After(spacing * i, () => Publish(packet));
                }
            }
        }
    }

    private void Publish(MediaPacket packet)
    {
        foreach (var viewer in _viewers)
        {
            viewer(packet);
        }
    }
}
