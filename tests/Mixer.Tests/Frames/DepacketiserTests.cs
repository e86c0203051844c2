using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Frames;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Frames;

public sealed class DepacketiserTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("frames-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(Codec.Vp8, "vp8")]
    [InlineData(Codec.Vp9, "vp9")]
    [InlineData(Codec.H264, "h264")]
    [InlineData(Codec.Av1, "av1")]
    public async Task Video_through_packets_and_matroska_decodes_to_every_frame(Codec codec, string name)
    {
        var frames = await Material.VideoAsync(codec, "testsrc2=s=640x360:r=30", 2);
        var path = Write(codec, frames, dropPacket: -1, out var written);

        var probe = await Probe.FileAsync("ffprobe", path);
        Assert.Equal((name, 640, 360), (probe.Video!.Codec, probe.Video.Width, probe.Video.Height));
        Assert.Equal(frames.Count, written);
        var decoded = await Material.LumaAsync(path);
        Assert.InRange(decoded.Length, 59, 61);
        var scan = MatroskaScan.File(path);
        Assert.Equal(written, scan.Frames);
        Assert.InRange(scan.LastTimestampNs - frames[^1].TimestampNs, -MatroskaWriter.TimestampScale, MatroskaWriter.TimestampScale);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(10)] // The sender's line has become too thin for the larger picture.
    public async Task Av1_in_layers_decodes_to_every_picture_whichever_layers_it_has(int whole)
    {
        var frames = Material.Av1InLayers().Select((f, i) => i < whole ? f : f with { Data = WithoutUpperLayers(f.Data) }).ToList();
        var path = Write(Codec.Av1, frames, dropPacket: -1, out var written);
        Assert.Equal(30, written);
        var luma = await Material.LumaAsync(path);
        Assert.InRange(luma.Length, 29, 31);
        Assert.All(luma.Zip(luma.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 2, 10));
    }

    [Theory]
    [InlineData(Codec.Vp8)]
    [InlineData(Codec.H264)]
    [InlineData(Codec.Vp9)]
    [InlineData(Codec.Av1)]
    public async Task After_a_loss_nothing_is_written_up_to_the_next_keyframe(Codec codec)
    {
        var frames = await Material.VideoAsync(codec, "testsrc2=s=320x180:r=30", 3);
        Write(codec, frames, dropPacket: 45, out var written);
        Assert.InRange(written, 30, frames.Count - 1);
    }

    [Fact]
    public async Task Opus_packets_last_as_long_as_they_were_spoken()
    {
        var packets = await Material.OpusAsync("sine=f=440", 3);
        var path = Write(Codec.Opus, packets, dropPacket: -1, out var written);
        Assert.Equal(packets.Count, written);
        var loudness = await Material.LoudnessAsync(path);
        Assert.InRange(loudness.Length * 0.005, 2.95, 3.06);
        Assert.True(loudness.Skip(5).Take(580).All(l => l > 0.01));
    }

    [Theory]
    [InlineData(Codec.Vp8)]
    [InlineData(Codec.Vp9)]
    [InlineData(Codec.H264)]
    [InlineData(Codec.Av1)]
    [InlineData(Codec.Opus)]
    public void Hostile_payloads_never_throw(Codec codec)
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        var depacketiser = Depacketiser.Create(codec, 2, "sprop-parameter-sets=Z0IAKeKQ,!!;x");
        var sink = new Counting();
        for (var i = 0; i < 50_000; i++)
        {
            var payload = new byte[random.Next(0, 40)];
            random.NextBytes(payload);
            depacketiser.Push(new(random.Next(10) == 0, (uint)random.Next(4), random.Next(3) == 0, payload), sink);
        }
    }

    /// <summary>Of OBUs shorter than 128 bytes, as these are.</summary>
    private static byte[] WithoutUpperLayers(byte[] unit)
    {
        var kept = new List<byte>();
        for (var at = 0; at < unit.Length;)
        {
            var header = (unit[at] & 4) != 0 ? 2 : 1;
            var length = header + 1 + unit[at + header];
            if (header == 1 || (unit[at + 1] & 0x18) == 0)
            {
                kept.AddRange(unit.AsSpan(at, length));
            }

            at += length;
        }

        return [.. kept];
    }

    private string Write(Codec codec, List<CodedFrame> frames, int dropPacket, out long written)
    {
        var path = Path.Combine(_directory, $"{codec}-{dropPacket}.mkv");
        var packetiser = new Packetiser(codec, 7);
        var depacketiser = Depacketiser.Create(codec, 2, string.Empty);
        using var file = File.Create(path);
        var sink = new Writing(file, depacketiser, codec);
        var index = 0;
        var lost = false;
        foreach (var frame in frames)
        {
            foreach (var bytes in packetiser.Packetise(frame))
            {
                if (index++ == dropPacket)
                {
                    lost = true;
                    continue;
                }

                Assert.True(RtpReader.TryRead(bytes, out var packet));
                depacketiser.Push(new(lost, packet.Timestamp.Value, packet.Marker, packet.Payload), sink);
                lost = false;
            }
        }

        sink.Writer!.Flush();
        written = sink.Count;
        return path;
    }

    private sealed class Counting : IFrameSink
    {
        public void OnFrame(in MediaFrame frame) => Assert.False(frame.Data.IsEmpty);
    }

    private sealed class Writing(Stream file, Depacketiser depacketiser, Codec codec) : IFrameSink
    {
        public MatroskaWriter? Writer { get; private set; }

        public long Count { get; private set; }

        public void OnFrame(in MediaFrame frame)
        {
            Writer ??= new(file, new(codec, frame.Width, frame.Height, depacketiser.CodecPrivate), DateTimeOffset.UnixEpoch);
            Writer.Write((long)frame.RtpTimestamp * 1_000_000_000 / codec.ClockRate(), frame.Keyframe, frame.Data.Span);
            Count++;
        }
    }
}
