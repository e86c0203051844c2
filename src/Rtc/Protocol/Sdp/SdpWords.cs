using System.Globalization;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Reads the blank-separated words of a line.</summary>
internal ref struct SdpWords(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;

    /// <summary>What has not been read, without leading blanks.</summary>
    public readonly ReadOnlySpan<char> Rest => _rest.Trim(' ');

    public bool TryNext(out ReadOnlySpan<char> word)
    {
        _rest = _rest.TrimStart(' ');
        var end = _rest.IndexOf(' ');
        word = end < 0 ? _rest : _rest[..end];
        _rest = _rest[word.Length..];
        return !word.IsEmpty;
    }

    public bool TryNextInt(int min, int max, out int value)
    {
        value = 0;
        return TryNext(out var word)
            && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value >= min && value <= max;
    }

    public bool TryNextUInt(out uint value)
    {
        value = 0;
        return TryNext(out var word) && uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
