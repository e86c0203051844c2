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
        using var file = new SegmentFile(Path.Combine(_directory, name), new(Codec.Vp8, 320, 180, default), start);
        foreach (var (frame, index) in frames.Select((f, i) => (f, i)))
        {
            file.Write(start + frame.TimestampNs, index % 30 == 0, frame.Data);
        }

        return new(name, "t1", "p1", "vp8", 320, 180, new(start, file.LastFrame));
    }
}
