using System.Globalization;
using Events.Mixer.Scenes;

namespace Events.Mixer.Compose;

/// <summary>Paints what is not video: background, placeholders with initials, name labels, the calm card.</summary>
internal sealed class CardPainter(IReadOnlyDictionary<TextLine, TextMask> masks)
{
    private const int TitleSize = 44;
    private const int LabelMargin = 8;
    private const int LabelPadding = 8;
    private static readonly YuvColor Background = YuvColor.FromRgb(24, 28, 38);
    private static readonly YuvColor Text = YuvColor.FromRgb(240, 242, 246);

    /// <summary>Calm, told apart, and dark enough for white letters.</summary>
    private static readonly YuvColor[] Palette =
    [
        YuvColor.FromRgb(56, 84, 120), YuvColor.FromRgb(92, 72, 122), YuvColor.FromRgb(44, 104, 100), YuvColor.FromRgb(122, 78, 70),
        YuvColor.FromRgb(78, 98, 62), YuvColor.FromRgb(110, 66, 98),
    ];

    /// <summary>Every text that the scenes need.</summary>
    public static IReadOnlyCollection<TextLine> TextsOf(IReadOnlyList<Scene> scenes, string title)
    {
        var lines = new HashSet<TextLine>();
        foreach (var tile in scenes.SelectMany(s => s.Tiles))
        {
            lines.Add(LabelOf(tile));
            if (tile.TrackId is null)
            {
                lines.Add(InitialsOf(tile));
            }
        }

        if (title.Length > 0)
        {
            lines.Add(new(title, TitleSize));
        }

        lines.RemoveWhere(l => l.Text.Length == 0);
        return lines;
    }

    /// <summary>The still part of a scene: everything behind video and labels.</summary>
    public void PaintStill(YuvImage canvas, Scene scene, string title)
    {
        canvas.Fill(0, 0, canvas.Width, canvas.Height, Background);
        foreach (var tile in scene.Tiles)
        {
            canvas.Fill(tile.Rect.X, tile.Rect.Y, tile.Rect.Width, tile.Rect.Height, ColorOf(tile));
            if (tile.TrackId is null && masks.TryGetValue(InitialsOf(tile), out var initials))
            {
                DrawCentered(canvas, initials, tile.Rect);
            }
        }

        if (scene.Tiles.Count == 0 && masks.TryGetValue(new(title, TitleSize), out var card))
        {
            DrawCentered(canvas, card, new(0, 0, canvas.Width, canvas.Height));
        }
    }

    /// <summary>Names, bottom left inside the tiles, over everything else.</summary>
    public void PaintLabels(YuvImage canvas, Scene scene)
    {
        foreach (var tile in scene.Tiles)
        {
            if (!masks.TryGetValue(LabelOf(tile), out var mask) || mask.Width == 0)
            {
                continue;
            }

            var width = Math.Min(mask.Width + (2 * LabelPadding), tile.Rect.Width - (2 * LabelMargin)) & ~1;
            var x = tile.Rect.X + LabelMargin;
            var y = tile.Rect.Y + tile.Rect.Height - LabelMargin - mask.Height;
            Darken(canvas, x, y & ~1, width, mask.Height);
            Draw(canvas, mask, x + LabelPadding, y & ~1, width - (2 * LabelPadding));
        }
    }

    private static TextLine LabelOf(Tile tile) => new(tile.Name.Trim(), Math.Clamp(tile.Rect.Height / 18, 14, 28) & ~1);

    private static TextLine InitialsOf(Tile tile)
    {
        var words = tile.Name.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var letters = words.Length == 0
            ? "?"
            : StringInfo.GetNextTextElement(words[0]) + (words.Length > 1 ? StringInfo.GetNextTextElement(words[^1]) : string.Empty);
        return new(letters.ToUpperInvariant(), Math.Clamp(tile.Rect.Height / 4, 24, 120) & ~1);
    }

    private static YuvColor ColorOf(Tile tile)
    {
        var hash = 17;
        foreach (var character in tile.Name)
        {
            hash = unchecked((hash * 31) + character);
        }

        return Palette[(int)((uint)hash % (uint)Palette.Length)];
    }

    private static void DrawCentered(YuvImage canvas, TextMask mask, Rect rect) =>
        Draw(canvas, mask, rect.X + Math.Max(0, (rect.Width - mask.Width) / 2), rect.Y + Math.Max(0, (rect.Height - mask.Height) / 2), rect.Width);

    private static void Darken(YuvImage canvas, int x, int y, int width, int height)
    {
        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            var stride = canvas.Width >> shift;
            var pixels = canvas.Plane(plane);
            for (var row = y >> shift; row < (y + height) >> shift; row++)
            {
                foreach (ref var pixel in pixels.Slice((row * stride) + (x >> shift), width >> shift))
                {
                    // 60 % of the way to black, or to grey for chroma.
                    var target = plane == 0 ? 16 : 128;
                    pixel = (byte)(pixel + ((target - pixel) * 154 / 256));
                }
            }
        }
    }

    private static void Draw(YuvImage canvas, TextMask mask, int x, int y, int maxWidth)
    {
        var width = Math.Min(Math.Min(mask.Width, maxWidth), canvas.Width - x);
        var luma = canvas.Plane(0);
        for (var row = 0; row < mask.Height && y + row < canvas.Height; row++)
        {
            for (var column = 0; column < width; column++)
            {
                ref var pixel = ref luma[((y + row) * canvas.Width) + x + column];
                pixel = (byte)(pixel + ((Text.Y - pixel) * mask.Coverage[(row * mask.Width) + column] / 255));
            }
        }

        // Letters are nearly grey: chroma follows where a letter covers its pixel.
        for (var plane = 1; plane < 3; plane++)
        {
            var chroma = canvas.Plane(plane);
            for (var row = 0; row + 1 < mask.Height && y + row + 1 < canvas.Height; row += 2)
            {
                for (var column = 0; column + 1 < width; column += 2)
                {
                    ref var pixel = ref chroma[((y + row) / 2 * (canvas.Width / 2)) + ((x + column) / 2)];
                    pixel = (byte)(pixel + ((Text[plane] - pixel) * mask.Coverage[(row * mask.Width) + column] / 255));
                }
            }
        }
    }
}
