namespace Events.Mixer.Recording;

/// <summary>A span of the node's wall clock in nanoseconds since 1970, end exclusive.</summary>
public readonly record struct WallSpan(long From, long To)
{
    public bool Contains(long at) => at >= From && at < To;

    public bool IsEmpty => To <= From;
}

/// <summary>One stay of a participant; a rejoiner has several, under new ids.</summary>
public sealed record Stay(string ParticipantId, string Identity, string Name, string Role, WallSpan Span);

/// <summary>One publication of a track, with the spans in which it was not muted.</summary>
public sealed record TrackSpan(string TrackId, string ParticipantId, string Kind, string Source, string Codec, WallSpan Span, IReadOnlyList<WallSpan> Unmuted);

/// <summary>One file of a track. Its timestamp 0 is at <c>Span.From</c>.</summary>
public sealed record TrackSegment(string File, string TrackId, string ParticipantId, string Codec, int Width, int Height, WallSpan Span)
{
    public bool IsVideo => Codec != "opus";

    /// <summary>Degrees by which its pictures are to be turned clockwise: 0, 90, 180, 270.</summary>
    public int Rotation { get; init; }
}

/// <summary>Who was there when, what they sent when, and in which files it is: a manifest, folded. Pure.</summary>
public sealed record Timeline(
    ManifestEntry Created,
    long? StartedAt,
    long? StoppedAt,
    IReadOnlyList<Stay> Stays,
    IReadOnlyList<TrackSpan> Tracks,
    IReadOnlyList<TrackSegment> Segments,
    int Attempts,
    RecordingComposed? Composed,
    MixerError? Failure)
{
    /// <summary>Tracks that could not be recorded, each once.</summary>
    public IReadOnlyList<RefusedTrack> Refused { get; init; } = [];

    /// <summary>There is nothing to compose, since none of the tracks could be recorded.</summary>
    public bool IsRefusedWhole => Tracks.Count == 0 && Refused.Count > 0;

    /// <summary>The last moment that the manifest speaks of.</summary>
    public long LastKnown { get; private init; }

    /// <summary>Null when the manifest does not begin with a whole <see cref="ManifestEntryType.Created"/>: nothing was accepted.</summary>
    /// <param name="entries">In file order.</param>
    /// <param name="openEnd">
    /// The end of a segment for which no end was written, by its file name and start; null takes the last known moment.
    /// </param>
    public static Timeline? Fold(IReadOnlyList<ManifestEntry> entries, Func<string, long, long>? openEnd = null)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (entries.Count == 0 || entries[0].Type != ManifestEntryType.Created)
        {
            return null;
        }

        var fold = new TimelineFold(openEnd);
        foreach (var entry in entries)
        {
            fold.Add(entry);
        }

        return fold.Finish(entries[0]) with { LastKnown = fold.LastKnown };
    }
}
