using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Events.MediaRegistry.Blobs;

/// <summary>SHA-256 as 64 lower-case hexadecimal digits: a blob's name.</summary>
public static class ContentHash
{
    public const int TextLength = 2 * SHA256.HashSizeInBytes;

    /// <summary>Whether a text can name a blob; nothing else ever becomes part of a path.</summary>
    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: TextLength } && !text.AsSpan().ContainsAnyExcept("0123456789abcdef");

    public static string Of(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
