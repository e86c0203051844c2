using System.Globalization;

namespace Events.Platform.Features.Branding;

/// <summary>Whether text can be read on a colour (WCAG 2.1, relative luminance and contrast ratio); pure.</summary>
internal static class Contrast
{
    /// <summary>Of text of ordinary size, level AA (success criterion 1.4.3).</summary>
    public const double Least = 4.5;

    private const string Light = "#ffffff";
    private const string Dark = "#16181d";

    /// <summary>"#rrggbb" in lower case; null for anything else.</summary>
    public static string? ColourOf(string? text)
    {
        var colour = text?.Trim().ToLowerInvariant();
        return colour is { Length: 7 } && colour[0] == '#' && colour.AsSpan(1).IndexOfAnyExcept("0123456789abcdef") < 0 ? colour : null;
    }

    /// <summary>1 to 21.</summary>
    public static double Ratio(string first, string second)
    {
        var (a, b) = (Luminance(first), Luminance(second));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    /// <summary>The one of light and dark that reads better; one of the two always reads well enough.</summary>
    public static string TextOn(string background) => Ratio(background, Light) >= Ratio(background, Dark) ? Light : Dark;

    private static double Luminance(string colour) => (0.2126 * Channel(colour, 1)) + (0.7152 * Channel(colour, 3)) + (0.0722 * Channel(colour, 5));

    private static double Channel(string colour, int at)
    {
        var value = int.Parse(colour.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
