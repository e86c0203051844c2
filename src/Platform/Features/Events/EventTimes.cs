using System.Globalization;

namespace Events.Platform.Features.Events;

/// <summary>An event's times for readers, in the event's own zone.</summary>
internal static class EventTimes
{
    /// <summary>"Friday, 1 May 2026, 10:00 (Europe/Zurich)".</summary>
    public static string InWords(EventRow row) =>
        $"{TimeZoneInfo.ConvertTime(row.StartsAt, TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone)).ToString("dddd, d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} ({row.TimeZone})";
}
