namespace Events.Mixer;

/// <summary>Types of the mixer's events (docs/api.md, "Events of nodes").</summary>
public static class RecordingEventTypes
{
    public const string Delayed = "recording.delayed";
    public const string Started = "recording.started";
    public const string Stopped = "recording.stopped";
    public const string TrackRefused = "recording.track_refused";
    public const string Progress = "recording.progress";
    public const string Composed = "recording.composed";
    public const string Failed = "recording.failed";
}

/// <param name="RecordingId">The platform's id.</param>
/// <param name="Code">
/// Why it has not started within a second, has stood still for five, or is not composed yet; stable: <c>relay_unreachable</c>, <c>relay_refused</c>, <c>not_written</c>, <c>disk_low</c>,
/// <c>ffmpeg_not_found</c>. It is tried on.
/// </param>
/// <param name="Detail">For an operator.</param>
public sealed record RecordingDelayed(string RecordingId, string Code, string Detail);

/// <param name="RecordingId">The platform's id.</param>
/// <param name="StartedAt">The first packet, or the acceptance when the room is empty. Told again when it goes on.</param>
public sealed record RecordingStarted(string RecordingId, DateTimeOffset StartedAt);

/// <param name="RecordingId">The platform's id.</param>
/// <param name="EndedAt">When stop was asked.</param>
/// <param name="Tracks">How many tracks were recorded.</param>
public sealed record RecordingStopped(string RecordingId, DateTimeOffset EndedAt, int Tracks);

/// <param name="RecordingId">The platform's id.</param>
/// <param name="Code">Stable: <c>track_encrypted</c>.</param>
/// <param name="Tracks">How many of its tracks could not be recorded for this, so far.</param>
public sealed record RecordingTrackRefused(string RecordingId, string Code, int Tracks);

/// <param name="RecordingId">The platform's id.</param>
/// <param name="Progress">0…1 of the composite.</param>
public sealed record RecordingProgress(string RecordingId, double Progress);

/// <summary>A file in the blob store.</summary>
public sealed record RecordedBlob(string Sha256, long Size, string MimeType, string FileName);

/// <summary>The composite is durable in the blob store. May be said again after a restart.</summary>
public sealed record RecordingComposed(
    string RecordingId,
    RecordedBlob Video,
    RecordedBlob Thumbnail,
    long DurationMs,
    int Width,
    int Height,
    double FrameRate,
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt);

/// <param name="RecordingId">The platform's id.</param>
/// <param name="Code">Stable: <c>composite_failed</c>, <c>recording_unreadable</c>, <c>track_encrypted</c>, <c>relay_unreachable</c>, <c>relay_refused</c>, <c>disk_low</c>.</param>
/// <param name="Detail">For an operator.</param>
public sealed record RecordingFailed(string RecordingId, string Code, string Detail);
