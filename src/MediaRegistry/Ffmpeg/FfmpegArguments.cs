using System.Globalization;

namespace Events.MediaRegistry.Ffmpeg;

/// <summary>
/// Builds the argument list of one FFmpeg run: every argument is its own element, so no name or path is ever parsed by a shell.
/// </summary>
public sealed class FfmpegArguments
{
    private readonly List<string> _arguments = [];

    private FfmpegArguments(params ReadOnlySpan<string> first) => _arguments.AddRange(first);

    /// <summary>
    /// What every run begins with: only errors and machine-readable progress on stderr (where <see cref="FfmpegProcess"/> reads both),
    /// never a question, old outputs overwritten.
    /// </summary>
    public static FfmpegArguments Create() =>
        new("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y", "-progress", "pipe:2", "-stats_period", "0.25");

    public FfmpegArguments Add(params ReadOnlySpan<string> arguments)
    {
        _arguments.AddRange(arguments);
        return this;
    }

    public FfmpegArguments Add(string name, long value) => Add(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>An input file. A leading dash cannot make it an option: the <c>file:</c> protocol is named.</summary>
    public FfmpegArguments InputFile(string path) => Add("-i", $"file:{path}");

    /// <summary>Raw planar 4:2:0 frames on standard input.</summary>
    public FfmpegArguments RawVideoFromStandardInput(int width, int height, int frameRate) =>
        Add("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", string.Create(CultureInfo.InvariantCulture, $"{width}x{height}"))
            .Add("-r", frameRate)
            .Add("-i", "pipe:0");

    /// <summary>Interleaved stereo 32-bit float samples at 48 kHz on standard input.</summary>
    public FfmpegArguments RawAudioFromStandardInput() => Add("-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "pipe:0");

    /// <summary>Raw planar 4:2:0 frames at a constant rate on standard output.</summary>
    public FfmpegArguments RawVideoToStandardOutput(int frameRate) =>
        Add("-r", frameRate).Add("-fps_mode", "cfr", "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1");

    /// <summary>Interleaved stereo 32-bit float samples at 48 kHz on standard output.</summary>
    public FfmpegArguments RawAudioToStandardOutput() => Add("-ac", "2", "-ar", "48000", "-f", "f32le", "pipe:1");

    public FfmpegArguments OutputFile(string path) => Add($"file:{path}");

    public IReadOnlyList<string> Build() => _arguments.ToArray();

    /// <summary>Quotes a value for use inside a filter description (FFmpeg "Notes on filtergraph escaping", both levels).</summary>
    public static string QuoteForFilter(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var option = value.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("'", "\\'", StringComparison.Ordinal)
            .Replace(":", "\\:", StringComparison.Ordinal);
        return "'" + option.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }
}
