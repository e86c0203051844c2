using Events.Mixer;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class DiskReserveTests
{
    private const long Megabyte = 1024 * 1024;

    [Fact]
    public async Task A_recording_leaves_the_reserve_of_its_disk_alone_and_goes_on_when_there_is_room()
    {
        using var disk = new SmallDisk(64);
        await using var mixer = new MixerFixture(disk.Root, o => o with { DiskReserve = 8 * Megabyte });
        using var relay = new FakeRelay(Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock"));
        var speaker = await SpeakAsync(relay);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => VideoFiles(mixer) == 1, "a first video file");

        disk.Fill(leave: 7 * Megabyte);
        await MixerFixture.Until(() => mixer.Event<RecordingDelayed>() is { Code: "disk_low" }, "the word that the disk is low");
        await MixerFixture.Until(() => RecordingManifest.Read(Path.Combine(mixer.Root, "recordings", "r1")).Count(e => e.Type == ManifestEntryType.SegmentEnded) == 2, "the ends of both files");
        var free = disk.Free;
        await Task.Delay(TimeSpan.FromSeconds(2)); // In which it would have written half a megabyte.
        Assert.InRange(disk.Free, free - (32 * 1024), free);
        Assert.Equal(RecordingState.Recording, mixer.Service.Get("r1")!.State);
        Assert.Single(mixer.Events, e => e.Type == RecordingEventTypes.Delayed);
        var ended = RecordingManifest.Read(Path.Combine(mixer.Root, "recordings", "r1")).Where(e => e.Type == ManifestEntryType.SegmentEnded).ToList();
        Assert.Equal(2, ended.Count);
        Assert.All(ended, e => Assert.Equal(e.Frames, MatroskaScan.File(Path.Combine(mixer.Root, "recordings", "r1", e.File!)).Frames));

        disk.MakeRoom();
        await MixerFixture.Until(() => VideoFiles(mixer) == 2, "another video file");
        await MixerFixture.Until(() => mixer.Events.Count(e => e.Type == RecordingEventTypes.Started) == 2, "the word that it goes on");
        var (composed, _) = await mixer.FinishAsync("r1");
        speaker.StopSending();
        Assert.InRange(composed.DurationMs - (composed.EndedAt - composed.StartedAt).TotalMilliseconds, -40, 40);
        File.Delete(relay.Path);
    }

    [Fact]
    public async Task A_recording_begins_only_when_there_is_more_than_the_reserve_and_until_then_says_why_not()
    {
        using var disk = new SmallDisk(32);
        await using var mixer = new MixerFixture(disk.Root, o => o with { DiskReserve = 8 * Megabyte });
        using var relay = new FakeRelay(Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock"));
        var speaker = await SpeakAsync(relay);
        disk.Fill(leave: 7 * Megabyte);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        Assert.True((await mixer.Service.StartAsync(new("r2", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Events.Count(e => e.Type == RecordingEventTypes.Delayed) == 2, "why not");
        Assert.Equal("disk_low", mixer.Event<RecordingDelayed>()!.Code);

        // One that is stopped before it has begun has failed, and says the same.
        Assert.True((await mixer.Service.StopAsync("r2")).IsOk);
        await MixerFixture.Until(() => mixer.Event<RecordingFailed>() is { RecordingId: "r2", Code: "disk_low" }, "the failure");
        Assert.Equal(RecordingState.Starting, mixer.Service.Get("r1")!.State);
        Assert.Equal(0, relay.Clients);

        disk.MakeRoom();
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is { RecordingId: "r1" }, "the start");
        speaker.StopSending();
        File.Delete(relay.Path);
    }

    [Fact]
    public async Task A_composite_gives_way_before_recordings_do_gives_back_what_it_took_and_is_made_when_there_is_room()
    {
        await using var mixer = new MixerFixture();
        var free = 1_000L;
        await using var local = await LocalJob.StartAsync(mixer, s => s with { Reserve = new DiskReserve(100, () => Interlocked.Read(ref free)) });
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is { } s && (DateTimeOffset.UtcNow - s.StartedAt).TotalSeconds > 3, "three seconds");

        // Enough for a recording, too little for a composite.
        Interlocked.Exchange(ref free, 199);
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Null(mixer.Event<RecordingDelayed>());
        local.Job.Stop();
        await MixerFixture.Until(() => Attempts().Count(e => e.Code == "disk_low") >= 2, "two attempts that find no room");
        Assert.All(Attempts().Where(e => e.Code is not null), e => Assert.Equal(0, e.Attempt));
        Assert.Equal("disk_low", mixer.Event<RecordingDelayed>()?.Code);
        Assert.Null(mixer.Event<RecordingProgress>());

        // It may begin, but there is less before it has ended.
        var work = Path.Combine(local.Directory, "composite");
        var before = Attempts().Count(e => e.Code == "disk_low");
        Interlocked.Exchange(ref free, long.MaxValue / 4);
        await MixerFixture.Until(() => Directory.Exists(work), "a composite that has begun");
        Interlocked.Exchange(ref free, 199);
        await MixerFixture.Until(() => Attempts().Count(e => e.Code == "disk_low") > before, "an attempt that was given up");
        Assert.False(Directory.Exists(work));
        Assert.Null(mixer.Event<RecordingComposed>());

        Interlocked.Exchange(ref free, long.MaxValue / 4);
        await mixer.ComposedAsync();

        List<ManifestEntry> Attempts() => local.Entries(ManifestEntryType.Attempt);
    }

    private static int VideoFiles(MixerFixture mixer) => mixer.Service.Get("r1")!.Tracks.Where(t => t.Kind == "video").Sum(t => t.Segments);

    private static async Task<Speaker> SpeakAsync(FakeRelay relay)
    {
        var speaker = new Speaker(relay, "ada", "Ada", 1);
        speaker.Join();
        var start = NodeTime.Now;
        speaker.Play(Codec.Opus, await Material.OpusAsync("sine=f=300", 1), 0, start, loop: true);
        speaker.Play(Codec.Vp8, await Material.VideoAsync(Codec.Vp8, "testsrc2=s=640x360:r=30", 1), 20, start, loop: true);
        return speaker;
    }
}
