using PdfSharp.Drawing;
using PdfSharp.Fonts;
using PdfSharp.Pdf;
using QRCoder;

namespace Events.Platform.Features.Onsite;

/// <param name="Code">What its QR code says.</param>
internal sealed record Badge(string Name, string Type, string Code);

/// <summary>
/// Badges for printing: ten of 85 × 54 mm (a card of ISO/IEC 7810 ID-1, as its holders take it) on each sheet of A4, with lines to cut along, or one on a page of
/// its own size for printers of cards. The QR code is the ticket's own, so that a badge opens doors and is read at booths.
/// </summary>
internal static class BadgeSheet
{
    private const double Width = 85;
    private const double Height = 54;
    private const int Columns = 2;
    private const int Rows = 5;
    private const double SheetWidth = 210; // A4
    private const double SheetHeight = 297;
    private const double Margin = 5;
    private const double QrSide = 30;
    private const double TextWidth = Width - (2 * Margin) - QrSide;

    // Points. A name is read from two metres, in no less than half of that.
    private const double LargestName = 20;
    private const double SmallestName = 9;
    private const int NameLines = 3;

    public static byte[] Sheets(string eventName, IReadOnlyList<Badge> badges)
    {
        using var document = New(eventName);
        foreach (var sheet in badges.Chunk(Columns * Rows))
        {
            using var page = Page(document, SheetWidth, SheetHeight);
            foreach (var (badge, i) in sheet.Select((b, i) => (b, i)))
            {
                Draw(page, eventName, badge, ((SheetWidth - (Columns * Width)) / 2) + (i % Columns * Width), ((SheetHeight - (Rows * Height)) / 2) + (i / Columns * Height), cut: true);
            }
        }

        return Bytes(document);
    }

    public static byte[] Card(string eventName, Badge badge)
    {
        using var document = New(eventName);
        using (var page = Page(document, Width, Height))
        {
            Draw(page, eventName, badge, 0, 0, cut: false);
        }

        return Bytes(document);
    }

    /// <summary>The largest size, in points, at which a name stands in its lines, and those lines. A word that is too long at the smallest is cut.</summary>
    /// <param name="name">In full.</param>
    /// <param name="widthOf">A text's width at a size, in the unit of <paramref name="width"/>.</param>
    /// <param name="width">Of a line.</param>
    public static (double Size, IReadOnlyList<string> Lines) Fit(string name, Func<string, double, double> widthOf, double width)
    {
        for (var size = LargestName; ; size--)
        {
            var lines = Wrap(name, text => widthOf(text, size) <= width);
            if (lines.Count <= NameLines && lines.All(l => widthOf(l, size) <= width))
            {
                return (size, lines);
            }

            if (size <= SmallestName)
            {
                return (size, [.. lines.Take(NameLines).Select(l => Cut(l, text => widthOf(text, size) <= width))]);
            }
        }
    }

    private static List<string> Wrap(string text, Func<string, bool> fits)
    {
        var lines = new List<string>();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (lines.Count > 0 && fits($"{lines[^1]} {word}"))
            {
                lines[^1] += $" {word}";
            }
            else
            {
                lines.Add(word);
            }
        }

        return lines;
    }

    private static string Cut(string line, Func<string, bool> fits)
    {
        if (fits(line))
        {
            return line;
        }

        while (line.Length > 1)
        {
            line = line[..^(char.IsLowSurrogate(line[^1]) ? 2 : 1)];
            if (fits($"{line}…"))
            {
                return $"{line}…";
            }
        }

        return line;
    }

    private static void Draw(XGraphics page, string eventName, Badge badge, double x, double y, bool cut)
    {
        if (cut)
        {
            page.DrawRectangle(new XPen(XColors.LightGray, 0.1), x, y, Width, Height);
        }

        var small = Font(8, bold: false);
        var (size, lines) = Fit(badge.Name, (text, points) => page.MeasureString(text, Font(points, bold: true)).Width, TextWidth - 2);
        var name = Font(size, bold: true);
        page.DrawString(Cut(eventName, t => page.MeasureString(t, small).Width <= Width - (2 * Margin)), small, XBrushes.DimGray, x + Margin, y + Margin, XStringFormats.TopLeft);
        var lineHeight = name.GetHeight();
        var top = y + (Height / 2) - (lines.Count * lineHeight / 2);
        foreach (var (line, i) in lines.Select((l, i) => (l, i)))
        {
            page.DrawString(line, name, XBrushes.Black, x + Margin, top + (i * lineHeight), XStringFormats.TopLeft);
        }

        page.DrawString(Cut(badge.Type, t => page.MeasureString(t, small).Width <= TextWidth), small, XBrushes.Black, x + Margin, y + Height - Margin, XStringFormats.BottomLeft);
        DrawCode(page, badge.Code, x + Width - Margin - QrSide, y + ((Height - QrSide) / 2) + 2);
    }

    private static void DrawCode(XGraphics page, string code, double x, double y)
    {
        using var data = QRCodeGenerator.GenerateQrCode(code, QRCodeGenerator.ECCLevel.M);
        var modules = data.ModuleMatrix;
        var side = QrSide / modules.Count;
        var runs = new List<XRect>();
        for (var row = 0; row < modules.Count; row++)
        {
            for (var from = 0; from < modules.Count; from++)
            {
                var until = from;
                while (until < modules.Count && modules[row][until])
                {
                    until++;
                }

                if (until > from)
                {
                    runs.Add(new XRect(x + (from * side), y + (row * side), (until - from) * side, side));
                    from = until;
                }
            }
        }

        page.DrawRectangles(XBrushes.Black, [.. runs]);
    }

    /// <summary>Sizes of type are points, whatever the page is measured in.</summary>
    private static XFont Font(double points, bool bold) => new(BadgeFonts.Family, XUnit.FromPoint(points).Millimeter, bold ? XFontStyleEx.Bold : XFontStyleEx.Regular);

    private static PdfDocument New(string title)
    {
        GlobalFontSettings.FontResolver ??= new BadgeFonts();
        var document = new PdfDocument();
        document.Info.Title = title;
        return document;
    }

    private static XGraphics Page(PdfDocument document, double width, double height)
    {
        var page = document.AddPage();
        (page.Width, page.Height) = (XUnit.FromMillimeter(width), XUnit.FromMillimeter(height));
        return XGraphics.FromPdfPage(page, XGraphicsUnit.Millimeter);
    }

    private static byte[] Bytes(PdfDocument document)
    {
        using var stream = new MemoryStream();
        document.Save(stream, closeStream: false);
        return stream.ToArray();
    }
}

/// <summary>DejaVu Sans (Debian's fonts-dejavu-core): Latin, Greek, Cyrillic, Arabic, Hebrew; other scripts show boxes. What is used of it is embedded.</summary>
internal sealed class BadgeFonts : IFontResolver
{
    public const string Family = "DejaVu Sans";

    private const string Directory = "/usr/share/fonts/truetype/dejavu";

    public byte[] GetFont(string faceName) => File.ReadAllBytes(Path.Combine(Directory, faceName));

    public FontResolverInfo ResolveTypeface(string familyName, bool isBold, bool isItalic) => new(isBold ? "DejaVuSans-Bold.ttf" : "DejaVuSans.ttf");
}
