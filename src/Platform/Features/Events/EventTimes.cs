using System.Globalization;

namespace Events.Platform.Features.Events;

/// <summary>An event's times: their bounds, and how they read in the event's own zone.</summary>
internal static class EventTimes
{
    /// <summary>No event, and no part of one, begins before.</summary>
    public static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Each begins before this.</summary>
    public static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Each lasts less.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(400);

    public static bool IsInBounds(DateTimeOffset at) => at >= Earliest && at < Latest;

    public static bool AreInBounds(DateTimeOffset from, DateTimeOffset to) => IsInBounds(from) && to > from && to - from < Longest;

    /// <summary>
    /// A zone by its IANA name. The runtime takes Windows' names as well, and what else lies in the directory of zones (posix/…, right/…); browsers know neither, and a page that
    /// is to show times in one of them fails.
    /// </summary>
    public static bool IsZone(string id) => id.Length <= 64 && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) && zone.HasIanaId
        && !id.StartsWith("posix/", StringComparison.Ordinal) && !id.StartsWith("right/", StringComparison.Ordinal);

    /// <summary>"Friday, 1 May 2026, 10:00 (Europe/Zurich)".</summary>
    public static string InWords(EventRow row) =>
        $"{TimeZoneInfo.ConvertTime(row.StartsAt, TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone)).ToString("dddd, d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} ({row.TimeZone})";
}
