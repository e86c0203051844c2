using System.Globalization;
using System.Security.Cryptography;

namespace Events.Rtc.Signalling.Tokens;

/// <summary>The line above a key that signs no more: until when it is trusted.</summary>
internal static class TrustEnd
{
    /// <summary>Followed by an RFC 3339 time; RFC 7468 §2 lets text stand before a PEM block.</summary>
    public const string Label = "Trusted-Until: ";

    private const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public static string Line(DateTimeOffset at) => Label + at.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture) + "\n";

    /// <exception cref="CryptographicException">It is no time.</exception>
    public static DateTimeOffset Read(ReadOnlySpan<char> text) =>
        DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset end)
            ? end
            : throw new CryptographicException($"'{text}' is no time like 2030-01-31T12:00:00Z.");
}
