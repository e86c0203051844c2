using Events.MediaRegistry.Ffmpeg;
using Events.Mixer;
using Events.Mixer.Compose;
using Events.Mixer.Recording;
using Events.Mixer.Scenes;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Compose;

public sealed class CompositorTests : IDisposable
{
    private const long Second = 1_000_000_000;

    private readonly string _directory = Directory.CreateTempSubdirectory("compositor-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_decoder_that_cannot_be_started_is_told_and_nothing_else()
    {
        var ffmpeg = Path.Combine(_directory, "ffmpeg");
        File.CreateSymbolicLink(ffmpeg, "/usr/bin/ffmpeg");
        var frames = await Material.VideoAsync(Codec.Vp8, "color=0xF0F0F0:s=320x180:r=30", 1);
        var compositor = Create([Segment("0001.mkv", 0, frames), Segment("0002.mkv", Second, frames)], ffmpeg);
        await compositor.DrawAsync(0);
        File.Delete(ffmpeg);
        var failure = await Assert.ThrowsAsync<FfmpegException>(async () => await compositor.DrawAsync(45));
        Assert.Equal("ffmpeg_not_found", failure.Failure.Code);
        await compositor.DisposeAsync();
    }

    [Fact]
    public async Task A_camera_that_is_shown_late_is_not_decoded_from_its_beginning_and_looks_the_same()
    {
        const long Start = 12_345_678; // on no frame of the composite
        const int Frames = 900;
        var frames = await Material.VideoAsync(Codec.Vp8, "color=black:s=64x36:r=30,geq=lum='16+mod(N,200)':cb=128:cr=128", Frames / 30);

        // A camera that skips pictures now and then, and is still for a while.
        frames = [.. frames.Where((f, i) => IsKeyframe(f) || (i % 7 != 3 && i is < 395 or > 420))];
        var segment = Segment("0001.mkv", Start, frames) with { Span = new(Start, 32 * Second) }; // It stands still at its end.
        await using var whole = Create([segment], "ffmpeg");
        var expected = new Dictionary<int, byte[]>();
        for (var frame = 0; frame < Frames + 30; frame++)
        {
            expected[frame] = [.. (await whole.DrawAsync(frame)).Bytes];
        }

        foreach (var first in new[] { 0, 29, 31, 150, 299, 300, 301, 304, 410, 640, Frames - 1, Frames + 5 })
        {
            await using var late = Create([segment], "ffmpeg");
            for (var frame = first; frame < Math.Min(first + 20, Frames + 30); frame++)
            {
                var picture = await late.DrawAsync(frame);
                Assert.True(picture.Bytes.AsSpan().SequenceEqual(expected[frame]), $"frame {frame}, from {first} on");
            }
        }

        await using var decoder = new VideoDecoder(segment, _directory, 0, 640, 1280, 720, "ffmpeg", tolerant: false);
        Assert.InRange(decoder.FirstFrame, 638, 640);
    }

    [Theory]
    [InlineData(0, 235, 16, 235)]
    [InlineData(90, 235, 16, 40)]
    [InlineData(180, 16, 235, 16)]
    [InlineData(270, 16, 235, 40)]
    public async Task A_picture_that_was_sent_on_its_side_is_shown_upright(int rotation, int first, int second, int left)
    {
        var frames = await Material.VideoAsync(Codec.Vp8, "color=black:s=320x180:r=30,drawbox=c=white:t=fill:w=160", 1);
        await using var compositor = Create([Segment("0001.mkv", 0, frames) with { Rotation = rotation }], "ffmpeg");
        var picture = await compositor.DrawAsync(10);
        int[] shown = rotation % 180 == 0 ? [At(320, 200), At(960, 200), At(100, 300)] : [At(640, 180), At(640, 500), At(100, 300)];
        Assert.All(shown.Zip([first, second, left]), luma => Assert.InRange(luma.First, luma.Second - 15, luma.Second + 15));
        int At(int x, int y) => picture.Plane(0)[(y * picture.Width) + x];
    }

    private Compositor Create(IReadOnlyList<TrackSegment> segments, string ffmpeg)
    {
        var span = new WallSpan(0, segments[^1].Span.To);
        var timeline = new Timeline(
            new() { Type = ManifestEntryType.Created },
            span.From,
            span.To,
            [new("p1", "ada", "Ada", "speaker", span)],
            [new("t1", "p1", "video", "camera", "vp8", span, [span])],
            segments,
            0,
            null,
            null);
        var options = new MixerOptions { DataDirectory = _directory, NodeKey = () => "key", FfmpegPath = ffmpeg };
        return new(timeline, _directory, 0, ScenePlan.Build(timeline, span.From, span.To), new(new Dictionary<TextLine, TextMask>()), options, tolerant: false);
    }

    private TrackSegment Segment(string name, long start, IReadOnlyList<CodedFrame> frames)
    {
        var file = new SegmentFile(Path.Combine(_directory, name), new(Codec.Vp8, 320, 180, default), start, RandomAccess.FlushToDisk);
        foreach (var frame in frames)
        {
            file.Write(start + frame.TimestampNs, IsKeyframe(frame), frame.Data);
        }

        file.End();
        Assert.True(file.Sync());

        return new(name, "t1", "p1", "vp8", 320, 180, new(start, file.LastFrame));
    }

    /// <summary>RFC 6386 §9.1.</summary>
    private static bool IsKeyframe(CodedFrame frame) => (frame.Data[0] & 1) == 0;
}
