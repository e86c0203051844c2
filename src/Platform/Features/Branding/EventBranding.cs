using Events.Platform.Features.Events;
using Events.Platform.Roles;

namespace Events.Platform.Features.Branding;

/// <summary>How an event looks. The colours are a pair that can be read (WCAG AA); what is null is left to the platform's own look.</summary>
/// <param name="Background">"#rrggbb": of buttons and heads; the organisation's where the event has none.</param>
/// <param name="Foreground">Of text on it.</param>
/// <param name="LogoUrl">A path of this platform; at most 256×256; the organisation's where the event has none.</param>
/// <param name="CoverUrl">A path of this platform; at most 1600×900.</param>
/// <param name="Version">Of the colours: their entity tag.</param>
/// <param name="OwnColours">False: they are the organisation's, or nobody's.</param>
/// <param name="OwnLogo">False: it is the organisation's, or nobody's.</param>
public sealed record EventBranding(string? Background, string? Foreground, string? LogoUrl, string? CoverUrl, int Version, bool OwnColours, bool OwnLogo)
{
    /// <summary>What a mail's frame is made of: values that <see cref="Mail.MailTemplate"/> knows beside its template's own.</summary>
    internal static Dictionary<string, string> MailValues(EventRow row, NodeOptions options)
    {
        var branding = row.Branding;
        return new Dictionary<string, string>
        {
            ["brandBackground"] = branding.Background ?? "",
            ["brandForeground"] = branding.Foreground ?? "",
            ["brandName"] = row.OrganiserName,
            ["brandLogoUrl"] = branding.LogoUrl is { } logo ? new Uri(options.PublicUrl, logo).ToString() : "",
        };
    }
}
