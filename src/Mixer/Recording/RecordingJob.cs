using System.Diagnostics;
using Events.MediaRegistry.Blobs;
using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Compose;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Events.Mixer.Recording;

/// <summary>What all recordings of a mixer share.</summary>
internal sealed record RecordingServices(
    MixerOptions Options, IBlobStore Blobs, IMixerEvents Events, MixerMetrics Metrics, ILogger Log, CompositeQueue Queue, DiskReserve Reserve)
{
    /// <summary>Brings a track's file to the disk; a test's disk may be slow, or fail.</summary>
    public Action<SafeFileHandle> ToDisk { get; init; } = RandomAccess.FlushToDisk;

    /// <summary>The machine's clocks.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// One recording from acceptance to blobs: starting → recording → stopping → composing → done or failed. What it has reached is in the
/// manifest before it is said, so the same job, made again from its directory after a crash, goes on where it was.
/// </summary>
internal sealed class RecordingJob
{
    private static readonly TimeSpan WriteRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly RecordingManifest _manifest;
    private readonly RecordingServices _services;
    private readonly RecordingClock _clock;
    private readonly CancellationTokenSource _deleted = new();
    private readonly SemaphoreSlim _deleting = new(1, 1);
    private RecordingCapture? _capture;
    private RecordingState _state;
    private bool _standsStill;
    private double _progress;
    private long _lastReport;
    private Task _running = Task.CompletedTask;
    private CancellationToken _shutdown;

    public RecordingJob(string directory, RecordingManifest manifest, RecordingServices services)
    {
        _directory = directory;
        _manifest = manifest;
        _services = services;
        Id = manifest.Entries[0].RecordingId!;
        var timeline = Fold();
        _state = StateOf(timeline);
        _clock = new(services.Time, timeline.LastKnown);
    }

    public string Id { get; }

    /// <summary>Ends when the recording is done or failed, or the job was shut down.</summary>
    public Task Completion => _running;

    /// <summary>Begins, or goes on after a restart.</summary>
    /// <param name="shutdown">The mixer ends: recordings stay as they are, to be resumed.</param>
    public void Run(CancellationToken shutdown)
    {
        _shutdown = shutdown;
        _running = Task.Run(() => RunAsync(shutdown), CancellationToken.None);
    }

    /// <summary>Durable when it returns; twice is once.</summary>
    /// <exception cref="IOException">The disk did not take it, and the recording goes on: to be asked again.</exception>
    public void Stop()
    {
        lock (_gate)
        {
            var stopped = _manifest.Entries.FirstOrDefault(e => e.Type == ManifestEntryType.Stopped);
            if (stopped is null)
            {
                stopped = new() { Type = ManifestEntryType.Stopped, At = _clock.Now };
                _manifest.Append(stopped, durable: true);
                _state = RecordingState.Stopping;
            }

            _capture?.StopAt(stopped.At);
        }
    }

    /// <summary>Composes anew what is done or has failed; durable when it returns. A recording that is not so far goes on as it does.</summary>
    /// <exception cref="IOException">The disk did not take it: to be asked again.</exception>
    public void ComposeAgain()
    {
        lock (_gate)
        {
            if (_state is not (RecordingState.Done or RecordingState.Failed))
            {
                return;
            }

            _manifest.Append(new() { Type = ManifestEntryType.Reopened, At = _clock.Now }, durable: true);
            _state = RecordingState.Stopping;
            _progress = 0;
            _running = AgainAsync(_running);
        }

        async Task AgainAsync(Task before)
        {
            await before;
            await Task.Run(() => RunAsync(_shutdown), CancellationToken.None);
        }
    }

    /// <summary>Ends everything and removes the working files; may be called again when it has thrown.</summary>
    /// <exception cref="IOException">Something cannot be removed.</exception>
    public async Task DeleteAsync()
    {
        await _deleting.WaitAsync();
        try
        {
            await _deleted.CancelAsync();
            await CloseAsync();
            RecordingFiles.Delete(_directory);
        }
        finally
        {
            _deleting.Release();
        }
    }

    /// <summary>Closes the manifest after a shutdown, or before a deletion.</summary>
    public async Task CloseAsync()
    {
        lock (_gate)
        {
            _capture?.Abort();
        }

        await _running;
        _manifest.Dispose();
    }

    public RecordingSnapshot Snapshot()
    {
        // Open files are not looked into here: nobody asks a snapshot for their ends.
        var timeline = Timeline.Fold(_manifest.Entries)!;
        lock (_gate)
        {
            return new(
                Id,
                _state,
                _state == RecordingState.Done ? 1 : _progress,
                timeline.StartedAt is { } start ? NodeTime.ToDate(start) : null,
                timeline.StoppedAt is { } stop ? NodeTime.ToDate(stop) : null,
                RecordedTracks(timeline),
                timeline.Failure)
            {
                Refused = timeline.Refused,
            };
        }
    }

    private static RecordingState StateOf(Timeline timeline) => timeline switch
    {
        { Composed: not null } => RecordingState.Done,
        { Failure: not null } => RecordingState.Failed,
        { StoppedAt: not null } => RecordingState.Stopping,
        { StartedAt: not null } => RecordingState.Recording,
        _ => RecordingState.Starting,
    };

    private static List<RecordedTrack> RecordedTracks(Timeline timeline)
    {
        var names = timeline.Stays.GroupBy(s => s.ParticipantId).ToDictionary(g => g.Key, g => g.Last().Name);
        var files = timeline.Segments.GroupBy(s => s.TrackId).ToDictionary(g => g.Key, g => g.Count());
        return timeline.Tracks
            .DistinctBy(t => t.TrackId)
            .Select(t => new RecordedTrack(
                t.TrackId, t.ParticipantId, names.GetValueOrDefault(t.ParticipantId, string.Empty), t.Kind, t.Source, t.Codec, files.GetValueOrDefault(t.TrackId)))
            .ToList();
    }

    private Timeline Fold() => Timeline.Fold(_manifest.Entries, OpenEnd)!;

    /// <summary>The end of a file that a crash left open: its last whole frame.</summary>
    private long OpenEnd(string file, long start) => start + Scan(file).LastTimestampNs;

    private MatroskaScan Scan(string file)
    {
        var path = Path.Combine(_directory, file);
        return File.Exists(path) ? MatroskaScan.File(path) : default;
    }

    private async Task RunAsync(CancellationToken shutdown)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(shutdown, _deleted.Token);
        try
        {
            if (SayAgainWhatIsOver())
            {
                return;
            }

            if (_state is RecordingState.Starting or RecordingState.Recording)
            {
                await InsistAsync(CaptureAsync, ending.Token);
            }

            if (!ending.IsCancellationRequested)
            {
                await ComposeAsync(ending.Token);
            }
        }
        catch (Exception e) when (ending.IsCancellationRequested && (e is OperationCanceledException or FfmpegException or IOException))
        {
            // Shut down, to be resumed; or deleted. Children may have been told to end with us.
        }
        catch (Exception e)
        {
            MixerLog.Broken(_services.Log, e, Id);
            Fail("recording_broken", e.Message);
        }
    }

    /// <summary>The journal may have missed the last word before a crash, so it is said again.</summary>
    private bool SayAgainWhatIsOver()
    {
        var timeline = Fold();
        if (timeline.Composed is { } composed)
        {
            _services.Events.Record(RecordingEventTypes.Composed, composed);
            return true;
        }

        if (timeline.Failure is { } failure)
        {
            _services.Events.Record(RecordingEventTypes.Failed, new RecordingFailed(Id, failure.Code, failure.Detail));
            return true;
        }

        SayWhatIsRefused();
        if (timeline.StartedAt is { } started)
        {
            _services.Events.Record(RecordingEventTypes.Started, new RecordingStarted(Id, NodeTime.ToDate(started)));
        }

        return false;
    }

    /// <summary>Does what must be written until the disk takes it. A full one, mostly: what is there stays, and it goes on as soon as there is room.</summary>
    private async Task InsistAsync(Func<CancellationToken, Task> act, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await act(cancellation);
                return;
            }
            catch (IOException e) when (!cancellation.IsCancellationRequested)
            {
                MixerLog.NotWritten(_services.Log, e, Id);
                await Task.Delay(WriteRetry, cancellation);
            }
        }
    }

    private async Task CaptureAsync(CancellationToken cancellation)
    {
        try
        {
            await CaptureWhileItCanBeWrittenAsync(cancellation);
        }
        catch (IOException) when (!_standsStill && !cancellation.IsCancellationRequested)
        {
            OnObstacle(new(MixerError.NotWritten, RecordingCapture.NotWritten));
            throw;
        }
    }

    private async Task CaptureWhileItCanBeWrittenAsync(CancellationToken cancellation)
    {
        CloseWhatCrashed();
        RecordingCapture capture;
        lock (_gate)
        {
            var timeline = Fold();
            capture = new(new(_directory, _manifest, _services.ToDisk), timeline.StartedAt is not null, _services, _clock, OnStarted, SayWhatIsRefused, OnObstacle);
            if (timeline.StoppedAt is { } stopped)
            {
                capture.StopAt(stopped);
            }

            _capture = capture;
        }

        await using var aborting = cancellation.Register(capture.Abort);
        await capture.RunAsync();
    }

    /// <summary>Writes the ends that a crash kept from being written: of open files, and of everyone's presence.</summary>
    private void CloseWhatCrashed()
    {
        var entries = _manifest.Entries;
        if (entries.Count == 1)
        {
            return;
        }

        var ended = entries.Where(e => e.Type == ManifestEntryType.SegmentEnded).Select(e => e.File).ToHashSet();
        var timeline = Fold();
        var last = timeline.LastKnown;
        foreach (var segment in timeline.Segments.Where(s => !ended.Contains(s.File)))
        {
            last = Math.Max(last, segment.Span.To);
            _manifest.Append(new() { Type = ManifestEntryType.SegmentEnded, At = segment.Span.To, File = segment.File, Frames = Scan(segment.File).Frames });
        }

        _manifest.Append(new() { Type = ManifestEntryType.Detached, At = last });
    }

    private void OnStarted(long at)
    {
        lock (_gate)
        {
            _state = _state == RecordingState.Starting ? RecordingState.Recording : _state;
        }

        _services.Events.Record(RecordingEventTypes.Started, new RecordingStarted(Id, NodeTime.ToDate(at)));
    }

    /// <summary>Why it does not start, or stands still; null: it is recorded, be it again.</summary>
    private void OnObstacle(MixerError? obstacle)
    {
        if (obstacle is not null)
        {
            _services.Events.Record(RecordingEventTypes.Delayed, new RecordingDelayed(Id, obstacle.Code, obstacle.Detail));
        }
        else if (_standsStill && Timeline.Fold(_manifest.Entries)!.StartedAt is { } started)
        {
            _services.Events.Record(RecordingEventTypes.Started, new RecordingStarted(Id, NodeTime.ToDate(started)));
        }

        _standsStill = obstacle is not null;
    }

    private void SayWhatIsRefused()
    {
        foreach (var refused in Timeline.Fold(_manifest.Entries)!.Refused.GroupBy(r => r.Code))
        {
            _services.Events.Record(RecordingEventTypes.TrackRefused, new RecordingTrackRefused(Id, refused.Key, refused.Count()));
        }
    }

    private async Task ComposeAsync(CancellationToken cancellation)
    {
        await InsistAsync(
            _ =>
            {
                CloseWhatCrashed();
                return Task.CompletedTask;
            },
            cancellation);
        var timeline = Fold();
        var tracks = RecordedTracks(timeline).Count;
        MixerLog.Stopped(_services.Log, Id, tracks);
        _services.Events.Record(
            RecordingEventTypes.Stopped, new RecordingStopped(Id, NodeTime.ToDate(timeline.StoppedAt ?? timeline.LastKnown), tracks));
        if (timeline.StartedAt is null)
        {
            var obstacle = _capture?.Obstacle ?? new(MixerError.RelayUnreachable, "The recording ended before the media node was reached.");
            Fail(obstacle.Code, obstacle.Detail);
            return;
        }

        if (timeline.IsRefusedWhole)
        {
            Fail(RefusedTrack.TrackEncrypted, "Every track of this session is encrypted by its sender, so there was nothing that could be recorded. Ask for the encryption to be switched off while you record.");
            return;
        }

        SetState(RecordingState.Composing);
        var failure = await new CompositeAttempts(Id, _directory, _manifest, _services)
            .RunAsync(timeline, Report, (files, cancel) => PublishAsync(timeline, files, cancel), cancellation);
        if (failure is not null)
        {
            Fail(failure.Code, failure.Detail);
        }
    }

    private async Task PublishAsync(Timeline timeline, CompositeFiles files, CancellationToken cancellation)
    {
        _services.Reserve.LeaveForComposite(new FileInfo(files.VideoPath).Length);
        var video = await _services.Blobs.PutFileAsync(files.VideoPath, cancellation);
        var thumbnail = await _services.Blobs.PutFileAsync(files.ThumbnailPath, cancellation);
        var composed = new RecordingComposed(
            Id,
            new(video.Sha256, video.Size, "video/mp4", "recording.mp4"),
            new(thumbnail.Sha256, thumbnail.Size, "image/jpeg", "thumbnail.jpg"),
            (long)files.Duration.TotalMilliseconds,
            Scenes.SceneLayout.Width,
            Scenes.SceneLayout.Height,
            Scenes.ScenePlan.FrameRate,
            NodeTime.ToDate(timeline.StartedAt ?? timeline.Created.At),
            NodeTime.ToDate(timeline.StoppedAt ?? timeline.LastKnown));
        Directory.Delete(Path.Combine(_directory, CompositeRenderer.WorkingDirectory), recursive: true);
        _manifest.Append(new() { Type = ManifestEntryType.Composed, At = _clock.Now, Composed = composed }, durable: true);
        SetState(RecordingState.Done);
        _services.Events.Record(RecordingEventTypes.Composed, composed);
    }

    private void Report(double progress)
    {
        lock (_gate)
        {
            _progress = progress;
        }

        if (_lastReport == 0 || Stopwatch.GetElapsedTime(_lastReport) >= ProgressInterval)
        {
            _lastReport = Stopwatch.GetTimestamp();
            _services.Events.Record(RecordingEventTypes.Progress, new RecordingProgress(Id, Math.Round(progress, 3)));
        }
    }

    private void Fail(string code, string detail)
    {
        MixerLog.Failed(_services.Log, Id, code, detail);
        if (_manifest.TryAppend(new() { Type = ManifestEntryType.Failed, At = _clock.Now, Code = code, Detail = detail }) is { } problem)
        {
            // As true without: after a restart it is found out again.
            MixerLog.NotWritten(_services.Log, problem, Id);
        }

        SetState(RecordingState.Failed);
        _services.Events.Record(RecordingEventTypes.Failed, new RecordingFailed(Id, code, detail));
    }

    private void SetState(RecordingState state)
    {
        lock (_gate)
        {
            _state = state;
        }
    }
}
