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
