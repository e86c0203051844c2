using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Events.Tests.EndToEnd.Media;

/// <summary>What ffprobe says of a file.</summary>
public sealed record Probe(string VideoCodec, string AudioCodec, int Width, int Height, double FrameRate, double Duration, double VideoDuration, double AudioDuration)
{
    public static async Task<Probe> ReadAsync(string path)
    {
        var json = JsonNode.Parse(await Tool.TextAsync("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", path))!;
        var streams = json["streams"]!.AsArray();
        var video = streams.Single(s => (string?)s!["codec_type"] == "video")!;
        var audio = streams.Single(s => (string?)s!["codec_type"] == "audio")!;
        var rate = ((string)video["avg_frame_rate"]!).Split('/');
        return new(
            (string)video["codec_name"]!, (string)audio["codec_name"]!, (int)video["width"]!, (int)video["height"]!,
            Number(rate[0]) / Number(rate[1]), Number((string)json["format"]!["duration"]!), Number((string)video["duration"]!), Number((string)audio["duration"]!));
    }

    internal static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>A composed recording of one <see cref="Speaker"/> (or of a browser that draws the same board), measured.</summary>
/// <param name="Flashes">When the picture turns white, in seconds of the file.</param>
/// <param name="Beeps">When the tone starts, in seconds of the file.</param>
/// <param name="Positions">Positions in the footage that are seen, in seconds, each once, ascending.</param>
public sealed record Composite(IReadOnlyList<double> Flashes, IReadOnlyList<double> Beeps, IReadOnlyList<double> Positions)
{
    private const int Columns = 16, Rows = 9;
    private const int SampleRate = 48_000;

    /// <summary>The seconds of which anything is seen.</summary>
    public IReadOnlyList<int> Seconds => [.. Positions.Select(p => (int)p).Distinct()];

    /// <summary>What is missing before a position: the time from the last frame seen until there.</summary>
    public double MissingBefore(double position) => position - Positions.Where(p => p <= position).DefaultIfEmpty(0).Max();

    /// <summary>The longest time without a new frame between two positions.</summary>
    public double LongestHole(double from, double to)
    {
        var seen = Positions.Where(p => p >= from && p <= to).ToList();
        return seen.Count < 2 ? to - from : seen.Zip(seen.Skip(1), (a, b) => b - a).Max();
    }

    /// <summary>Flash minus nearest beep, in milliseconds, for each flash that has a beep within half a second.</summary>
    public IReadOnlyList<double> Offsets() =>
        [.. from flash in Flashes
            let nearest = Beeps.MinBy(b => Math.Abs(b - flash))
            where Math.Abs(nearest - flash) < 0.5
            select (flash - nearest) * 1000];

    public static async Task<Composite> ReadAsync(string path)
    {
        var times = (await Tool.TextAsync("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path))
            .Split((char[])['\n', ',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(Probe.Number).Order().ToList();
        var boards = await Tool.BytesAsync(
            "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-an", "-vf", $"scale={Columns}:{Rows}:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-");
        var frames = Math.Min(times.Count, boards.Length / (Columns * Rows));
        var flashes = new List<double>();
        var positions = new SortedSet<double>();
        var wasWhite = true;
        for (var i = 0; i < frames; i++)
        {
            var board = boards.AsSpan(i * Columns * Rows, Columns * Rows);
            var white = IsWhite(board);
            if (white && !wasWhite)
            {
                flashes.Add(times[i]);
            }

            wasWhite = white;
            if (PositionOf(board) is { } position)
            {
                positions.Add(position);
            }
        }

        var sound = await Tool.BytesAsync(
            "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-vn", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", $"{SampleRate}", "-f", "s16le", "-");
        return new(flashes, Onsets(MemoryMarshal.Cast<byte, short>(sound)), [.. positions]);
    }

    private static bool IsWhite(ReadOnlySpan<byte> board)
    {
        var sum = 0;
        for (var column = 4; column < 12; column++)
        {
            sum += board[column] + board[Columns + column];
        }

        return sum / 16 > 120;
    }

    private static double? PositionOf(ReadOnlySpan<byte> board)
    {
        var second = NumberOf(board, 4, Footage.SecondBits + 1);
        var frame = NumberOf(board, 6, Footage.FrameBits);
        const int mark = 1 << Footage.SecondBits;
        // The eighth cell is white in every frame of the footage: without it nobody is in the picture.
        return second is { } known && frame is < Footage.FrameRate && (known & mark) != 0 ? (known - mark) + ((double)frame / Footage.FrameRate) : null;
    }

    /// <summary>A row of cells as a binary number, the lowest bit first; null where a cell is neither black nor white.</summary>
    private static int? NumberOf(ReadOnlySpan<byte> board, int row, int bits)
    {
        var number = 0;
        for (var bit = 0; bit < bits; bit++)
        {
            var at = (row * Columns) + (2 * bit);
            var level = (board[at] + board[at + 1] + board[at + Columns] + board[at + Columns + 1]) / 4;
            if (level is > 90 and < 160)
            {
                return null;
            }

            number |= level >= 160 ? 1 << bit : 0;
        }

        return number;
    }

    /// <summary>Where sound starts after a third of a second of quiet.</summary>
    private static List<double> Onsets(ReadOnlySpan<short> samples)
    {
        const int threshold = 1_600; // 5 % of full scale: above what codecs leave between the tones
        const int quietBefore = SampleRate / 3;
        var onsets = new List<double>();
        var lastLoud = 0;
        for (var i = 0; i < samples.Length; i++)
        {
            if (Math.Abs((int)samples[i]) < threshold)
            {
                continue;
            }

            if (i - lastLoud > quietBefore)
            {
                onsets.Add((double)i / SampleRate);
            }

            lastLoud = i;
        }

        return onsets;
    }
}
