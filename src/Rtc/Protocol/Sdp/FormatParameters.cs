using System.Globalization;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>The "name=value;name=value" list of an a=fmtp line; names compare without case.</summary>
public sealed class FormatParameters
{
    /// <summary>More parameters than any codec registers; what follows is ignored.</summary>
    private const int MaxParameters = 64;

    public static readonly FormatParameters None = new([]);

    private readonly List<KeyValuePair<string, string>> _pairs;

    private FormatParameters(List<KeyValuePair<string, string>> pairs) => _pairs = pairs;

    public static FormatParameters Parse(string? fmtp)
    {
        if (string.IsNullOrWhiteSpace(fmtp))
        {
            return None;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var range in fmtp.AsSpan().Split(';'))
        {
            var part = fmtp.AsSpan()[range].Trim();
            if (part.IsEmpty || pairs.Count == MaxParameters)
            {
                continue;
            }

            var equals = part.IndexOf('=');
            var name = equals < 0 ? part : part[..equals].TrimEnd();
            var value = equals < 0 ? default : part[(equals + 1)..].TrimStart();
            pairs.Add(new(name.ToString(), value.ToString()));
        }

        return new(pairs);
    }

    /// <summary>The value of the first parameter of this name; null when absent.</summary>
    public string? Get(string name)
    {
        foreach (var pair in _pairs)
        {
            if (pair.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return pair.Value;
            }
        }

        return null;
    }

    /// <summary>The value as a number; <paramref name="absent"/> when missing or not a number.</summary>
    public int GetInt(string name, int absent) =>
        int.TryParse(Get(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : absent;
}
