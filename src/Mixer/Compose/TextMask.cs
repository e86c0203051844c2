using Events.MediaRegistry.Ffmpeg;

namespace Events.Mixer.Compose;

/// <summary>A rendered line of text: how much of each pixel it covers, 0…255.</summary>
public sealed record TextMask(int Width, int Height, byte[] Coverage);

/// <summary>A line of text to render.</summary>
public readonly record struct TextLine(string Text, int FontSize);

/// <summary>Renders lines of text with FFmpeg's drawtext, all in one run. Texts go through files, so nothing in a name is ever parsed.</summary>
internal static class TextRenderer
{
    private const int SheetWidth = 1_280;

    /// <summary>Lines a run: a filter per line, and 96 rows each of grey pixels.</summary>
    private const int LinesPerRun = 64;

    /// <summary>Longer names would not fit a full-width label.</summary>
    private const int MaxCharacters = 60;

    /// <param name="lines">What to render.</param>
    /// <param name="directory">For temporary files; relative names in it keep its path out of the filter.</param>
    /// <param name="options">FFmpeg and font.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<IReadOnlyDictionary<TextLine, TextMask>> RenderAsync(
        IReadOnlyCollection<TextLine> lines, string directory, MixerOptions options, CancellationToken cancellation)
    {
        var masks = new Dictionary<TextLine, TextMask>();
        foreach (var chunk in lines.Distinct().Chunk(LinesPerRun))
        {
            await RenderSheetAsync(chunk, directory, options, masks, cancellation);
        }

        return masks;
    }

    private static async Task RenderSheetAsync(
        TextLine[] lines, string directory, MixerOptions options, Dictionary<TextLine, TextMask> masks, CancellationToken cancellation)
    {
        var tops = new int[lines.Length];
        var height = 0;
        var filters = new List<string>();
        for (var i = 0; i < lines.Length; i++)
        {
            tops[i] = height;
            height += RowHeight(lines[i]);
            await File.WriteAllTextAsync(Path.Combine(directory, $"text-{i}.txt"), Clean(lines[i].Text), cancellation);

            // The ascent, not the drawn height, sets the baseline, so that all labels stand alike.
            filters.Add($"drawtext=fontfile={FfmpegArguments.QuoteForFilter(options.FontPath)}:textfile=text-{i}.txt:expansion=none"
                + $":fontsize={lines[i].FontSize}:fontcolor=white:x=2:y={tops[i]}+{lines[i].FontSize}-max_glyph_a+{lines[i].FontSize / 8}");
        }

        var sheetHeight = (height + 1) & ~1;
        var arguments = FfmpegArguments.Create()
            .Add("-f", "lavfi", "-i", $"color=black:s={SheetWidth}x{sheetHeight}:r=1:d=1")
            .Add("-vf", "format=gray," + string.Join(',', filters), "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1")
            .Build();
        var size = SheetWidth * sheetHeight;
        var sheet = await FfmpegProcess.ReadAsync(options.FfmpegPath, arguments, "rendering names", size, directory, cancellation);
        if (sheet.Length != size)
        {
            throw new InvalidDataException("rendering names gave no whole picture");
        }

        for (var i = 0; i < lines.Length; i++)
        {
            masks[lines[i]] = Cut(sheet, tops[i], RowHeight(lines[i]));
            File.Delete(Path.Combine(directory, $"text-{i}.txt"));
        }
    }

    private static int RowHeight(TextLine line) => (line.FontSize * 3 / 2) & ~1;

    private static TextMask Cut(byte[] sheet, int top, int height)
    {
        var width = 0;
        for (var y = top; y < top + height; y++)
        {
            width = Math.Max(width, sheet.AsSpan(y * SheetWidth, SheetWidth).LastIndexOfAnyExcept((byte)0) + 1);
        }

        var cut = new byte[width * height];
        for (var y = 0; y < height; y++)
        {
            sheet.AsSpan((top + y) * SheetWidth, width).CopyTo(cut.AsSpan(y * width));
        }

        return new(width, height, cut);
    }

    private static string Clean(string text)
    {
        var runes = text.EnumerateRunes().Where(r => !System.Text.Rune.IsControl(r)).Take(MaxCharacters + 1).ToList();
        var cut = string.Concat(runes.Take(MaxCharacters).Select(r => r.ToString()));
        return runes.Count > MaxCharacters ? cut + "…" : cut;
    }
}
