namespace Events.Mixer;

/// <summary>What a mixer needs to know.</summary>
public sealed record MixerOptions
{
    /// <summary>Holds <c>recordings/</c> (working files) and <c>blobs/</c>. Made when it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Shown to the media node when subscribing to its relay; asked for each time, as it rotates.</summary>
    public required Func<string> NodeKey { get; init; }

    /// <summary>A path or a name in PATH.</summary>
    public string FfmpegPath { get; init; } = "ffmpeg";

    /// <summary>A path or a name in PATH.</summary>
    public string FfprobePath { get; init; } = "ffprobe";

    /// <summary>
    /// The font of names. Debian's fonts-dejavu-core covers Latin, Greek, Cyrillic, Arabic, Hebrew; other scripts show boxes.
    /// </summary>
    public string FontPath { get; init; } = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

    /// <summary>
    /// Composites made at the same time; the others wait in the order of their start. Each uses about one core per 3 seconds of
    /// media in a second. Default: one per two cores, at least one.
    /// </summary>
    public int MaxComposites { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>How often a composite is tried before the recording has failed, restarts of the mixer included.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Wait before the second attempt; four times as long with each, up to a minute.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For how long attempts that a full disk or a missing FFmpeg ends are not counted.</summary>
    public TimeSpan OutagePatience { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Bytes of the data directory's disk that recordings leave free; composites leave twice as much. Too little, and a full disk ends the database that shares it: PostgreSQL
    /// alone may keep 1 GB of write-ahead log. 0: none.
    /// </summary>
    public long DiskReserve { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Throws when a value makes no sense.</summary>
    /// <exception cref="ArgumentException">Says which.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(DataDirectory);
        ArgumentNullException.ThrowIfNull(NodeKey);
        ArgumentException.ThrowIfNullOrWhiteSpace(FfmpegPath);
        ArgumentException.ThrowIfNullOrWhiteSpace(FfprobePath);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxComposites, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(OutagePatience, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(DiskReserve);
    }
}
