using System.Text;

namespace Events.Platform.Features.Tickets;

/// <summary>What a file is, by its bytes and not by its name; pure.</summary>
internal static class AnswerFileType
{
    /// <summary>For people.</summary>
    public const string Accepted = "PDF, PNG, JPEG, WebP or plain text";

    /// <summary>Null for everything that is not on the list: archives and office files can carry programs.</summary>
    public static (string MimeType, string Extension)? Of(ReadOnlySpan<byte> content) => content switch
    {
        _ when content.StartsWith("%PDF-"u8) => ("application/pdf", ".pdf"), // ISO 32000-1 §7.5.2
        _ when content.StartsWith(PngSignature) => ("image/png", ".png"), // RFC 2083 §3.1
        _ when content.StartsWith(JpegSignature) => ("image/jpeg", ".jpg"), // ITU-T T.81 §B.1.1.3: SOI and the next marker's first byte
        _ when content.Length >= 12 && content.StartsWith("RIFF"u8) && content[8..].StartsWith("WEBP"u8) => ("image/webp", ".webp"),
        _ when IsText(content) => ("text/plain; charset=utf-8", ".txt"),
        _ => null,
    };

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];

    /// <summary>UTF-8 without control characters other than those of layout, and no markup at its head.</summary>
    private static bool IsText(ReadOnlySpan<byte> content)
    {
        var text = content.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] == (byte)'<')
        {
            return false;
        }

        while (!content.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(content, out var rune, out var length) != System.Buffers.OperationStatus.Done || (Rune.IsControl(rune) && rune.Value is not ('\t' or '\r' or '\n' or '\f')))
            {
                return false;
            }

            content = content[length..];
        }

        return true;
    }
}
