using Events.Rtc.Signalling.Tokens;

namespace Events.Rtc.Signalling.Journal;

/// <summary>Where a node keeps its events until the platform has acknowledged them, and where it delivers them.</summary>
public sealed record JournalOptions
{
    /// <summary>The journal's own directory; one process at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>The node that the platform counts the events by.</summary>
    public required string NodeName { get; init; }

    /// <summary>The secret shown to the platform.</summary>
    public required SecretRing NodeKey { get; init; }

    /// <summary>The platform's base address; null: nothing is delivered.</summary>
    public Uri? PlatformUrl { get; init; }

    /// <summary>Makes the handler that reaches the platform; null: the default. The host gives one that trusts its own certificate.</summary>
    public Func<HttpMessageHandler>? PlatformHandler { get; init; }

    /// <summary>Bytes kept before lossy kinds are dropped, oldest first; twice as many and everything is refused. Default 64 MB.</summary>
    public long MaxBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Events kept before lossy kinds are dropped, oldest first; twice as many and everything is refused. Default 200,000: an hour of a busy node.</summary>
    public int MaxEvents { get; init; } = 200_000;

    /// <summary>Types of which only the latest matters, so that a full journal may lose them.</summary>
    public IReadOnlyList<string> LossyTypes { get; init; } = ["recording.progress"];

    internal JournalDisk Disk { get; init; } = JournalDisk.Real;
}

/// <summary>An event that is on disk.</summary>
/// <param name="Seq">Its number within the journal's epoch; rising, with gaps.</param>
/// <param name="Lossy">A full journal may drop it.</param>
/// <param name="Json">UTF-8 of <c>{"seq":…,"at":…,"type":…,"data":…}</c>.</param>
public sealed record JournalEvent(long Seq, bool Lossy, byte[] Json);
