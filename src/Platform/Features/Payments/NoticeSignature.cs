using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Events.Platform.Features.Payments;

/// <summary>
/// The signature of a webhook in Stripe's published scheme (docs.stripe.com/webhooks, "Verify manually"): <c>t=seconds,v1=hex[,v1=hex…]</c>,
/// where each v1 is the HMAC-SHA256 of "t.body" under one secret; pure.
/// </summary>
internal static class NoticeSignature
{
    /// <summary>An older notice may be a replay; a newer one means that a clock is wrong.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>While a secret is being replaced there are two; more are no signature but an attack on our time.</summary>
    private const int MaxParts = 16;

    private const int MaxLength = 1_500;

    /// <summary>Whether one of the v1 signatures was made by one of the secrets, within the tolerance around now.</summary>
    public static bool IsValid(ReadOnlySpan<byte> body, string? header, IEnumerable<byte[]> secrets, DateTimeOffset now)
    {
        if (header is not { Length: > 0 and <= MaxLength } || header.Split(',') is not { Length: <= MaxParts } parts)
        {
            return false;
        }

        string? time = null;
        var given = new List<byte[]>();
        foreach (var part in parts)
        {
            var at = part.IndexOf('=');
            var (name, value) = at < 0 ? ("", "") : (part[..at].Trim(), part[(at + 1)..].Trim());
            if (name == "t")
            {
                time ??= value;
            }
            else if (name == "v1" && value.Length == 2 * HMACSHA256.HashSizeInBytes && value.All(char.IsAsciiHexDigit))
            {
                given.Add(Convert.FromHexString(value));
            }
        }

        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((double)now.ToUnixTimeSeconds() - seconds) > Tolerance.TotalSeconds)
        {
            return false;
        }

        var isValid = false;
        foreach (var secret in secrets)
        {
            var expected = Mac(secret, time, body);
            foreach (var signature in given)
            {
                isValid |= CryptographicOperations.FixedTimeEquals(expected, signature);
            }
        }

        return isValid;
    }

    public static string Sign(ReadOnlySpan<byte> body, byte[] secret, DateTimeOffset at)
    {
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={time},v1={Convert.ToHexStringLower(Mac(secret, time, body))}";
    }

    /// <summary>Over the time as it was sent: "t" may be written in more than one way.</summary>
    private static byte[] Mac(byte[] secret, string time, ReadOnlySpan<byte> body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        mac.AppendData(Encoding.ASCII.GetBytes(time));
        mac.AppendData("."u8);
        mac.AppendData(body);
        return mac.GetHashAndReset();
    }
}
