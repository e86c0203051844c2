using System.Globalization;
using System.Text.Json;

namespace Events.MediaRegistry.Ffmpeg;

/// <summary>What ffprobe says of a file.</summary>
/// <param name="Format">Container names, such as "mov,mp4,m4a,3gp,3g2,mj2".</param>
/// <param name="Duration">Zero when unknown.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Streams">In file order.</param>
public sealed record Probe(string Format, TimeSpan Duration, long Size, IReadOnlyList<ProbedStream> Streams)
{
    private const int MaxOutput = 4 * 1024 * 1024;

    public ProbedStream? Video => Streams.FirstOrDefault(s => s.Kind == "video");

    public ProbedStream? Audio => Streams.FirstOrDefault(s => s.Kind == "audio");

    /// <summary>Probes a file.</summary>
    /// <exception cref="FfmpegException">The file is no media, or not there.</exception>
    public static async Task<Probe> FileAsync(string ffprobePath, string path, CancellationToken cancellation = default)
    {
        var arguments = new[] { "-v", "error", "-print_format", "json", "-show_format", "-show_streams", "-i", $"file:{path}" };
        var json = await FfmpegProcess.ReadAsync(ffprobePath, arguments, $"probing {Path.GetFileName(path)}", MaxOutput, null, cancellation);
        return Parse(json);
    }

    /// <summary>Reads ffprobe's JSON.</summary>
    public static Probe Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var format = root.TryGetProperty("format", out var f) ? f : default;
        var streams = new List<ProbedStream>();
        if (root.TryGetProperty("streams", out var list))
        {
            foreach (var stream in list.EnumerateArray())
            {
                streams.Add(new(
                    Text(stream, "codec_type"),
                    Text(stream, "codec_name"),
                    (int)Number(stream, "width"),
                    (int)Number(stream, "height"),
                    Ratio(Text(stream, "avg_frame_rate")),
                    (int)Number(stream, "sample_rate"),
                    (int)Number(stream, "channels"),
                    TimeSpan.FromSeconds(Number(stream, "start_time")),
                    TimeSpan.FromSeconds(Number(stream, "duration"))));
            }
        }

        return new(
            Text(format, "format_name"),
            TimeSpan.FromSeconds(Number(format, "duration")),
            (long)Number(format, "size"),
            streams);
    }

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value.ToString() : string.Empty;

    private static double Number(JsonElement element, string name) =>
        double.TryParse(Text(element, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static double Ratio(string text)
    {
        var split = text.Split('/');
        return split.Length == 2
            && double.TryParse(split[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var a)
            && double.TryParse(split[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var b)
            && b != 0 ? a / b : 0;
    }
}

/// <param name="Kind">"video", "audio", "subtitle", "data".</param>
/// <param name="Codec">FFmpeg's name, such as "h264", "aac", "vp8", "opus".</param>
/// <param name="Width">Pixels, 0 for audio.</param>
/// <param name="Height">Pixels, 0 for audio.</param>
/// <param name="FrameRate">Average frames a second, 0 for audio.</param>
/// <param name="SampleRate">Hz, 0 for video.</param>
/// <param name="Channels">0 for video.</param>
/// <param name="Start">First presentation time.</param>
/// <param name="Duration">Zero when the container does not say.</param>
public sealed record ProbedStream(
    string Kind, string Codec, int Width, int Height, double FrameRate, int SampleRate, int Channels, TimeSpan Start, TimeSpan Duration);
