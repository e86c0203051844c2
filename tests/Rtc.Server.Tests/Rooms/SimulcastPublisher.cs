using Events.Rtc.Client;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Primitives;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>
/// Sends three encodings of VP8 with pictures of 320, 640 and 1,280 pixels, ids and temporal layers as libwebrtc numbers them. An encoding sends a keyframe when
/// it is asked for one, and nothing while it is stopped.
/// </summary>
internal sealed class SimulcastPublisher
{
    public static readonly ClientMediaPlan Plan = ClientMediaPlan.Publish with { SimulcastLayers = 3 };

    private static readonly int[] Temporal = [0, 2, 1, 2];

    private readonly TestPublisher _publisher;
    private readonly bool[] _keyframe = [true, true, true];
    private readonly ushort[] _picture = [100, 9_000, 32_760];
    private readonly byte[] _tl0 = [1, 50, 250];
    private readonly int[] _frames = new int[3];
    private readonly byte[] _payload = new byte[300];
    private readonly uint[] _timestampBase = [1_000, 3_000_000_000, 70_000];
    private uint _capture;

    public SimulcastPublisher(TestPublisher publisher)
    {
        _publisher = publisher;
        Assert.Equal(3, publisher.Layers.Count);
        publisher.Endpoint.OnKeyframeRequested = track =>
        {
            _keyframe[track.Media.Layer] = true;
            Interlocked.Increment(ref Requests[track.Media.Layer]);
        };
    }

    public int[] Requests { get; } = new int[3];

    public bool[] Sends { get; } = [true, true, true];

    /// <summary>Bytes behind a frame's header by which a viewer tells the layer: see <see cref="LayerOf"/>.</summary>
    public void SendPicture(int packets = 2)
    {
        for (var layer = 0; layer < 3; layer++)
        {
            if (Sends[layer])
            {
                SendFrame(layer, packets);
            }
        }

        _capture += 3_000;
        _publisher.SendAudio();
    }

    public async Task SendUntilAsync(Func<bool> condition, string what, int seconds = 20)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"{what}: not within {seconds} s");
            SendPicture();
            await Task.Delay(15);
        }
    }

    public async Task SendForAsync(TimeSpan time)
    {
        var end = DateTime.UtcNow + time;
        await SendUntilAsync(() => DateTime.UtcNow >= end, "time passes");
    }

    /// <summary>Which layer a payload is of.</summary>
    public static int LayerOf(string payloadHex) => Convert.ToInt32(payloadHex[^2..], 16);

    private void SendFrame(int layer, int packets)
    {
        var key = _keyframe[layer];
        _keyframe[layer] = false;
        _frames[layer] = key ? 0 : _frames[layer] + 1;
        var temporal = Temporal[_frames[layer] % 4];
        _tl0[layer] += (byte)(temporal == 0 ? 1 : 0);
        _picture[layer]++;
        for (var i = 0; i < packets; i++)
        {
            // RFC 7741 §4.2: X S, I L T, id, TL0PICIDX, TID Y; §4.3: keyframe tag, start code, size.
            _payload[0] = (byte)(0x80 | (i == 0 ? 0x10 : 0));
            _payload[1] = 0xE0;
            _payload[2] = (byte)(0x80 | ((_picture[layer] >> 8) & 0x7F));
            _payload[3] = (byte)_picture[layer];
            _payload[4] = _tl0[layer];
            _payload[5] = (byte)((temporal << 6) | (temporal > 0 && _frames[layer] % 4 != 3 ? 0x20 : 0));
            var (width, height) = (320 << layer, 180 << layer);
            ReadOnlySpan<byte> head =
                [(byte)(key ? 0x10 : 0x11), 0, 0, 0x9D, 1, 0x2A, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8)];
            head.CopyTo(_payload.AsSpan(6));
            var size = 100 << Math.Min(layer, 1);
            _payload[size - 1] = (byte)layer;
            Assert.True(_publisher.Endpoint.SendMedia(
                _publisher.Layers[layer], _payload.AsSpan(0, size), new RtpTimestamp(_timestampBase[layer] + _capture), i == packets - 1));
        }
    }
}
