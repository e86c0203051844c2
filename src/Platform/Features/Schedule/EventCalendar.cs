namespace Events.Platform.Features.Schedule;

/// <param name="Uid">The same for as long as the thing exists: calendars find what they have by it.</param>
/// <param name="Sequence">Rises with each change that matters (RFC 5545 §3.8.7.4).</param>
/// <param name="Location">A link or a place.</param>
/// <param name="IsCancelled">Whoever has it takes it out of their calendar (RFC 5545 §3.8.1.11).</param>
internal sealed record CalendarEntry(string Uid, int Sequence, string Title, string Description, DateTimeOffset StartsAt, DateTimeOffset EndsAt, DateTimeOffset ChangedAt, string Location, bool IsCancelled = false);

/// <summary>What a calendar is to do with a file (RFC 5546 §1.4).</summary>
internal enum CalendarMethod
{
    Publish,
    Cancel,
}

/// <param name="Address">An e-mail address.</param>
internal sealed record CalendarOrganizer(string Name, string Address);

/// <summary>An event, or one of its sessions, as an iCalendar object; pure.</summary>
internal static class EventCalendar
{
    /// <summary>The method stands in the type as in the object (RFC 6047 §2.4).</summary>
    public static string TypeOf(CalendarMethod method) => $"text/calendar; charset=utf-8; method={NameOf(method)}";

    /// <param name="entries">What it is about.</param>
    /// <param name="zone">The event's: times are its wall clock's.</param>
    /// <param name="method">Whether the entries go into a calendar or out of it.</param>
    /// <param name="organizer">Whose entries they are: calendars that were told so take a cancellation from nobody else.</param>
    /// <param name="attendee">Whom the file is for; needed for a cancellation (RFC 5546 §3.2.5).</param>
    public static string Write(IReadOnlyList<CalendarEntry> entries, TimeZoneInfo zone, CalendarMethod method = CalendarMethod.Publish, CalendarOrganizer? organizer = null, string? attendee = null)
    {
        var calendar = new CalendarWriter();
        calendar.Line("BEGIN", "VCALENDAR");
        calendar.Line("VERSION", "2.0");
        calendar.Line("PRODID", "-//Events//Schedule//EN");
        calendar.Line("CALSCALE", "GREGORIAN");
        calendar.Line("METHOD", NameOf(method));
        var covered = entries.Count > 0 ? CalendarZone.Cover(entries.Min(e => e.StartsAt), entries.Max(e => e.EndsAt)) : default;
        if (entries.Count > 0 && !IsUtc(zone))
        {
            CalendarZone.Write(calendar, zone, covered.From.UtcDateTime, covered.Until.UtcDateTime);
        }

        foreach (var entry in entries)
        {
            calendar.Line("BEGIN", "VEVENT");
            calendar.Line("UID", entry.Uid);
            calendar.Line("SEQUENCE", entry.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture));
            calendar.Utc("DTSTAMP", entry.ChangedAt);
            Time(calendar, "DTSTART", entry.StartsAt, zone, covered);
            Time(calendar, "DTEND", entry.EndsAt, zone, covered);
            if (organizer is not null)
            {
                calendar.Line($"ORGANIZER;CN={CalendarWriter.Parameter(organizer.Name)}", $"mailto:{organizer.Address}");
            }

            if (attendee is not null)
            {
                calendar.Line("ATTENDEE", $"mailto:{attendee}");
            }

            if (entry.IsCancelled)
            {
                calendar.Line("STATUS", "CANCELLED");
            }

            calendar.Text("SUMMARY", entry.Title);
            calendar.Text("DESCRIPTION", entry.Description);
            calendar.Text("LOCATION", entry.Location);
            calendar.Line("END", "VEVENT");
        }

        calendar.Line("END", "VCALENDAR");
        return calendar.ToString();
    }

    /// <summary>
    /// Wall clock time in the event's zone, but UTC in the hour that comes twice: RFC 5545 §3.3.5 means its first coming, and readers
    /// (ical.js for one) take the second. UTC also where the zone is not spelt out.
    /// </summary>
    private static void Time(CalendarWriter calendar, string name, DateTimeOffset at, TimeZoneInfo zone, (DateTimeOffset From, DateTimeOffset Until) covered)
    {
        if (IsUtc(zone) || at < covered.From || at > covered.Until || zone.IsAmbiguousTime(TimeZoneInfo.ConvertTime(at, zone).DateTime))
        {
            calendar.Utc(name, at);
        }
        else
        {
            calendar.Local(name, at, zone);
        }
    }

    private static string NameOf(CalendarMethod method) => method == CalendarMethod.Cancel ? "CANCEL" : "PUBLISH";

    private static bool IsUtc(TimeZoneInfo zone) => zone.Id is "UTC" or "Etc/UTC";
}
