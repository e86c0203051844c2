namespace Events.Platform.Features.Recordings;

/// <summary>A recording as the API shows it (docs/api.md).</summary>
public sealed record Recording(
    Guid Id, Guid SessionId, Guid EventId, string Status, double Progress, string Title, DateTimeOffset RequestedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt,
    long? DurationMs, Guid? AssetId, RecordingFailure? Failure, int? Tracks, long? Size)
{
    /// <summary>What could not be recorded, and why; the rest was.</summary>
    public IReadOnlyList<RecordingRefusal> Refused { get; init; } = [];
}

/// <param name="Code">Stable: <c>track_encrypted</c>.</param>
/// <param name="Detail">For the organiser.</param>
/// <param name="Tracks">How many.</param>
public sealed record RecordingRefusal(string Code, string Detail, int Tracks)
{
    public const string TrackEncrypted = "track_encrypted";

    public static RecordingRefusal Encrypted(int tracks) => new(
        TrackEncrypted, $"{tracks} {(tracks == 1 ? "track is" : "tracks are")} end-to-end encrypted by the sender and not in the recording.", tracks);
}

public sealed record RecordingFailure(string Code, string Detail);

/// <param name="Items">Latest first.</param>
/// <param name="Next">Goes into <c>after</c> for the next page; null: this was the last.</param>
public sealed record RecordingList(IReadOnlyList<Recording> Items, string? Next);

public sealed record PlaybackAnswer(
    string Url, string ThumbnailUrl, DateTimeOffset ExpiresAt, string MimeType, long DurationMs, int Width, int Height, double FrameRate, long Size, string Checksum);

/// <summary>A row of <c>platform.recordings</c> with its video's size.</summary>
internal sealed record RecordingRow(
    Guid Id, Guid SessionId, Guid EventId, string Status, double Progress, string Title, DateTimeOffset RequestedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt,
    long? DurationMs, Guid? AssetId, string? FailureCode, string? FailureDetail, int? Tracks, int TracksEncrypted, long? Size)
{
    public const string Select =
        """
        select r.id, r.session_id, r.event_id, r.status, r.progress, r.title, r.requested_at, r.started_at, r.ended_at, r.duration_ms, r.asset_id,
               r.failure_code, r.failure_detail, r.tracks, r.tracks_encrypted,
               (select b.size from media.renditions n join media.blobs b using (sha256) where n.asset_id = r.asset_id and n.purpose = 'video') as size
        from platform.recordings r
        """;

    public bool IsActive => Status is "starting" or "recording" or "stopping" or "composing";

    public Recording ToRecording() => new(
        Id, SessionId, EventId, Status, Progress, Title, RequestedAt, StartedAt, EndedAt, DurationMs, AssetId,
        FailureCode is null ? null : new RecordingFailure(FailureCode, FailureDetail ?? ""), Tracks, Size)
    {
        Refused = TracksEncrypted == 0 ? [] : [RecordingRefusal.Encrypted(TracksEncrypted)],
    };
}
