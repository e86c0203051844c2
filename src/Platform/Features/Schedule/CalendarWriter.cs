using System.Globalization;
using System.Text;

namespace Events.Platform.Features.Schedule;

/// <summary>Content lines of iCalendar: escaped, folded at 75 octets, ended by CRLF (RFC 5545 §3.1, §3.3.11).</summary>
internal sealed class CalendarWriter
{
    private const int MaxOctets = 75; // RFC 5545 §3.1, the line break not counted

    private readonly StringBuilder _text = new();

    /// <summary>A line whose value is written as it is.</summary>
    public void Line(string name, string value)
    {
        var octets = 0;
        foreach (var rune in $"{name}:{value}".EnumerateRunes())
        {
            // Folded between characters, never inside of one's octets. The space that begins a continuation counts.
            if (octets + rune.Utf8SequenceLength > MaxOctets)
            {
                _text.Append("\r\n ");
                octets = 1;
            }

            _text.Append(rune.ToString());
            octets += rune.Utf8SequenceLength;
        }

        _text.Append("\r\n");
    }

    /// <summary>A line whose value is a text; nothing when it is empty.</summary>
    public void Text(string name, string value)
    {
        if (value.Length > 0)
        {
            Line(name, Escape(value));
        }
    }

    public void Utc(string name, DateTimeOffset at) => Line(name, at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));

    /// <summary>A time of the wall clock in a zone that the calendar defines.</summary>
    public void Local(string name, DateTimeOffset at, TimeZoneInfo zone) =>
        Line($"{name};TZID={zone.Id}", TimeZoneInfo.ConvertTime(at, zone).ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture));

    /// <summary>The value of a property's parameter, quoted: neither quotes nor control characters fit into it (RFC 5545 §3.1).</summary>
    public static string Parameter(string value) => $"\"{string.Concat(value.Where(c => !char.IsControl(c))).Replace('"', '\'')}\"";

    public override string ToString() => _text.ToString();

    /// <summary>RFC 5545 §3.3.11; other control characters are not allowed in a text.</summary>
    private static string Escape(string value)
    {
        var escaped = new StringBuilder(value.Length);
        foreach (var c in value.ReplaceLineEndings("\n"))
        {
            escaped.Append(c switch
            {
                '\\' => "\\\\",
                ';' => "\\;",
                ',' => "\\,",
                '\n' => "\\n",
                _ when char.IsControl(c) && c != '\t' => "",
                _ => c.ToString(),
            });
        }

        return escaped.ToString();
    }
}
