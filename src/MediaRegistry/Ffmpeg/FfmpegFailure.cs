using System.Globalization;

namespace Events.MediaRegistry.Ffmpeg;

/// <summary>Why an FFmpeg run did not end well.</summary>
/// <param name="Code">Stable: <c>ffmpeg_killed</c>, <c>ffmpeg_failed</c>, <c>ffmpeg_not_found</c>, <c>ffmpeg_stalled</c>.</param>
/// <param name="ExitCode">The exit code; 128 + signal when a signal ended it.</param>
/// <param name="Signal">The signal, or null.</param>
/// <param name="LastLines">The end of stderr, oldest first.</param>
public sealed record FfmpegFailure(string Code, int ExitCode, int? Signal, IReadOnlyList<string> LastLines)
{
    public const string NotFound = "ffmpeg_not_found";
    private const string Stalled = "ffmpeg_stalled";

    /// <summary>The largest signal number of Linux.</summary>
    private const int MaxSignal = 64;

    /// <summary>Null for exit code 0.</summary>
    public static FfmpegFailure? FromExit(int exitCode, IReadOnlyList<string> lastLines) => exitCode switch
    {
        0 => null,
        > 128 and <= 128 + MaxSignal => new("ffmpeg_killed", exitCode, exitCode - 128, lastLines),
        _ => new("ffmpeg_failed", exitCode, null, lastLines),
    };

    /// <summary>It did nothing for so long that it was killed.</summary>
    public FfmpegFailure ForStandingStill() => this with { Code = Stalled };

    public override string ToString()
    {
        var what = Code == Stalled ? "FFmpeg stood still, and was ended."
            : Signal is { } signal
            ? string.Create(CultureInfo.InvariantCulture, $"FFmpeg was ended by signal {signal}.")
            : string.Create(CultureInfo.InvariantCulture, $"FFmpeg ended with code {ExitCode}.");
        return LastLines.Count == 0 ? what : $"{what} {string.Join(" | ", LastLines.TakeLast(3))}";
    }
}

/// <summary>Thrown where a caller cannot go on without the run.</summary>
public sealed class FfmpegException(string what, FfmpegFailure failure) : Exception($"{what}: {failure}")
{
    public FfmpegFailure Failure { get; } = failure;
}
