using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Events.MediaRegistry.Playback;

/// <summary>What a signed address is worth.</summary>
public enum SignatureVerdict
{
    Valid,
    Invalid,
    Expired,
}

/// <summary>
/// Addresses of blobs that work for a while for whoever has them: <c>/media/{sha256}/{fileName}?exp=&amp;sig=</c>, where
/// <c>sig</c> is the base64url HMAC-SHA256 over path and expiry (Unix seconds).
/// </summary>
/// <param name="keys">Those of the moment: the first signs, each verifies.</param>
/// <param name="renewed">Whether there are other keys now; asked where none of them has made a signature.</param>
/// <param name="clock">Tells when an address ends.</param>
public sealed class SignedUrls(Func<IReadOnlyList<byte[]>> keys, Func<bool> renewed, TimeProvider clock)
{
    /// <summary>A path with its signature, relative to the platform's address.</summary>
    public string Sign(string sha256, string fileName, DateTimeOffset expiresAt)
    {
        var exp = expiresAt.ToUnixTimeSeconds();
        return $"/media/{sha256}/{Uri.EscapeDataString(fileName)}?exp={exp.ToString(CultureInfo.InvariantCulture)}&sig={Base64Url.EncodeToString(Mac(keys()[0], sha256, fileName, exp))}";
    }

    /// <summary>Checks an address; what it names is only looked at when this says valid.</summary>
    public SignatureVerdict Verify(string sha256, string fileName, string? exp, string? sig)
    {
        Span<byte> shown = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (sig is not { Length: 43 } || !Base64Url.IsValid(sig) || !Base64Url.TryDecodeFromChars(sig, shown, out var written) || written != shown.Length
            || exp is not { Length: > 0 and <= 12 } || !long.TryParse(exp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || !(IsOurs(shown, sha256, fileName, seconds) || (renewed() && IsOurs(shown, sha256, fileName, seconds))))
        {
            return SignatureVerdict.Invalid;
        }

        return clock.GetUtcNow().ToUnixTimeSeconds() < seconds ? SignatureVerdict.Valid : SignatureVerdict.Expired;
    }

    private bool IsOurs(ReadOnlySpan<byte> shown, string sha256, string fileName, long exp)
    {
        var isOurs = false;
        foreach (var key in keys())
        {
            isOurs |= CryptographicOperations.FixedTimeEquals(shown, Mac(key, sha256, fileName, exp));
        }

        return isOurs;
    }

    private static byte[] Mac(byte[] key, string sha256, string fileName, long exp) =>
        // A line feed stands in neither a hash nor a number, so no two triples have one text.
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{sha256}\n{exp.ToString(CultureInfo.InvariantCulture)}\n{fileName}"));
}
