using System.Globalization;

namespace Events.MediaRegistry.Ffmpeg;

/// <summary>One report of <c>-progress</c>.</summary>
/// <param name="Frame">Video frames written.</param>
/// <param name="OutputTime">Media time written.</param>
/// <param name="Size">Bytes written, 0 when FFmpeg does not know.</param>
/// <param name="Ended">The last report.</param>
public sealed record FfmpegProgress(long Frame, TimeSpan OutputTime, long Size, bool Ended);

/// <summary>Collects the key=value lines of <c>-progress</c> into reports; tells them from log lines.</summary>
public sealed class FfmpegProgressParser
{
    private static readonly HashSet<string> Keys =
    [
        "frame", "fps", "bitrate", "total_size", "out_time_us", "out_time_ms", "out_time", "dup_frames", "drop_frames", "speed", "progress",
    ];

    private long _frame;
    private long _size;
    private TimeSpan _time;

    /// <summary>Takes one line.</summary>
    /// <param name="line">A line of stderr.</param>
    /// <param name="report">A whole report, when this line completes one.</param>
    /// <returns>Whether the line belongs to progress, and so not to the log.</returns>
    public bool TryRead(string line, out FfmpegProgress? report)
    {
        ArgumentNullException.ThrowIfNull(line);
        report = null;
        var split = line.IndexOf('=', StringComparison.Ordinal);
        if (split <= 0)
        {
            return false;
        }

        var key = line[..split].Trim();
        if (!Keys.Contains(key) && !key.StartsWith("stream_", StringComparison.Ordinal))
        {
            return false;
        }

        var value = line[(split + 1)..].Trim();
        switch (key)
        {
            case "frame" when long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var frame):
                _frame = frame;
                break;
            case "total_size" when long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var size):
                _size = size;
                break;
            case "out_time_us" when long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var microseconds):
                _time = TimeSpan.FromMicroseconds(Math.Clamp(microseconds, 0, (long)TimeSpan.FromDays(365).TotalMicroseconds));
                break;
            case "progress":
                report = new(_frame, _time, _size, value == "end");
                break;
        }

        return true;
    }
}
