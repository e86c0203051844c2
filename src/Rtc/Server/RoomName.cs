using System.Buffers;

namespace Events.Rtc;

/// <summary>Names of rooms: what fits unescaped into a URL's path (RFC 3986 §2.3, unreserved), 1 to 64 characters.</summary>
public static class RoomName
{
    public const int MaxLength = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-");

    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MaxLength } && !name.AsSpan().ContainsAnyExcept(Allowed);
}
