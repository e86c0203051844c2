using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Events.Platform.Features.Tickets;

/// <summary>Base45 (RFC 9285): two bytes are three characters of a QR code's alphanumeric set.</summary>
internal static class Base45
{
    // RFC 9285 §4, table 1
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder((bytes.Length / 2 * 3) + 2);
        var i = 0;
        for (; i + 1 < bytes.Length; i += 2)
        {
            var n = (bytes[i] << 8) | bytes[i + 1];
            text.Append(Alphabet[n % 45]).Append(Alphabet[n / 45 % 45]).Append(Alphabet[n / (45 * 45)]);
        }

        if (i < bytes.Length)
        {
            text.Append(Alphabet[bytes[i] % 45]).Append(Alphabet[bytes[i] / 45]);
        }

        return text.ToString();
    }

    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length % 3 == 1)
        {
            return false;
        }

        var decoded = new List<byte>(text.Length / 3 * 2 + 1);
        for (var i = 0; i < text.Length; i += 3)
        {
            var (low, middle, isWhole) = (Alphabet.IndexOf(text[i]), Alphabet.IndexOf(text[i + 1]), i + 2 < text.Length);
            var high = isWhole ? Alphabet.IndexOf(text[i + 2]) : 0;
            var n = low + (45 * middle) + (45 * 45 * high);
            if (low < 0 || middle < 0 || high < 0 || n > (isWhole ? 0xFFFF : 0xFF))
            {
                return false;
            }

            if (isWhole)
            {
                decoded.Add((byte)(n >> 8));
            }

            decoded.Add((byte)n);
        }

        bytes = [.. decoded];
        return true;
    }
}
