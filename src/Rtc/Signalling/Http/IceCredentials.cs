using System.Buffers;

namespace Events.Rtc.Signalling.Http;

/// <summary>The ICE user fragment and password that an SDP, or an SDP fragment (RFC 8840 §9), begins with.</summary>
internal sealed record IceCredentials(string Ufrag, string Pwd)
{
    // RFC 8839 §5.4: ice-char is ALPHA / DIGIT / "+" / "/"; ufrag 4*256, pwd 22*256.
    private static readonly SearchValues<char> IceChars = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    /// <summary>False when a line is no SDP line, or only one of the two stands there, or one is malformed. None at all is fine.</summary>
    public static bool TryRead(string sdp, out IceCredentials? credentials)
    {
        credentials = null;
        string? ufrag = null;
        string? pwd = null;
        foreach (ReadOnlySpan<char> raw in sdp.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> line = raw.TrimEnd(' ');
            if (line.IsEmpty)
                continue;
            if (line.Length < 2 || line[1] != '=' || !char.IsAsciiLetterLower(line[0]))
                return false;
            // With BUNDLE every m-line repeats the first one's.
            if (ufrag is null && line.StartsWith("a=ice-ufrag:", StringComparison.Ordinal))
                ufrag = line["a=ice-ufrag:".Length..].ToString();
            else if (pwd is null && line.StartsWith("a=ice-pwd:", StringComparison.Ordinal))
                pwd = line["a=ice-pwd:".Length..].ToString();
        }

        if (ufrag is null && pwd is null)
            return true;
        if (!IsIce(ufrag, 4) || !IsIce(pwd, 22))
            return false;
        credentials = new IceCredentials(ufrag!, pwd!);
        return true;
    }

    private static bool IsIce(string? text, int minLength) =>
        text is not null && text.Length >= minLength && text.Length <= 256 && !text.AsSpan().ContainsAnyExcept(IceChars);
}
