using System.Text.Json.Serialization;

namespace Events.Mixer.Recording;

/// <summary>What a line of a recording's manifest tells.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ManifestEntryType>))]
public enum ManifestEntryType
{
    Unknown,

    /// <summary>Accepted: room, relay, layout, title.</summary>
    Created,

    /// <summary>The composite's first moment.</summary>
    Started,

    /// <summary>The relay is connected.</summary>
    Attached,

    /// <summary>The relay, or the mixer, was gone: who was there is not any more.</summary>
    Detached,
    Joined,
    Left,
    Published,
    Unpublished,
    Muted,

    /// <summary>A track was published that cannot be recorded; <see cref="ManifestEntry.Code"/> says why.</summary>
    Refused,

    /// <summary>A file of a track begins; its timestamp 0 is at <see cref="ManifestEntry.At"/>.</summary>
    Segment,

    /// <summary>A file's timestamp 0 is really at <see cref="ManifestEntry.At"/>: the sender's clock has become known.</summary>
    SegmentMoved,

    /// <summary>A file ends at <see cref="ManifestEntry.At"/>.</summary>
    SegmentEnded,

    /// <summary>The composite's last moment.</summary>
    Stopped,

    /// <summary>A composite is tried, or, with a code, has not come about; <see cref="ManifestEntry.Attempt"/> attempts count from here on.</summary>
    Attempt,

    /// <summary>The composite is durable.</summary>
    Composed,
    Failed,

    /// <summary>The composite is wanted anew: what was said of it before counts no more, nor do its attempts.</summary>
    Reopened,
}

/// <summary>One line of a manifest. Which members are set follows from the type.</summary>
public sealed record ManifestEntry
{
    public ManifestEntryType Type { get; init; }

    /// <summary>Nanoseconds since 1970 by the <see cref="RecordingClock"/>.</summary>
    public long At { get; init; }

    public string? RecordingId { get; init; }

    public string? Room { get; init; }

    public string? Relay { get; init; }

    public string? Layout { get; init; }

    public string? Title { get; init; }

    public string? ParticipantId { get; init; }

    public string? Identity { get; init; }

    public string? Name { get; init; }

    public string? Role { get; init; }

    public string? TrackId { get; init; }

    public string? Kind { get; init; }

    public string? Source { get; init; }

    public string? Codec { get; init; }

    public bool? Muted { get; init; }

    /// <summary>Name of a segment's file within the recording's directory.</summary>
    public string? File { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    /// <summary>Degrees by which a segment's pictures are to be turned clockwise; null for none.</summary>
    public int? Rotation { get; init; }

    public long? Frames { get; init; }

    public int? Attempt { get; init; }

    public string? Code { get; init; }

    public string? Detail { get; init; }

    public RecordingComposed? Composed { get; init; }
}
