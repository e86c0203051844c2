using System.Diagnostics;
using Events.MediaRegistry.Ffmpeg;
using Events.Mixer.Compose;

namespace Events.Mixer.Recording;

/// <summary>
/// Makes a recording's composite, in as many attempts as it takes. An attempt is on disk before it begins, so that one which ends the mixer is
/// counted too; one that an outage or a shutdown ended is taken back.
/// </summary>
internal sealed class CompositeAttempts(string recordingId, string directory, RecordingManifest manifest, RecordingServices services)
{
    public const string FailureCode = "composite_failed";

    /// <summary>Each wait is this much longer than the one before.</summary>
    private const int DelayGrowth = 4;

    private const int NoSpaceLeft = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT

    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    private readonly MixerOptions _options = services.Options;

    /// <summary>Tries until it is made, or may not be tried again.</summary>
    /// <param name="timeline">With the attempts before a restart.</param>
    /// <param name="progress">0…1, called often.</param>
    /// <param name="publish">Brings the files to where they belong; part of an attempt.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when it was made, else why not.</returns>
    public async Task<MixerError?> RunAsync(
        Timeline timeline, Action<double> progress, Func<CompositeFiles, CancellationToken, Task> publish, CancellationToken cancellation)
    {
        var attempts = timeline.Attempts;
        var detail = "Each attempt ended the mixer.";
        var delay = _options.RetryDelay;
        var watch = Stopwatch.StartNew();
        while (attempts < _options.MaxAttempts)
        {
            var attempt = attempts + 1;
            Exception? failure;
            using (await services.Queue.EnterAsync(timeline.Created.At, cancellation))
            {
                failure = await TryAsync(timeline, attempt, progress, publish, cancellation);
            }

            if (failure is null)
            {
                return null;
            }

            var waits = IsOutage(failure) && watch.Elapsed < _options.OutagePatience;
            attempts = waits ? attempts : attempt;
            detail = failure.Message;
            MixerLog.AttemptFailed(services.Log, failure, recordingId, attempt);
            Note(attempts, CodeOf(failure), detail);
            if (waits)
            {
                services.Events.Record(RecordingEventTypes.Delayed, new RecordingDelayed(recordingId, OutageCodeOf(failure), detail));
            }

            if (attempts < _options.MaxAttempts)
            {
                await Task.Delay(delay, cancellation);
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * DelayGrowth, MaxDelay.Ticks));
            }
        }

        return new(FailureCode, detail);
    }

    private static string CodeOf(Exception failure) => failure switch
    {
        FfmpegException { Failure: var ended } => ended.Code,
        DiskLowException => MixerError.DiskLow,
        _ => FailureCode,
    };

    private static string OutageCodeOf(Exception failure) => failure switch
    {
        DiskLowException => MixerError.DiskLow,
        FfmpegException { Failure.Code: FfmpegFailure.NotFound } => FfmpegFailure.NotFound,
        _ => MixerError.NotWritten,
    };

    /// <summary>It will pass, and says nothing of the recording: a full disk, or an FFmpeg that is being replaced.</summary>
    private static bool IsOutage(Exception failure) => failure switch
    {
        FfmpegException { Failure: var ended } => ended.Code == FfmpegFailure.NotFound || ended.LastLines.Any(l => l.Contains("No space left on device", StringComparison.Ordinal)),
        DiskLowException => true,
        IOException => failure.HResult is NoSpaceLeft or QuotaExceeded,
        _ => false,
    };

    /// <summary>Null when it was made.</summary>
    private async Task<Exception?> TryAsync(
        Timeline timeline, int attempt, Action<double> progress, Func<CompositeFiles, CancellationToken, Task> publish, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        Exception? failure = null;
        services.Metrics.CompositeStarted();
        try
        {
            manifest.Append(new() { Type = ManifestEntryType.Attempt, At = NodeTime.Now, Attempt = attempt }, durable: true);

            // A file that no decoder reads to its end must not cost the recording: the last attempts take what can be had.
            var tolerant = attempt > _options.MaxAttempts - 2;
            var files = await new CompositeRenderer(_options, services.Reserve).RenderAsync(timeline, directory, tolerant, progress, cancellation);
            await publish(files, cancellation);
            MixerLog.Composed(services.Log, recordingId, (long)files.Duration.TotalMilliseconds, watch.ElapsedMilliseconds);
        }
        catch (Exception e)
        {
            failure = e;
            CompositeRenderer.Discard(directory);
            if (cancellation.IsCancellationRequested)
            {
                Note(attempt - 1, "interrupted", "The mixer was shut down.");
                throw;
            }
        }
        finally
        {
            services.Metrics.CompositeEnded(watch.Elapsed, failure is not null);
        }

        return failure;
    }

    /// <summary>Writes down how many attempts count after one that failed. A disk that does not take it makes it one more after a restart.</summary>
    private void Note(int attempts, string code, string detail)
    {
        var entry = new ManifestEntry { Type = ManifestEntryType.Attempt, At = NodeTime.Now, Attempt = attempts, Code = code, Detail = detail };
        if (manifest.TryAppend(entry) is { } problem)
        {
            MixerLog.NotWritten(services.Log, problem, recordingId);
        }
    }
}
