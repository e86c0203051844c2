using Events.Mixer;
using Events.Mixer.Recording;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class CompositeAttemptsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("attempts-").FullName;

    private string Ffmpeg => Path.Combine(_root, "ffmpeg");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_missing_ffmpeg_is_waited_for_longer_than_attempts_would_last()
    {
        await using var mixer = new MixerFixture(configure: o => o with { FfmpegPath = Ffmpeg, RetryDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 2 });
        WriteStopped(mixer);
        mixer.Service.Recover();
        await MixerFixture.Until(() => Attempts(mixer).Count(e => e.Code == "ffmpeg_not_found") >= 4, "attempts without FFmpeg");
        Assert.Equal(RecordingState.Composing, mixer.Service.Get("r1")!.State);
        Assert.Equal("ffmpeg_not_found", mixer.Event<RecordingDelayed>()?.Code);
        File.CreateSymbolicLink(Ffmpeg, "/usr/bin/ffmpeg");
        await mixer.ComposedAsync();
    }

    [Fact]
    public async Task An_outage_that_outlasts_the_patience_fails_the_recording()
    {
        await using var mixer = new MixerFixture(
            configure: o => o with { FfmpegPath = Ffmpeg, RetryDelay = TimeSpan.FromMilliseconds(1), MaxAttempts = 2, OutagePatience = TimeSpan.Zero });
        WriteStopped(mixer);
        mixer.Service.Recover();
        await MixerFixture.Until(() => mixer.Event<RecordingFailed>() is not null, "the failure");
        Assert.Equal("composite_failed", mixer.Event<RecordingFailed>()!.Code);

        // What was recorded is still there, and asked for again it is composed.
        File.CreateSymbolicLink(Ffmpeg, "/usr/bin/ffmpeg");
        Assert.Equal("recording_not_found", (await mixer.Service.ComposeAsync("r2")).Error!.Code);
        Assert.Null((await mixer.Service.ComposeAsync("r1")).Recording!.Failure);
        Assert.True((await mixer.Service.ComposeAsync("r1")).IsOk);
        await MixerFixture.Until(() => mixer.Event<RecordingComposed>() is not null, "the composite");
        Assert.Equal(RecordingState.Done, mixer.Service.Get("r1")!.State);
    }

    [Fact]
    public async Task A_composite_whose_blob_is_lost_is_made_again_even_by_a_restarted_mixer()
    {
        await using var mixer = new MixerFixture();
        WriteStopped(mixer);
        mixer.Service.Recover();
        var (composed, _) = await mixer.ComposedAsync();
        await mixer.Blobs.DeleteAsync(composed.Video.Sha256);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.State == RecordingState.Done, "the end");
        Assert.True((await mixer.Service.ComposeAsync("r1")).IsOk);
        await mixer.Service.DisposeAsync();

        await using var second = new MixerFixture(mixer.Root);
        second.Service.Recover();
        await second.ComposedAsync();
    }

    [Fact]
    public async Task A_disk_that_is_full_while_composing_is_waited_for()
    {
        using var disk = new SmallDisk(16);
        await using var mixer = new MixerFixture(disk.Root, o => o with { RetryDelay = TimeSpan.FromMilliseconds(10), MaxAttempts = 2 });
        WriteStopped(mixer);
        disk.Fill();
        mixer.Service.Recover();
        await MixerFixture.Until(() => Attempts(mixer).Count(e => e.Code is not null) >= 3, "attempts without room");
        Assert.Equal("not_written", mixer.Event<RecordingDelayed>()?.Code);
        disk.MakeRoom();
        await mixer.ComposedAsync();
    }

    [Fact]
    public async Task A_composite_that_ends_the_mixer_is_not_tried_for_ever()
    {
        await using var mixer = new MixerFixture();
        WriteStopped(mixer, attempts: mixer.Options.MaxAttempts);
        mixer.Service.Recover();
        await MixerFixture.Until(() => mixer.Event<RecordingFailed>() is not null, "the failure");
        Assert.Equal(mixer.Options.MaxAttempts, Attempts(mixer).Count());
    }

    [Fact]
    public async Task An_attempt_that_a_shutdown_ends_is_not_counted()
    {
        await using var mixer = new MixerFixture();
        WriteStopped(mixer, minutes: 10);
        mixer.Service.Recover();
        await MixerFixture.Until(() => Attempts(mixer).Any(), "an attempt");
        await mixer.Service.DisposeAsync();
        Assert.Equal(0, Timeline.Fold([.. RecordingManifest.Read(Path.Combine(mixer.Root, "recordings", "r1"))])!.Attempts);
    }

    /// <summary>The first one is asked to encode the sound, and reads nothing; the next ones are FFmpeg.</summary>
    [Fact]
    public async Task An_ffmpeg_that_hangs_costs_an_attempt()
    {
        File.WriteAllText(Ffmpeg, "#!/bin/sh\n[ -e \"$0.hung\" ] && exec ffmpeg \"$@\"\ntouch \"$0.hung\"\nexec sleep 1000\n");
        File.SetUnixFileMode(Ffmpeg, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var mixer = new MixerFixture(configure: o => o with { FfmpegPath = Ffmpeg, RetryDelay = TimeSpan.FromMilliseconds(1) });
        WriteStopped(mixer);
        mixer.Service.Recover();
        await MixerFixture.Until(() => Attempts(mixer).Any(e => e.Code == "ffmpeg_stalled"), "the end of what hangs", seconds: 120);
        await mixer.ComposedAsync();
    }

    private static IEnumerable<ManifestEntry> Attempts(MixerFixture mixer) =>
        RecordingManifest.Read(Path.Combine(mixer.Root, "recordings", "r1")).Where(e => e.Type == ManifestEntryType.Attempt);

    /// <summary>What a mixer that died after a stop leaves: an empty room of a second, or of minutes.</summary>
    private static void WriteStopped(MixerFixture mixer, int attempts = 0, int minutes = 0)
    {
        var start = NodeTime.Now;
        using var manifest = RecordingManifest.Open(Directory.CreateDirectory(Path.Combine(mixer.Root, "recordings", "r1")).FullName);
        manifest.Append(new() { Type = ManifestEntryType.Created, At = start, RecordingId = "r1", Room = "room", Relay = mixer.RelayPath });
        manifest.Append(new() { Type = ManifestEntryType.Started, At = start });
        manifest.Append(new() { Type = ManifestEntryType.Stopped, At = start + ((60L * minutes) + 1) * 1_000_000_000 });
        for (var attempt = 1; attempt <= attempts; attempt++)
        {
            manifest.Append(new() { Type = ManifestEntryType.Attempt, Attempt = attempt });
        }
    }
}
