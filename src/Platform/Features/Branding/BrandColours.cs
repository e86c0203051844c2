using Events.Platform.Composition;

namespace Events.Platform.Features.Branding;

/// <param name="Background">"#rrggbb"; null: no colours of one's own.</param>
/// <param name="Foreground">Of text on it; left out, light or dark, whichever reads better.</param>
public sealed record NewColours(string? Background, string? Foreground);

/// <summary>A pair that can be read, or no pair.</summary>
internal readonly record struct BrandColours(string? Background, string? Foreground)
{
    public static BrandColours Read(NewColours request, FieldChecks checks)
    {
        var background = Contrast.ColourOf(request.Background);
        var foreground = request.Foreground is null && background is not null ? Contrast.TextOn(background) : Contrast.ColourOf(request.Foreground);
        checks.Require((request.Background is null || background is not null) && (request.Foreground is null || (foreground is not null && background is not null)), "colour_invalid", "'background' and 'foreground' are colours like #1a5f7a; the second needs the first.");
        checks.Require(background is null || foreground is null || Contrast.Ratio(background, foreground) >= Contrast.Least, "contrast_too_low", $"Text of this colour cannot be read on it: the contrast must be at least {Contrast.Least}:1.");
        return new BrandColours(background, foreground);
    }
}
