using System.Diagnostics;
using Events.Mixer;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class RecoveryTests
{
    [Fact]
    public async Task A_recording_that_is_stopped_as_soon_as_it_starts_is_made()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        var ada = new Speaker(relay, "ada", "Ada", 1);
        ada.Join();
        ada.Play(Codec.Opus, await Material.OpusAsync("sine=f=300", 1), 0, NodeTime.Now, loop: true);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.StartedAt is not null, "the start");
        await mixer.FinishAsync("r1");
        ada.StopSending();
    }

    [Fact]
    public async Task A_mixer_that_died_while_recording_goes_on_and_loses_less_than_a_second()
    {
        await using var first = new MixerFixture();
        var relayPath = Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock");
        using var relay = new FakeRelay(relayPath);
        using var cleanup = new Cleanup(relayPath);
        var speaker = await SpeakAsync(relay);
        Assert.True((await first.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => first.Event<RecordingStarted>() is { } s && (DateTimeOffset.UtcNow - s.StartedAt).TotalSeconds > 4, "four seconds");

        // What a SIGKILL leaves is what the kernel has: a copy of the files at this moment.
        var killed = DateTimeOffset.UtcNow;
        var copy = Directory.CreateTempSubdirectory("mixer-").FullName;
        CopyTree(Path.Combine(first.Root, "recordings"), Path.Combine(copy, "recordings"));
        await first.Service.DisposeAsync();

        var segments = Timeline.Fold(RecordingManifest.Read(Path.Combine(copy, "recordings", "r1")))!.Segments;
        Assert.All(segments, s =>
        {
            var end = NodeTime.ToDate(s.Span.From + MatroskaScan.File(Path.Combine(copy, "recordings", "r1", s.File)).LastTimestampNs);
            Assert.True(killed - end < TimeSpan.FromSeconds(1), $"{s.File} ends {(killed - end).TotalSeconds:F2} s early");
        });

        await using var second = new MixerFixture(copy);
        second.Service.Recover();
        await MixerFixture.Until(() => relay.Clients >= 1, "the mixer at the relay");
        await MixerFixture.Until(() => second.Service.Get("r1")!.Tracks.Any(t => t.Kind == "video" && t.Segments >= 2), "a second video file");
        var resumed = DateTimeOffset.UtcNow;
        await MixerFixture.Until(() => DateTimeOffset.UtcNow - resumed > TimeSpan.FromSeconds(2), "two more seconds");
        var (composed, path) = await second.FinishAsync("r1");
        speaker.StopSending();
        Assert.InRange(composed.DurationMs - (composed.EndedAt - composed.StartedAt).TotalMilliseconds, -40, 40);
        var luma = await Material.LumaAsync(path, "1280:100:0:20");
        Assert.True(luma[60] > 200 && luma[^20] > 200, $"{luma[60]} {luma[^20]}");
    }

    [Fact]
    public async Task A_media_node_that_died_is_waited_for()
    {
        await using var mixer = new MixerFixture();
        var relay = new FakeRelay(mixer.RelayPath);
        var speaker = await SpeakAsync(relay);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.Tracks.Any(t => t.Kind == "video" && t.Segments == 1), "a first video file");
        speaker.StopSending();
        relay.Dispose();
        using var again = new FakeRelay(mixer.RelayPath);
        speaker = await SpeakAsync(again);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.Tracks.Any(t => t.Kind == "video" && t.Segments >= 2), "a second video file");
        var (composed, _) = await mixer.FinishAsync("r1");
        speaker.StopSending();
        Assert.True(composed.Video.Size > 0);
    }

    [Fact]
    public async Task A_killed_encoder_costs_an_attempt_and_nothing_else()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        var speaker = await SpeakAsync(relay);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is { } s && (DateTimeOffset.UtcNow - s.StartedAt).TotalSeconds > 3, "three seconds");
        Assert.True((await mixer.Service.StopAsync("r1")).IsOk);
        var killed = 0;
        await MixerFixture.Until(
            () =>
            {
                killed += killed == 0 ? KillEncoderOf(mixer.Root) : 0;
                return killed > 0;
            },
            "an encoder to kill");
        var (composed, _) = await mixer.ComposedAsync();
        speaker.StopSending();
        Assert.Equal(1, RecordingManifest.Read(Path.Combine(mixer.Root, "recordings", "r1")).Count(e => e.Type == ManifestEntryType.Attempt && e.Code == "ffmpeg_killed"));
        Assert.InRange(composed.DurationMs - (composed.EndedAt - composed.StartedAt).TotalMilliseconds, -40, 40);
    }

    [Fact]
    public async Task An_empty_room_gives_a_calm_card_of_the_right_length()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        var started = await mixer.Service.StartAsync(new("r1", "room", relay.Path, Title: "It's 100% \"quiet\": [so far]"));
        Assert.True(started.IsOk);
        Assert.Equal("r1", (await mixer.Service.StartAsync(new("r1", "room", relay.Path))).Recording!.RecordingId);
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is { } s && (DateTimeOffset.UtcNow - s.StartedAt).TotalSeconds > 1, "a second");
        var (composed, path) = await mixer.FinishAsync("r1");
        Assert.InRange((await Material.LumaAsync(path)).Length * 1000 / 30 - composed.DurationMs, -40, 40);
        Assert.Equal(RecordingState.Done, mixer.Service.Get("r1")!.State);

        // A restart says the last word again: the journal may have missed it.
        await mixer.Service.DisposeAsync();
        await using var second = new MixerFixture(mixer.Root);
        second.Service.Recover();
        await MixerFixture.Until(() => second.Event<RecordingComposed>() is not null, "the event");
        Assert.Equal(composed, second.Event<RecordingComposed>());
    }

    [Fact]
    public async Task A_recording_starts_when_its_room_is_reached_and_until_then_says_why_not()
    {
        await using var mixer = new MixerFixture();
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", mixer.RelayPath))).IsOk);
        await MixerFixture.Until(() => mixer.Event<RecordingDelayed>() is { Code: "relay_unreachable" }, "the reason");
        using var relay = new FakeRelay(mixer.RelayPath) { Refuses = true };
        await MixerFixture.Until(() => mixer.Event<RecordingDelayed>() is { Code: "relay_refused" }, "the other reason");
        Assert.Null(mixer.Service.Get("r1")!.StartedAt);
        Assert.Equal(2, mixer.Events.Count(e => e.Type == RecordingEventTypes.Delayed));
        relay.Refuses = false;
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is not null, "the start");
        await mixer.FinishAsync("r1");
    }

    [Fact]
    public async Task A_recording_that_stands_still_says_so_and_says_when_it_goes_on()
    {
        await using var mixer = new MixerFixture();
        var relay = new FakeRelay(mixer.RelayPath);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is not null, "the start");
        relay.Dispose();
        await MixerFixture.Until(() => mixer.Event<RecordingDelayed>() is { Code: "relay_unreachable" }, "the reason");
        using var again = new FakeRelay(mixer.RelayPath);
        await MixerFixture.Until(() => mixer.Events.Count(e => e.Type == RecordingEventTypes.Started) == 2, "the word that it goes on");
        Assert.Single(mixer.Events.Select(e => e.Data).OfType<RecordingStarted>().Distinct());
        Assert.Equal(1, mixer.Events.Count(e => e.Type == RecordingEventTypes.Delayed));
        await mixer.FinishAsync("r1");
    }

    [Fact]
    public async Task A_recording_that_never_reached_its_room_fails_and_who_refuses_it_is_asked_ever_less_often()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath) { Refuses = true };
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.InRange(relay.Refusals, 2, 5);
        Assert.True((await mixer.Service.StopAsync("r1")).IsOk);
        await MixerFixture.Until(() => mixer.Event<RecordingFailed>() is not null, "the failure");
        Assert.Equal("relay_refused", mixer.Event<RecordingFailed>()!.Code);
        Assert.Null(mixer.Event<RecordingStarted>());
    }

    [Fact]
    public async Task A_deletion_that_a_crash_interrupted_is_ended_at_the_next_start()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.StartedAt is not null, "the start");
        var recordings = Path.Combine(mixer.Root, "recordings");
        CopyTree(Path.Combine(recordings, "r1"), Path.Combine(recordings, ".deleted-r2"));
        Assert.True(await mixer.Service.DeleteAsync("r1"));
        Assert.Null(mixer.Service.Get("r1"));
        Assert.False(await mixer.Service.DeleteAsync("r1"));
        mixer.Service.Recover();
        Assert.Empty(mixer.Service.RecordingIds);
        Assert.Empty(Directory.GetDirectories(recordings));
    }

    [Theory]
    [InlineData("", "room", "grid", "recording_id_invalid")]
    [InlineData("../x", "room", "grid", "recording_id_invalid")]
    [InlineData("r", "", "grid", "room_invalid")]
    [InlineData("r", "room", "stack", "layout_unknown")]
    public async Task What_cannot_be_recorded_is_refused_with_a_code(string id, string room, string layout, string code)
    {
        await using var mixer = new MixerFixture();
        Assert.Equal(code, (await mixer.Service.StartAsync(new(id, room, "/r.sock", layout))).Error!.Code);
        Assert.Equal("recording_not_found", (await mixer.Service.StopAsync("r")).Error!.Code);
        Assert.False(await mixer.Service.DeleteAsync("r"));
    }

    [Fact]
    public void A_manifest_cut_at_any_byte_still_folds_to_what_came_before()
    {
        var directory = Directory.CreateTempSubdirectory("manifest-").FullName;
        try
        {
            using (var manifest = RecordingManifest.Open(directory))
            {
                manifest.Append(new() { Type = ManifestEntryType.Created, At = 1, RecordingId = "r" }, durable: true);
                manifest.Append(new() { Type = ManifestEntryType.Started, At = 2 });
                manifest.Append(new() { Type = ManifestEntryType.Joined, At = 3, ParticipantId = "p", Name = "Zoë \n\"x\"" });
                manifest.Append(new() { Type = ManifestEntryType.Published, At = 4, ParticipantId = "p", TrackId = "t", Kind = "video", Source = "camera" });
                manifest.Append(new() { Type = ManifestEntryType.Segment, At = 5, TrackId = "t", File = "0001.mkv", Codec = "vp8" });
                manifest.Append(new() { Type = ManifestEntryType.Muted, At = 6, TrackId = "t", Muted = true });
                manifest.Append(new() { Type = ManifestEntryType.Stopped, At = 9 });
            }

            var path = Path.Combine(directory, RecordingManifest.FileName);
            var whole = File.ReadAllBytes(path);
            for (var length = 0; length <= whole.Length; length++)
            {
                File.WriteAllBytes(path, whole[..length]);
                var lines = whole[..length].Count(b => b == '\n');
                using (var manifest = RecordingManifest.Open(directory))
                {
                    Assert.Equal(lines, manifest.Entries.Count);
                    Assert.Equal(lines > 0, Timeline.Fold(manifest.Entries) is not null);
                    manifest.Append(new() { Type = ManifestEntryType.Detached, At = 7 });
                }

                Assert.Equal(lines + 1, RecordingManifest.Read(directory).Count);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_track_file_cut_at_any_byte_scans_to_its_whole_frames()
    {
        var frames = await Material.OpusAsync("sine=f=440", 0.5);
        using var file = new MemoryStream();
        var writer = new MatroskaWriter(file, new(Codec.Opus, 0, 0, MatroskaWriter.OpusHead(2)), DateTimeOffset.UtcNow);
        frames.ForEach(f => writer.Write(f.TimestampNs, true, f.Data));
        writer.Flush();
        var last = 0L;
        for (var length = 0; length <= file.Length; length += 7)
        {
            var scan = MatroskaScan.Stream(new MemoryStream(file.ToArray(), 0, length));
            Assert.InRange(scan.Frames, last, frames.Count);
            last = scan.Frames;
        }
    }

    private static async Task<Speaker> SpeakAsync(FakeRelay relay)
    {
        var video = await Material.VideoAsync(Codec.Vp8, "color=0xF0F0F0:s=320x180:r=30", 1);
        var audio = await Material.OpusAsync("sine=f=300", 1);
        var speaker = new Speaker(relay, "ada", "Ada", 1);
        speaker.Join();
        var start = NodeTime.Now;
        speaker.Play(Codec.Opus, audio, 0, start, loop: true);
        speaker.Play(Codec.Vp8, video, 20, start, loop: true);
        return speaker;
    }

    /// <summary>Kills the encoder that writes this recording's composite, if it runs.</summary>
    private static int KillEncoderOf(string root)
    {
        foreach (var process in Process.GetProcessesByName("ffmpeg"))
        {
            using (process)
            {
                try
                {
                    var command = File.ReadAllText($"/proc/{process.Id}/cmdline");
                    if (command.Contains(root, StringComparison.Ordinal) && command.Contains("libx264", StringComparison.Ordinal))
                    {
                        process.Kill();
                        return 1;
                    }
                }
                catch (Exception e) when (e is IOException or InvalidOperationException)
                {
                    // It ended while we looked.
                }
            }
        }

        return 0;
    }

    private static void CopyTree(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = File.Create(target);
            source.CopyTo(copy);
        }
    }

    private sealed class Cleanup(string path) : IDisposable
    {
        public void Dispose() => File.Delete(path);
    }
}
