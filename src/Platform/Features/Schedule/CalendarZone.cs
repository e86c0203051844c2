using System.Globalization;
using Events.Platform.Features.Events;

namespace Events.Platform.Features.Schedule;

/// <summary>
/// A zone as iCalendar wants it (RFC 5545 §3.6.5): the changes of offset around a span of time, one observance each. Exact
/// for that span, whatever rules governments make, since each change is spelt out rather than guessed from a rule.
/// </summary>
internal static class CalendarZone
{
    /// <param name="Local">Wall clock time at which it begins, told in the offset before it.</param>
    internal sealed record Observance(DateTime Local, TimeSpan From, TimeSpan To, bool IsDaylight);

    /// <summary>Walked through at most: an event, and as much before and after it.</summary>
    private static readonly TimeSpan Longest = 3 * EventTimes.Longest;

    /// <summary>That part of a span whose changes are spelt out. It costs half a day a step, and rows may say anything: times outside of it are better told in UTC.</summary>
    public static (DateTimeOffset From, DateTimeOffset Until) Cover(DateTimeOffset from, DateTimeOffset until)
    {
        var first = from < EventTimes.Earliest ? EventTimes.Earliest : from > EventTimes.Latest ? EventTimes.Latest : from;
        return (first, until > first + Longest ? first + Longest : until);
    }

    /// <summary>The observance that holds at the start, and every change until the end.</summary>
    public static IReadOnlyList<Observance> Between(TimeZoneInfo zone, DateTime fromUtc, DateTime untilUtc)
    {
        var changes = new List<Observance>();

        // One day before the span, so that a reader in any zone finds the offset of its first moment.
        var at = fromUtc.AddDays(-1).AddTicks(-(fromUtc.Ticks % TimeSpan.TicksPerSecond));
        var offset = zone.GetUtcOffset(at);
        changes.Add(new Observance(DateTime.SpecifyKind(at + offset, DateTimeKind.Unspecified), offset, offset, zone.IsDaylightSavingTime(at)));
        while (at < untilUtc)
        {
            var next = at.AddHours(12); // shorter than any two changes are apart
            if (zone.GetUtcOffset(next) != offset)
            {
                var change = FindChange(zone, at, next, offset);
                var after = zone.GetUtcOffset(change);
                changes.Add(new Observance(DateTime.SpecifyKind(change + offset, DateTimeKind.Unspecified), offset, after, zone.IsDaylightSavingTime(change)));
                offset = after;
            }

            at = next;
        }

        return changes;
    }

    public static void Write(CalendarWriter calendar, TimeZoneInfo zone, DateTime fromUtc, DateTime untilUtc)
    {
        calendar.Line("BEGIN", "VTIMEZONE");
        calendar.Line("TZID", zone.Id);
        foreach (var observance in Between(zone, fromUtc, untilUtc))
        {
            var name = observance.IsDaylight ? "DAYLIGHT" : "STANDARD";
            calendar.Line("BEGIN", name);
            calendar.Line("DTSTART", observance.Local.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture));
            calendar.Line("TZOFFSETFROM", Offset(observance.From));
            calendar.Line("TZOFFSETTO", Offset(observance.To));
            calendar.Line("END", name);
        }

        calendar.Line("END", "VTIMEZONE");
    }

    /// <summary>The first second with the new offset.</summary>
    private static DateTime FindChange(TimeZoneInfo zone, DateTime before, DateTime after, TimeSpan offset)
    {
        while (after - before > TimeSpan.FromSeconds(1))
        {
            var middle = before.AddSeconds(Math.Floor((after - before).TotalSeconds / 2));
            (before, after) = zone.GetUtcOffset(middle) == offset ? (middle, after) : (before, middle);
        }

        return after;
    }

    // RFC 5545 §3.3.14
    private static string Offset(TimeSpan offset) => (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString(offset.Seconds == 0 ? "hhmm" : "hhmmss", CultureInfo.InvariantCulture);
}
