using Events.Mixer;
using Events.Mixer.Recording;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class SyncTests
{
    [Fact]
    public async Task No_packet_waits_for_a_slow_disk_though_files_end_and_begin()
    {
        await using var mixer = new MixerFixture();
        using var answers = new ManualResetEventSlim();
        var waiting = 0;
        await using var local = await LocalJob.StartAsync(mixer, s => s with
        {
            ToDisk = file =>
            {
                Interlocked.Increment(ref waiting);
                answers.Wait(TimeSpan.FromSeconds(30));
            },
        });
        await MixerFixture.Until(() => Volatile.Read(ref waiting) > 0, "a disk that takes its time");

        local.MuteVideo(true);
        await MixerFixture.Until(() => local.Entries(ManifestEntryType.SegmentEnded).Count == 1, "the end of the first file", seconds: 5);
        local.MuteVideo(false);
        await MixerFixture.Until(() => local.VideoFiles == 2, "a second file", seconds: 5);
        var written = local.Written();
        await MixerFixture.Until(() => local.Written() > written + 20_000, "what was sent meanwhile", seconds: 5);
        var ended = local.Entries(ManifestEntryType.SegmentEnded)[0];
        Assert.Equal(ended.Frames, MatroskaScan.File(Path.Combine(local.Directory, ended.File!)).Frames);

        answers.Set();
        local.Job.Stop();
        await mixer.ComposedAsync();
    }

    [Fact]
    public async Task Lines_are_appended_while_the_disk_takes_its_time_with_those_before()
    {
        var directory = Directory.CreateTempSubdirectory("manifest-").FullName;
        using var file = new SlowFile(Path.Combine(directory, RecordingManifest.FileName));
        using var manifest = RecordingManifest.Open(file);
        manifest.Append(new() { Type = ManifestEntryType.Created, RecordingId = "r" });
        var sync = new Thread(manifest.Sync) { IsBackground = true };
        sync.Start();
        Assert.True(file.Asked.Wait(TimeSpan.FromSeconds(10)));
        await Task.Run(() => manifest.Append(new() { Type = ManifestEntryType.Left, At = 1 })).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(2, manifest.Entries.Count);
        file.Answers.Set();
        sync.Join();

        // What came meanwhile is synced too.
        file.Asked.Reset();
        manifest.Sync();
        Assert.True(file.Asked.IsSet);
        manifest.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_disk_that_fails_a_sync_gets_new_files_and_the_organiser_is_told()
    {
        await using var mixer = new MixerFixture();
        var fails = 0;
        await using var local = await LocalJob.StartAsync(mixer, s => s with
        {
            ToDisk = file =>
            {
                if (Volatile.Read(ref fails) == 1)
                {
                    throw new IOException("Input/output error", 5);
                }

                RandomAccess.FlushToDisk(file);
            },
        });
        await MixerFixture.Until(() => local.Written() > 50_000, "something to keep");

        Volatile.Write(ref fails, 1);
        await MixerFixture.Until(() => mixer.Event<RecordingDelayed>() is { Code: "not_written" }, "the word that the disk does not take it", seconds: 10);
        await MixerFixture.Until(() => local.Entries(ManifestEntryType.SegmentEnded).Count == 2, "the ends of both files");
        var kept = local.Written();
        await Task.Delay(TimeSpan.FromSeconds(2.5)); // As long as it fails nothing begins anew, and nobody is told twice.
        Assert.Equal(kept, local.Written());
        Assert.Equal(1, local.VideoFiles);
        Assert.Single(mixer.Events, e => e.Type == RecordingEventTypes.Delayed);
        Assert.Equal(RecordingState.Recording, local.Job.Snapshot().State);

        Volatile.Write(ref fails, 0);
        await MixerFixture.Until(() => local.VideoFiles == 2, "a second file");
        await MixerFixture.Until(() => mixer.Events.Count(e => e.Type == RecordingEventTypes.Started) == 2, "the word that it goes on");
        local.Job.Stop();
        var (composed, _) = await mixer.ComposedAsync();
        Assert.InRange(composed.DurationMs - (composed.EndedAt - composed.StartedAt).TotalMilliseconds, -40, 40);
        Assert.All(local.Entries(ManifestEntryType.SegmentEnded), e => Assert.Equal(e.Frames, MatroskaScan.File(Path.Combine(local.Directory, e.File!)).Frames));
    }

    /// <summary>Brings nothing to the disk before it is let to.</summary>
    private sealed class SlowFile(string path) : FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0)
    {
        public ManualResetEventSlim Asked { get; } = new();

        public ManualResetEventSlim Answers { get; } = new();

        public override void Flush(bool flushToDisk)
        {
            if (flushToDisk)
            {
                Asked.Set();
                Answers.Wait(TimeSpan.FromSeconds(30));
            }

            base.Flush(flushToDisk);
        }
    }
}
