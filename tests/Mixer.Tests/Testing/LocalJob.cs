using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;

namespace Events.Tests.Mixer.Tests.Testing;

/// <summary>A recording that a test runs itself, with surroundings of its own, of one speaker.</summary>
internal sealed class LocalJob : IAsyncDisposable
{
    private readonly FakeRelay _relay;
    private readonly RecordingManifest _manifest;

    private LocalJob(MixerFixture mixer, Func<RecordingServices, RecordingServices> surroundings)
    {
        _relay = new(mixer.RelayPath);
        Speaker = new(_relay, "ada", "Ada", 1);
        Directory = System.IO.Directory.CreateDirectory(Path.Combine(mixer.Root, "r1")).FullName;
        _manifest = RecordingManifest.Open(Directory);
        _manifest.Append(new() { Type = ManifestEntryType.Created, At = NodeTime.Now, RecordingId = "r1", Room = "room", Relay = mixer.RelayPath });
        Job = new(Directory, _manifest, surroundings(mixer.Services));
    }

    public RecordingJob Job { get; }

    public Speaker Speaker { get; }

    public string Directory { get; }

    public int VideoFiles => Job.Snapshot().Tracks.Where(t => t.Kind == "video").Sum(t => t.Segments);

    /// <summary>Starts it, and waits for a first file of the picture.</summary>
    public static async Task<LocalJob> StartAsync(MixerFixture mixer, Func<RecordingServices, RecordingServices> surroundings)
    {
        var job = new LocalJob(mixer, surroundings);
        job.Speaker.Join();
        var start = NodeTime.Now;
        job.Speaker.Play(Codec.Opus, await Material.OpusAsync("sine=f=300", 1), 0, start, loop: true);
        job.Speaker.Play(Codec.Vp8, await Material.VideoAsync(Codec.Vp8, "testsrc2=s=320x180:r=30", 1), 20, start, loop: true);
        job.Job.Run(CancellationToken.None);
        await MixerFixture.Until(() => job.VideoFiles == 1, "a first video file");
        return job;
    }

    public void MuteVideo(bool muted) => _relay.Mute(Speaker.Video, muted);

    /// <summary>Bytes of all files of tracks.</summary>
    public long Written() => new DirectoryInfo(Directory).EnumerateFiles("*.mkv").Sum(f => f.Length);

    public List<ManifestEntry> Entries(ManifestEntryType type) => [.. RecordingManifest.Read(Directory).Where(e => e.Type == type)];

    public async ValueTask DisposeAsync()
    {
        Speaker.StopSending();
        await Job.CloseAsync();
        _manifest.Dispose();
        _relay.Dispose();
    }
}
