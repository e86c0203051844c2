using Events.Mixer;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class FullDiskTests
{
    [Fact]
    public void A_manifest_holds_just_what_was_written_before_a_disk_was_full_and_after()
    {
        using var disk = new SmallDisk(1);
        using (var manifest = RecordingManifest.Open(disk.Root))
        {
            manifest.Append(new() { Type = ManifestEntryType.Created, RecordingId = "r" }, durable: true);
            disk.Fill();
            Assert.Throws<IOException>(() => AppendForEver(manifest));
            Assert.Equal(RecordingManifest.Read(disk.Root), manifest.Entries);
            disk.MakeRoom();
            manifest.Append(new() { Type = ManifestEntryType.Stopped, At = 1 });
            Assert.Equal(RecordingManifest.Read(disk.Root), manifest.Entries);
        }

        using var again = RecordingManifest.Open(disk.Root);
        Assert.Equal(1, again.Entries[^1].At);
    }

    [Fact]
    public void A_line_that_a_broken_disk_neither_synced_nor_gave_back_is_gone_with_the_next()
    {
        var directory = Directory.CreateTempSubdirectory("manifest-").FullName;
        using (var file = new BreakingFile(Path.Combine(directory, RecordingManifest.FileName)))
        using (var manifest = RecordingManifest.Open(file))
        {
            manifest.Append(new() { Type = ManifestEntryType.Created, RecordingId = "r" }, durable: true);
            file.Breaks = true;
            Assert.Throws<IOException>(() => manifest.Append(new() { Type = ManifestEntryType.Started, At = 1 }, durable: true));
            Assert.Throws<IOException>(() => manifest.Append(new() { Type = ManifestEntryType.Started, At = 1 }, durable: true));
            file.Breaks = false;
            manifest.Append(new() { Type = ManifestEntryType.Started, At = 2 }, durable: true);
            Assert.Equal(RecordingManifest.Read(directory), manifest.Entries);
        }

        Assert.Equal([0L, 2L], RecordingManifest.Read(directory).Select(e => e.At));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_live_recording_goes_on_when_a_full_disk_has_room_again()
    {
        using var disk = new SmallDisk(64);
        await using var mixer = new MixerFixture(disk.Root);
        using var relay = new FakeRelay(Path.Combine(Path.GetTempPath(), $"relay-{Guid.NewGuid():N}.sock"));
        var speaker = new Speaker(relay, "ada", "Ada", 1);
        speaker.Join();
        var start = NodeTime.Now;
        speaker.Play(Codec.Opus, await Material.OpusAsync("sine=f=300", 1), 0, start, loop: true);
        speaker.Play(Codec.Vp8, await Material.VideoAsync(Codec.Vp8, "color=0xF0F0F0:s=320x180:r=30", 1), 20, start, loop: true);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path))).IsOk);
        await MixerFixture.Until(() => VideoFiles(mixer) == 1, "a first video file");

        disk.Fill();
        await FillManifestAsync(mixer, relay, speaker);
        await Task.Delay(TimeSpan.FromSeconds(2.5)); // Two attempts to go on fail.
        Assert.Equal(RecordingState.Recording, mixer.Service.Get("r1")!.State);
        Assert.Equal("not_written", mixer.Event<RecordingDelayed>()?.Code);
        Assert.Single(mixer.Events, e => e.Type == RecordingEventTypes.Started);
        disk.MakeRoom();

        var before = VideoFiles(mixer);
        await MixerFixture.Until(() => VideoFiles(mixer) > before, "another video file");
        await MixerFixture.Until(() => mixer.Events.Count(e => e.Type == RecordingEventTypes.Started) == 2, "the word that it goes on");
        var (composed, _) = await mixer.FinishAsync("r1");
        speaker.StopSending();
        Assert.InRange(composed.DurationMs - (composed.EndedAt - composed.StartedAt).TotalMilliseconds, -40, 40);
        Assert.DoesNotContain(RecordingManifest.Read(Path.Combine(mixer.Root, "recordings", "r1")), e => e.Type == ManifestEntryType.Attempt && e.Code is not null);
        File.Delete(relay.Path);
    }

    [Fact]
    public async Task A_stop_that_the_disk_does_not_take_can_be_asked_again()
    {
        using var disk = new SmallDisk(64);
        await using var mixer = new MixerFixture(disk.Root);
        using var relay = new FakeRelay(mixer.RelayPath);
        using var manifest = RecordingManifest.Open(Directory.CreateDirectory(Path.Combine(disk.Root, "r1")).FullName);
        manifest.Append(new() { Type = ManifestEntryType.Created, At = NodeTime.Now, RecordingId = "r1", Room = "room", Relay = mixer.RelayPath });
        var job = new RecordingJob(Path.Combine(disk.Root, "r1"), manifest, mixer.Services);
        job.Run(CancellationToken.None);
        await MixerFixture.Until(() => mixer.Event<RecordingStarted>() is not null, "the start");

        disk.Fill();
        Assert.Throws<IOException>(() => AppendForEver(manifest));
        Assert.Throws<IOException>(job.Stop);
        Assert.Equal(RecordingState.Recording, job.Snapshot().State);
        disk.MakeRoom();
        job.Stop();
        await job.Completion;
        Assert.Equal(RecordingState.Done, job.Snapshot().State);
    }

    private static int VideoFiles(MixerFixture mixer) => mixer.Service.Get("r1")!.Tracks.Where(t => t.Kind == "video").Sum(t => t.Segments);

    /// <summary>Lines go into the manifest's last block until not even a line fits.</summary>
    private static async Task FillManifestAsync(MixerFixture mixer, FakeRelay relay, Speaker speaker)
    {
        var path = Path.Combine(mixer.Root, "recordings", "r1", RecordingManifest.FileName);
        var muted = true;
        await MixerFixture.Until(
            () =>
            {
                relay.Mute(speaker.Audio, muted);
                muted = !muted;
                return 4096 - (new FileInfo(path).Length % 4096) < 75;
            },
            "a manifest without room for a line");
    }

    private static void AppendForEver(RecordingManifest manifest)
    {
        while (true)
        {
            // Shorter than any line of use.
            manifest.Append(new() { Type = ManifestEntryType.Left });
        }
    }

    /// <summary>It may take bytes, and then neither sync them nor give them back.</summary>
    private sealed class BreakingFile(string path) : FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0)
    {
        public bool Breaks { get; set; }

        public override void Flush(bool flushToDisk)
        {
            if (Breaks)
            {
                throw new IOException("It cannot be synced.");
            }

            base.Flush(flushToDisk);
        }

        public override void SetLength(long value)
        {
            if (Breaks)
            {
                throw new IOException("It cannot be cut.");
            }

            base.SetLength(value);
        }
    }
}
