using Microsoft.Extensions.Logging;

namespace Events.Mixer;

/// <summary>The mixer's log messages: event ids 4000 to 4099.</summary>
internal static partial class MixerLog
{
    [LoggerMessage(4000, LogLevel.Information, "Recording {RecordingId} of room {Room} accepted.")]
    public static partial void Accepted(ILogger logger, string recordingId, string room);

    [LoggerMessage(4001, LogLevel.Information, "Recording {RecordingId} resumes after a restart as {State}.")]
    public static partial void Resumed(ILogger logger, string recordingId, RecordingState state);

    [LoggerMessage(4002, LogLevel.Warning, "Recording {RecordingId} lost the relay of room {Room}; connecting again.")]
    public static partial void RelayLost(ILogger logger, string recordingId, string room);

    [LoggerMessage(4003, LogLevel.Warning, "Recording {RecordingId} records nothing now: {Code}: {Detail}")]
    public static partial void Obstructed(ILogger logger, string recordingId, string code, string detail);

    [LoggerMessage(4005, LogLevel.Warning, "Recording {RecordingId} leaves out track {TrackId}: codec {Codec} is not recorded.")]
    public static partial void CodecUnknown(ILogger logger, string recordingId, string trackId, string codec);

    [LoggerMessage(4006, LogLevel.Information, "Recording {RecordingId} stopped with {Tracks} tracks.")]
    public static partial void Stopped(ILogger logger, string recordingId, int tracks);

    [LoggerMessage(4007, LogLevel.Information, "Recording {RecordingId} composed: {DurationMs} ms of media in {TookMs} ms.")]
    public static partial void Composed(ILogger logger, string recordingId, long durationMs, long tookMs);

    [LoggerMessage(4008, LogLevel.Warning, "Recording {RecordingId}: attempt {Attempt} at the composite failed.")]
    public static partial void AttemptFailed(ILogger logger, Exception exception, string recordingId, int attempt);

    [LoggerMessage(4009, LogLevel.Error, "Recording {RecordingId} failed: {Code}: {Detail}")]
    public static partial void Failed(ILogger logger, string recordingId, string code, string detail);

    [LoggerMessage(4010, LogLevel.Warning, "The directory {Directory} holds no readable recording; it is left alone.")]
    public static partial void Unreadable(ILogger logger, string directory);

    [LoggerMessage(4012, LogLevel.Warning, "Recording {RecordingId} leaves out track {TrackId}: {Code}.")]
    public static partial void TrackRefused(ILogger logger, string recordingId, string trackId, string code);

    [LoggerMessage(4011, LogLevel.Error, "Recording {RecordingId} ended unexpectedly.")]
    public static partial void Broken(ILogger logger, Exception exception, string recordingId);

    [LoggerMessage(4013, LogLevel.Error, "Recording {RecordingId} cannot write to its disk; it is tried again.")]
    public static partial void NotWritten(ILogger logger, Exception exception, string recordingId);

    [LoggerMessage(4014, LogLevel.Warning, "Recording {RecordingId}: track {TrackId} began so many files in a minute that until it is over it goes on in the one that is open, or is left out.")]
    public static partial void TooManyFiles(ILogger logger, string recordingId, string trackId);

    [LoggerMessage(4015, LogLevel.Error, "The directory {Directory} of a deleted recording cannot be removed; it is tried again at the next start.")]
    public static partial void NotDeleted(ILogger logger, Exception exception, string directory);
}
