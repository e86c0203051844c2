using System.Diagnostics.Metrics;
using Events.Mixer;
using Events.Mixer.Frames;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Relay;
using Events.Rtc.Rooms;
using Events.Tests.Mixer.Tests.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class TrackRecorderTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private const long Ms = 1_000_000;
    private const long Start = 1_700_000_000 * Second;

    private readonly string _directory = Directory.CreateTempSubdirectory("track-").FullName;
    private readonly ServiceProvider _provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly RecordingManifest _manifest;

    public TrackRecorderTests()
    {
        _manifest = RecordingManifest.Open(_directory);
        _manifest.Append(new() { Type = ManifestEntryType.Created, RecordingId = "r" });
    }

    public void Dispose()
    {
        _manifest.Dispose();
        _provider.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_sender_whose_time_goes_back_and_forth_begins_twenty_files_a_minute_at_most()
    {
        var recorder = Create(Codec.Opus);
        var packetiser = new Packetiser(Codec.Opus, 1);
        for (var ms = 0L; ms < 130_000; ms += 20)
        {
            Send(recorder, packetiser, ms + (ms % 40 == 0 ? 0 : 6_000), Start + (ms * Ms));
        }

        recorder.End(Start + (130 * Second));
        Assert.InRange(Segments().Count, 40, 3 * 20);
        Assert.All(Segments(), s => Assert.True(s.Span.To >= s.Span.From));
    }

    [Fact]
    public void After_an_unmute_sound_is_where_it_arrives_though_media_time_stood_still()
    {
        var recorder = Create(Codec.Opus);
        var packetiser = new Packetiser(Codec.Opus, 1);
        for (var ms = 0L; ms < 40_000; ms += 20)
        {
            var at = Start + (ms * Ms);
            if (ms == 20_000)
            {
                recorder.SetMuted(true, at);
            }

            if (ms == 25_000)
            {
                recorder.SetMuted(false, at);
                AssertBegins(1, 0);
            }

            if (ms is >= 20_000 and < 25_000)
            {
                continue;
            }

            var media = ms < 20_000 ? ms : ms - 5_000;
            Send(recorder, packetiser, media, at);
            if (ms % 1_000 == 500)
            {
                recorder.OnSenderReport(NtpTime.FromUnixNanoseconds((500 * Second) + (ms * Ms)).Value, packetiser.TimestampOf(media * Ms), at);
                AssertBegins(ms < 20_000 ? 1 : 2, ms < 20_000 ? 0 : 25_000);
            }
        }

        recorder.End(Start + (40 * Second));
        AssertBegins(2, 25_000);
    }

    [Theory]
    [InlineData(6 * 3_600, false, 2)]
    [InlineData(-6 * 3_600, false, 2)]
    [InlineData(-20, false, 2)]
    [InlineData(6 * 3_600, true, 1)] // With a report before, earlier is a better path, and taken at once.
    [InlineData(-6 * 3_600, true, 2)]
    [InlineData(-20, true, 2)]
    public void A_sender_whose_time_jumps_is_heard_when_it_arrives(int seconds, bool reports, int files)
    {
        var recorder = Create(Codec.Opus);
        var packetiser = new Packetiser(Codec.Opus, 1, timestampOffset: 2_000_000_000);
        for (var ms = 0L; ms < 40_000; ms += 20)
        {
            var media = ms < 20_000 ? ms : ms + (seconds * 1_000L);
            Send(recorder, packetiser, media, Start + (ms * Ms));
            if (reports && ms % 1_000 == 500)
            {
                recorder.OnSenderReport(NtpTime.FromUnixNanoseconds((500 * Second) + (ms * Ms)).Value, packetiser.TimestampOf(media * Ms), Start + (ms * Ms));
            }
        }

        recorder.End(Start + (40 * Second));
        AssertBegins(files, files == 1 ? 0 : 20_000);
        Assert.Equal(Start + (40 * Second), Segments()[^1].Span.To);
        Assert.InRange(Segments()[0].Span.To - Start, files == 1 ? 0 : 19_900 * Ms, files == 1 ? 40_000 * Ms : 20_100 * Ms);
    }

    [Theory]
    [InlineData(9, 1)]
    [InlineData(11, 2)]
    [InlineData(3_600, 2)]
    public void Sound_after_a_long_silence_is_in_a_file_of_its_own_and_in_its_place(int silentSeconds, int files)
    {
        var recorder = Create(Codec.Opus);
        var packetiser = new Packetiser(Codec.Opus, 1);
        for (var ms = 0L; ms < 10_000; ms += 20)
        {
            var media = ms < 5_000 ? ms : ms + (silentSeconds * 1_000L);
            Send(recorder, packetiser, media, Start + (media * Ms));
        }

        recorder.End(Start + ((10 + silentSeconds) * Second));
        AssertBegins(files, files == 1 ? 0 : 5_000 + (silentSeconds * 1_000L));
        Assert.Equal(500, Segments().Sum(s => MatroskaScan.File(Path.Combine(_directory, s.File)).Frames));
    }

    [Fact]
    public void A_queue_that_holds_a_sender_for_half_a_minute_moves_nothing()
    {
        var recorder = Create(Codec.Opus);
        var packetiser = new Packetiser(Codec.Opus, 1);
        for (var ms = 0L; ms < 60_000; ms += 20)
        {
            Send(recorder, packetiser, ms, Start + ((ms is >= 20_000 and < 50_000 ? 50_000 : ms) * Ms));
        }

        recorder.End(Start + (60 * Second));
        AssertBegins(1, 0);
    }

    [Fact]
    public void A_keyframe_is_asked_for_when_the_last_one_is_old()
    {
        var recorder = Create(Codec.Vp8);
        var packetiser = new Packetiser(Codec.Vp8, 1);
        var requests = new List<long>();
        for (var ms = 0L; ms < 180_000; ms += 40)
        {
            // RFC 6386 §9.1: a keyframe of 320 by 180 at once and after a hundred seconds, inter frames between.
            byte[] frame = ms % 100_000 == 0 ? [0x10, 0, 0, 0x9D, 1, 0x2A, 0x40, 1, 180, 0] : [0x11, 0, 0, 1];
            packetiser.Packetise(new(ms * Ms, frame)).ForEach(p => recorder.OnRtp(p, Start + (ms * Ms)));
            if (recorder.TakeKeyframeRequest(Start + (ms * Ms)))
            {
                requests.Add(ms);
            }
        }

        recorder.End(Start + (180 * Second));
        Assert.Single(Segments());
        Assert.InRange(requests.Count, 3, 5);
        Assert.InRange(requests[0], 30_000, 60_000);
        Assert.All(requests.Zip(requests.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 30_000, 90_000));
    }

    [Fact]
    public void A_picture_that_is_too_large_to_decode_is_not_recorded()
    {
        var recorder = Create(Codec.Vp8);
        recorder.OnFrame(new MediaFrame(0, Keyframe: true, new byte[100], 16_383, 16_383));
        recorder.OnFrame(new MediaFrame(3_000, Keyframe: false, new byte[100], 0, 0));
        Assert.Empty(Segments());
        Assert.True(recorder.TakeKeyframeRequest(Start));
        recorder.OnFrame(new MediaFrame(6_000, Keyframe: true, new byte[100], 3_840, 2_160));
        recorder.End(Start);
        Assert.Equal(3_840, Assert.Single(Segments()).Width);
    }

    [Fact]
    public async Task A_phone_that_is_turned_gets_a_file_for_each_way_that_it_is_held()
    {
        var recorder = Create(Codec.Vp8);
        var packetiser = new Packetiser(Codec.Vp8, 1);
        var frames = await Material.VideoAsync(Codec.Vp8, "color=0xF0F0F0:s=320x180:r=30", 2.5); // a keyframe every second
        void Play(double from, double to)
        {
            foreach (var frame in frames.Where(f => f.TimestampNs >= from * Second && f.TimestampNs < to * Second))
            {
                packetiser.Packetise(frame).ForEach(p => recorder.OnRtp(p, Start + frame.TimestampNs));
            }
        }

        packetiser.Orientation = 1;
        Play(0, 0.4);
        packetiser.Orientation = null; // what was said last holds
        Play(0.4, 0.5);
        Assert.False(recorder.TakeKeyframeRequest(Start + (Second / 2)));
        packetiser.Orientation = 3;
        Play(0.5, 0.9);
        Assert.Equal([90], Segments().Select(s => s.Rotation));
        Assert.True(recorder.TakeKeyframeRequest(Start + Second));
        Play(0.9, 1.5);
        Assert.False(recorder.TakeKeyframeRequest(Start + (3 * Second)));
        packetiser.Orientation = 0;
        Play(1.5, 2.5);
        recorder.End(Start + (5 * Second / 2));
        Assert.Equal([90, 270, 0], Segments().Select(s => s.Rotation));
        Assert.InRange(Segments()[1].Span.From - Segments()[0].Span.To, 0, 40 * Ms);
    }

    [Fact]
    public async Task A_window_that_changes_its_size_twice_a_second_is_recorded_to_its_end()
    {
        var recorder = Create(Codec.H264);
        var packetiser = new Packetiser(Codec.H264, 1);
        var small = await Material.VideoAsync(Codec.H264, "color=0x101010:s=320x180:r=30", 0.5);
        var large = await Material.VideoAsync(Codec.H264, "color=0x101010:s=480x270:r=30", 0.5);
        var last = await Material.VideoAsync(Codec.H264, "color=0xF0F0F0:s=400x226:r=30", 0.5);
        for (var half = 0; half <= 40; half++)
        {
            foreach (var frame in half == 40 ? last : half % 2 == 0 ? small : large)
            {
                var at = frame.TimestampNs + (half * Second / 2);
                packetiser.Packetise(frame with { TimestampNs = at }).ForEach(p => recorder.OnRtp(p, Start + at));
            }
        }

        recorder.End(Start + (41 * Second / 2));
        Assert.Equal(20, Segments().Count);
        Assert.InRange(Segments()[^1].Span.To, Start + (41 * Second / 2) - (40 * Ms), Start + (41 * Second / 2));

        // Its last file goes on over the other sizes, each picture in its place.
        var luma = await Material.LumaAsync(Path.Combine(_directory, Segments()[^1].File));
        var seconds = (Segments()[^1].Span.To - Segments()[^1].Span.From) / (double)Second;
        Assert.InRange(luma.Length / 30.0, seconds - 0.1, seconds + 0.1);
        Assert.All(luma[^14..], l => Assert.True(l > 200));
        Assert.All(luma[..^17], l => Assert.True(l < 40));
    }

    private static void Send(TrackRecorder recorder, Packetiser packetiser, long mediaMs, long arrival)
    {
        // Configuration 31, one frame of 20 ms: CELT, full band (RFC 6716 §3.1).
        foreach (var packet in packetiser.Packetise(new(mediaMs * Ms, [0xF8, 1, 2, 3])))
        {
            recorder.OnRtp(packet, arrival);
        }
    }

    private void AssertBegins(int segments, long ms)
    {
        Assert.Equal(segments, Segments().Count);
        Assert.InRange(Segments()[^1].Span.From - Start, (ms - 25) * Ms, (ms + 25) * Ms);
    }

    private IReadOnlyList<TrackSegment> Segments() => Timeline.Fold(_manifest.Entries)!.Segments;

    private TrackRecorder Create(Codec codec)
    {
        var audio = codec == Codec.Opus;
        var track = new RelayTrack(
            Start, 1, "t1", "p1", audio ? TrackKind.Audio : TrackKind.Video, audio ? TrackSource.Microphone : TrackSource.Camera, CodecNames.NameOf(codec), codec.ClockRate(), audio ? 2 : 0, string.Empty, false)
        {
            OrientationExtension = Packetiser.OrientationExtension,
        };
        return new(track, codec, new(), new(_directory, _manifest, RandomAccess.FlushToDisk), new(_provider.GetRequiredService<IMeterFactory>()), NullLogger.Instance);
    }
}
