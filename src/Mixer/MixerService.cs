using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Events.MediaRegistry.Blobs;
using Events.Mixer.Recording;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Events.Mixer;

/// <summary>
/// The recordings of this node. As a hosted service it resumes at start what a crash or a shutdown interrupted, and leaves running
/// recordings resumable when it ends.
/// </summary>
public sealed partial class MixerService : IMixer, IHostedService, IAsyncDisposable
{
    private const int MaxRoomLength = 200;
    private const int MaxTitleLength = 500;

    private readonly ConcurrentDictionary<string, RecordingJob> _jobs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly CancellationTokenSource _shutdown = new();
    private readonly RecordingServices _services;
    private readonly string _root;
    private int _disposed;

    /// <param name="options">Checked here.</param>
    /// <param name="blobs">Where composites go.</param>
    /// <param name="events">The node's journal.</param>
    /// <param name="metrics">Counters.</param>
    /// <param name="log">Log.</param>
    public MixerService(MixerOptions options, IBlobStore blobs, IMixerEvents events, MixerMetrics metrics, ILogger<MixerService> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _root = Path.Combine(Path.GetFullPath(options.DataDirectory), "recordings");
        Directory.CreateDirectory(_root);
        _services = new(options, blobs, events, metrics, log, new(options.MaxComposites), new(options.DiskReserve, _root));
    }

    /// <summary>Recordings that are known, in no order.</summary>
    public IReadOnlyCollection<string> RecordingIds => [.. _jobs.Keys];

    public async Task<MixerResult> StartAsync(StartRecording request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Check(request) is { } error)
        {
            return new(null, error);
        }

        await _starting.WaitAsync(cancellation);
        try
        {
            if (_jobs.TryGetValue(request.RecordingId, out var known))
            {
                return new(known.Snapshot(), null);
            }

            var directory = Path.Combine(_root, request.RecordingId);
            Directory.CreateDirectory(directory);
            var manifest = OpenManifest(directory, request);
            MixerLog.Accepted(_services.Log, request.RecordingId, request.Room);
            var job = new RecordingJob(directory, manifest, _services);
            _jobs[job.Id] = job;
            job.Run(_shutdown.Token);
            return new(job.Snapshot(), null);
        }
        finally
        {
            _starting.Release();
        }
    }

    public Task<MixerResult> StopAsync(string recordingId, CancellationToken cancellation = default) => Task.FromResult(Command(recordingId, job => job.Stop()));

    public Task<MixerResult> ComposeAsync(string recordingId, CancellationToken cancellation = default) => Task.FromResult(Command(recordingId, job => job.ComposeAgain()));

    public RecordingSnapshot? Get(string recordingId) => _jobs.TryGetValue(recordingId, out var job) ? job.Snapshot() : null;

    public async Task<bool> DeleteAsync(string recordingId, CancellationToken cancellation = default)
    {
        if (!_jobs.TryGetValue(recordingId, out var job))
        {
            return false;
        }

        await job.DeleteAsync();
        _jobs.TryRemove(new(recordingId, job));
        return true;
    }

    /// <summary>Resumes what is unfinished on disk. The host calls it at start.</summary>
    Task IHostedService.StartAsync(CancellationToken cancellationToken)
    {
        Recover();
        return Task.CompletedTask;
    }

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => CloseAsync();

    /// <summary>Leaves everything resumable. May be called more than once, as a container with several registrations does.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _shutdown.Dispose();
            _starting.Dispose();
        }
    }

    /// <summary>Makes a job of every recording on disk that has none, and ends what was being deleted.</summary>
    public void Recover()
    {
        foreach (var deleted in RecordingFiles.HalfDeleted(_root))
        {
            try
            {
                Directory.Delete(deleted, recursive: true);
            }
            catch (IOException e)
            {
                MixerLog.NotDeleted(_services.Log, e, deleted);
            }
        }

        foreach (var directory in Directory.EnumerateDirectories(_root).Where(d => Id().IsMatch(Path.GetFileName(d))).Order())
        {
            if (_jobs.ContainsKey(Path.GetFileName(directory)))
            {
                continue;
            }

            var manifest = RecordingManifest.Open(directory);
            if (Timeline.Fold(manifest.Entries) is null || manifest.Entries[0].RecordingId != Path.GetFileName(directory))
            {
                // The acceptance was never durable, so nobody was told of it.
                MixerLog.Unreadable(_services.Log, directory);
                manifest.Dispose();
                continue;
            }

            var job = new RecordingJob(directory, manifest, _services);
            if (_jobs.TryAdd(job.Id, job))
            {
                MixerLog.Resumed(_services.Log, job.Id, job.Snapshot().State);
                job.Run(_shutdown.Token);
            }
        }
    }

    private static RecordingManifest OpenManifest(string directory, StartRecording request)
    {
        var manifest = RecordingManifest.Open(directory);
        try
        {
            if (manifest.Entries.Count == 0)
            {
                manifest.Append(
                    new()
                    {
                        Type = ManifestEntryType.Created,
                        At = NodeTime.Now,
                        RecordingId = request.RecordingId,
                        Room = request.Room,
                        Relay = Path.GetFullPath(request.Relay),
                        Layout = request.Layout,
                        Title = request.Title,
                    },
                    durable: true);
            }

            return manifest;
        }
        catch (IOException)
        {
            manifest.Dispose();
            throw;
        }
    }

    private static MixerError? Check(StartRecording request)
    {
        if (!Id().IsMatch(request.RecordingId ?? string.Empty))
        {
            return new("recording_id_invalid", "A recording id has 1 to 64 letters, digits, '-' or '_'.");
        }

        if (request.Layout != "grid")
        {
            return new("layout_unknown", "The only layout is \"grid\".");
        }

        if (string.IsNullOrEmpty(request.Room) || request.Room.Length > MaxRoomLength)
        {
            return new("room_invalid", $"A room's name has 1 to {MaxRoomLength} characters.");
        }

        if ((request.Title ?? string.Empty).Length > MaxTitleLength)
        {
            return new("title_too_long", $"A title has at most {MaxTitleLength} characters.");
        }

        return string.IsNullOrEmpty(request.Relay)
            ? new("relay_invalid", "The path of the media node's relay socket is missing.")
            : null;
    }

    private MixerResult Command(string recordingId, Action<RecordingJob> command)
    {
        if (!_jobs.TryGetValue(recordingId, out var job))
        {
            return new(null, new("recording_not_found", "This node knows no such recording."));
        }

        command(job);
        return new(job.Snapshot(), null);
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$")]
    private static partial Regex Id();

    private async Task CloseAsync()
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            return;
        }

        await _shutdown.CancelAsync();
        foreach (var job in _jobs.Values)
        {
            await job.CloseAsync();
        }

        _jobs.Clear();
    }
}
