using Events.MediaRegistry.Ffmpeg;

namespace Events.Tests.MediaRegistry.Tests.Ffmpeg;

public sealed class FfmpegProgressParserTests
{
    [Fact]
    public void Lines_make_reports_and_log_lines_are_told_apart()
    {
        var parser = new FfmpegProgressParser();
        Assert.True(parser.TryRead("frame=30", out var report));
        Assert.Null(report);
        Assert.True(parser.TryRead("out_time_us=1000000", out _));
        Assert.True(parser.TryRead("stream_0_0_q=28.0", out _));
        Assert.False(parser.TryRead("[vp8 @ 0x1] Discarding x=1", out _));
        Assert.False(parser.TryRead(string.Empty, out _));
        Assert.True(parser.TryRead("out_time_us=N/A", out _));
        Assert.True(parser.TryRead("progress=continue", out report));
        Assert.Equal(new(30, TimeSpan.FromSeconds(1), 0, false), report);
        Assert.True(parser.TryRead("progress=end", out report));
        Assert.True(report!.Ended);
    }

    [Fact]
    public void A_negative_or_absurd_time_is_bounded()
    {
        var parser = new FfmpegProgressParser();
        parser.TryRead("out_time_us=-9223372036854775807", out _);
        parser.TryRead("progress=continue", out var report);
        Assert.Equal(TimeSpan.Zero, report!.OutputTime);
    }

    [Fact]
    public void Quoting_for_a_filter_survives_both_levels()
    {
        Assert.Equal(@"'/a b/c\:d.ttf'", FfmpegArguments.QuoteForFilter("/a b/c:d.ttf"));
    }
}
