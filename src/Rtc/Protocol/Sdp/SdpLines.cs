using System.Diagnostics.CodeAnalysis;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Walks the "x=value" lines of a text; blank lines are skipped.</summary>
internal ref struct SdpLines(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;

    /// <summary>One-based number of the line read last.</summary>
    public int Number { get; private set; }

    public static bool TryCheckLength(ReadOnlySpan<char> text, [NotNullWhen(false)] out SdpError? error)
    {
        error = null;
        if (text.Length > SdpLimits.MaxLength)
        {
            error = new(SdpErrorCode.TooLarge, $"The description is longer than {SdpLimits.MaxLength} characters; offer fewer m-lines.");
        }
        else if (text.Trim().IsEmpty)
        {
            error = new(SdpErrorCode.Empty, "The description is empty; send it as the body with content type application/sdp.");
        }

        return error is null;
    }

    /// <summary>False at the end (error null) or at a line that is none.</summary>
    public bool TryNext(out char type, out ReadOnlySpan<char> value, out SdpError? error)
    {
        type = default;
        value = default;
        error = null;
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf('\n');
            var line = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            Number++;
            line = line.TrimEnd('\r');
            if (line.Trim(' ').IsEmpty)
            {
                continue;
            }

            if (line.Length < 2 || line[1] != '=' || line.Length > SdpLimits.MaxLineLength || HasControl(line))
            {
                error = new(SdpErrorCode.BadLine, "A line is a letter, an equals sign and text without control characters.", Number);
                return false;
            }

            type = line[0];
            value = line[2..].Trim();
            return true;
        }

        return false;
    }

    /// <summary>A control character inside a line could reach our answer and begin a line there; tabs are harmless.</summary>
    private static bool HasControl(ReadOnlySpan<char> line)
    {
        foreach (var c in line)
        {
            if ((c < ' ' && c != '\t') || c is '\u007F' or '\u0085' or '\u2028' or '\u2029')
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The token grammar of RFC 8866 §9.</summary>
internal static class SdpToken
{
    private static readonly System.Buffers.SearchValues<char> TokenCharacters = System.Buffers.SearchValues.Create(
        "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private static readonly System.Buffers.SearchValues<char> IceCharacters = System.Buffers.SearchValues.Create(
        "+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_=");

    private static readonly System.Buffers.SearchValues<char> RidCharacters = System.Buffers.SearchValues.Create(
        "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && text.IndexOfAnyExcept(TokenCharacters) < 0;

    /// <summary>RFC 8839 §5.4 ice-char, and the "-", "_" and "=" that some writers use for their base64.</summary>
    public static bool IsIce(ReadOnlySpan<char> text) => !text.IsEmpty && text.IndexOfAnyExcept(IceCharacters) < 0;

    /// <summary>RFC 8851 §10 rid-id.</summary>
    public static bool IsRid(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= SdpLimits.MaxIdentification && text.IndexOfAnyExcept(RidCharacters) < 0;
}
