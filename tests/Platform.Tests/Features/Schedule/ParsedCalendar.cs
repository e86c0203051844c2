using System.Globalization;

namespace Events.Tests.Platform.Features.Schedule;

/// <summary>Reads iCalendar as RFC 5545 says and knows no zones but those in the file.</summary>
internal sealed record ParsedCalendar(IReadOnlyList<string> Lines)
{
    public static ParsedCalendar Parse(string text)
    {
        var lines = text.Replace("\r\n ", "", StringComparison.Ordinal).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(("BEGIN:VCALENDAR", "END:VCALENDAR"), (lines[0], lines[^1]));
        var open = new Stack<string>();
        foreach (var line in lines)
        {
            if (line.StartsWith("BEGIN:", StringComparison.Ordinal))
            {
                open.Push(line[6..]);
            }
            else if (line.StartsWith("END:", StringComparison.Ordinal))
            {
                Assert.Equal(open.Pop(), line[4..]);
            }
        }

        Assert.Empty(open);
        return new ParsedCalendar(lines);
    }

    public string Text(string name) => Value(name).Value
        .Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\,", ",", StringComparison.Ordinal).Replace("\\;", ";", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);

    public DateTimeOffset Time(string name)
    {
        var (parameters, value) = Value(name);
        var wall = DateTime.ParseExact(value.TrimEnd('Z'), "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        if (value.EndsWith('Z'))
        {
            return new DateTimeOffset(wall, TimeSpan.Zero);
        }

        Assert.Contains($"TZID:{parameters["TZID=".Length..]}", Lines);

        // The observance that began last, by the wall clock before it (§3.6.5); a time that comes twice is the first (§3.3.5).
        var observance = Observances().Where(o => o.Local <= wall).MaxBy(o => o.Local);
        return new DateTimeOffset(wall, observance.To);
    }

    /// <summary>The wall clock goes back at a change: until it has passed the change's time again, the old offset holds.</summary>
    private IEnumerable<(DateTime Local, TimeSpan To)> Observances()
    {
        for (var i = 0; i < Lines.Count; i++)
        {
            if (Lines[i] is "BEGIN:STANDARD" or "BEGIN:DAYLIGHT")
            {
                yield return (
                    DateTime.ParseExact(Lines[i + 1]["DTSTART:".Length..], "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture),
                    Offset(Lines[i + 3]["TZOFFSETTO:".Length..]));
            }
        }
    }

    private (string Parameters, string Value) Value(string name)
    {
        var line = Lines.SkipWhile(l => l != "BEGIN:VEVENT").First(l => l.StartsWith(name + ":", StringComparison.Ordinal) || l.StartsWith(name + ";", StringComparison.Ordinal));
        var colon = line.IndexOf(':');
        return (line[name.Length..colon].TrimStart(';'), line[(colon + 1)..]);
    }

    private static TimeSpan Offset(string text)
    {
        var size = TimeSpan.ParseExact(text[1..], text.Length == 5 ? "hhmm" : "hhmmss", CultureInfo.InvariantCulture);
        return text[0] == '-' ? -size : size;
    }
}
