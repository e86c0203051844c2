using System.Text.Json.Serialization;

namespace Events.Mixer;

/// <summary>The mixer node's recordings (docs/api.md, "Mixer node"). All members may be called from any thread.</summary>
public interface IMixer
{
    /// <summary>
    /// Starts a recording. When this returns, it is on disk: a crash resumes it. Idempotent by <see cref="StartRecording.RecordingId"/>:
    /// a known id answers its state and changes nothing.
    /// </summary>
    Task<MixerResult> StartAsync(StartRecording request, CancellationToken cancellation = default);

    /// <summary>Stops a recording and queues its composite; durable when this returns. Stopping twice is once.</summary>
    Task<MixerResult> StopAsync(string recordingId, CancellationToken cancellation = default);

    /// <summary>
    /// Composes a recording anew that has failed, or whose composite is lost; durable when this returns. One that has not come so far goes on as it does.
    /// </summary>
    Task<MixerResult> ComposeAsync(string recordingId, CancellationToken cancellation = default);

    /// <summary>What a recording does, or null when it is not known.</summary>
    RecordingSnapshot? Get(string recordingId);

    /// <summary>Ends whatever a recording does and deletes its working files; blobs stay.</summary>
    /// <returns>Whether it was known.</returns>
    Task<bool> DeleteAsync(string recordingId, CancellationToken cancellation = default);
}

/// <summary>The body of <c>POST /node/recordings</c>.</summary>
/// <param name="RecordingId">1…64 of letters, digits, '-', '_'.</param>
/// <param name="Room">The room's name on the media node.</param>
/// <param name="Relay">Path of the media node's relay socket.</param>
/// <param name="Layout">"grid".</param>
/// <param name="Title">Shown while nobody is there.</param>
public sealed record StartRecording(string RecordingId, string Room, string Relay, string Layout = "grid", string Title = "");

[JsonConverter(typeof(JsonStringEnumConverter<RecordingState>))]
public enum RecordingState
{
    [JsonStringEnumMemberName("starting")]
    Starting,
    [JsonStringEnumMemberName("recording")]
    Recording,
    [JsonStringEnumMemberName("stopping")]
    Stopping,
    [JsonStringEnumMemberName("composing")]
    Composing,
    [JsonStringEnumMemberName("done")]
    Done,
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>The answer of <c>GET /node/recordings/{id}</c>.</summary>
/// <param name="RecordingId">The platform's id.</param>
/// <param name="State">Where it is.</param>
/// <param name="Progress">0…1 of the composite.</param>
/// <param name="StartedAt">Null before it has started.</param>
/// <param name="EndedAt">Null before stop.</param>
/// <param name="Tracks">What was recorded, in order of publication.</param>
/// <param name="Failure">Why it failed, or null.</param>
public sealed record RecordingSnapshot(
    string RecordingId,
    RecordingState State,
    double Progress,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    IReadOnlyList<RecordedTrack> Tracks,
    MixerError? Failure)
{
    /// <summary>What could not be recorded.</summary>
    public IReadOnlyList<RefusedTrack> Refused { get; init; } = [];
}

/// <summary>One recorded track.</summary>
public sealed record RecordedTrack(string TrackId, string ParticipantId, string Name, string Kind, string Source, string Codec, int Segments);

/// <summary>A track that is left out of a recording.</summary>
/// <param name="TrackId">The node's.</param>
/// <param name="ParticipantId">Its publisher.</param>
/// <param name="Kind">"audio" or "video".</param>
/// <param name="Source">"camera", "microphone", "screen", "screen_audio".</param>
/// <param name="Code"><see cref="TrackEncrypted"/>.</param>
public sealed record RefusedTrack(string TrackId, string ParticipantId, string Kind, string Source, string Code)
{
    /// <summary>Its frames are encrypted by its publisher's client, and the mixer has no key.</summary>
    public const string TrackEncrypted = "track_encrypted";
}

/// <summary>A stable code and a sentence that says what to do.</summary>
/// <param name="Code"><c>recording_id_invalid</c>, <c>layout_unknown</c>, <c>room_invalid</c>, <c>relay_invalid</c>, <c>recording_not_found</c>, <c>composite_failed</c>, <c>track_encrypted</c>, <c>relay_unreachable</c>, <c>relay_refused</c>, <c>disk_low</c>…</param>
/// <param name="Detail">For people.</param>
public sealed record MixerError(string Code, string Detail)
{
    /// <summary>The media node's relay takes no connection, or does not answer.</summary>
    public const string RelayUnreachable = "relay_unreachable";

    /// <summary>The mixer's disk is full, or broken.</summary>
    public const string NotWritten = "not_written";

    /// <summary>The mixer's disk has no more room than <see cref="MixerOptions.DiskReserve"/>.</summary>
    public const string DiskLow = "disk_low";

    /// <summary>The media node's relay does not take the mixer's subscription.</summary>
    public const string RelayRefused = "relay_refused";
}

/// <summary>A snapshot, or what was wrong.</summary>
public sealed record MixerResult(RecordingSnapshot? Recording, MixerError? Error)
{
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Recording))]
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;
}
