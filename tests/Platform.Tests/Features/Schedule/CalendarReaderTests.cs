using System.Text.Json;
using Events.Platform.Features.Schedule;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Schedule;

/// <summary>What an independent reader (ical.js, as in Thunderbird) makes of our calendar files, around every change of the clocks.</summary>
public sealed class CalendarReaderTests
{
    private static readonly string[] Zones =
    [
        "Australia/Sydney", "America/Los_Angeles", "Europe/Zurich", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns",
        "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Auckland", "Africa/Casablanca", "America/Sao_Paulo", "UTC",
    ];

    /// <summary>Half an hour on each side of the changes of 2026 in these zones, and of the year's end.</summary>
    private static readonly DateTimeOffset[] Changes =
    [
        .. new[] { "2026-03-08T10:00:00Z", "2026-03-08T07:00:00Z", "2026-03-29T01:00:00Z", "2026-04-04T16:00:00Z", "2026-04-04T14:00:00Z", "2026-09-26T14:00:00Z", "2026-10-03T16:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T09:00:00Z", "2026-11-01T06:00:00Z", "2027-01-01T00:00:00Z" }
            .Select(t => DateTimeOffset.Parse(t, System.Globalization.CultureInfo.InvariantCulture)),
    ];

    [Fact]
    public async Task It_finds_every_moment_and_wall_clock_whatever_the_clocks_do()
    {
        var cases = (from zone in Zones from change in Changes from minutes in new[] { -30, 0, 30 } from hours in new[] { 1, 30 } select (Zone: TimeZoneInfo.FindSystemTimeZoneById(zone), Start: change.AddMinutes(minutes), Hours: hours)).ToList();
        var read = await ReadAsync([.. cases.Select(c => EventCalendar.Write([Entry("one", c.Start, c.Start.AddHours(c.Hours))], c.Zone))]);
        var mistakes = new List<string>();
        for (var i = 0; i < cases.Count; i++)
        {
            var (zone, start, hours) = cases[i];
            var found = Assert.Single(read[i]);

            // In the hour that comes twice the file tells the moment and no wall clock.
            var isUtc = zone.Id == "UTC" || zone.IsAmbiguousTime(TimeZoneInfo.ConvertTime(start, zone).DateTime);
            var wall = TimeZoneInfo.ConvertTime(start, isUtc ? TimeZoneInfo.Utc : zone).ToString("yyyy-MM-ddTHH:mm:ss", System.Globalization.CultureInfo.InvariantCulture) + (isUtc ? "Z" : "");
            if (found.Start != start || found.End != start.AddHours(hours) || found.Wall != wall || found.Zone != (isUtc ? "UTC" : zone.Id))
            {
                mistakes.Add($"{zone.Id} {start:u} for {hours} h, {wall} there: read as {found}");
            }
        }

        Assert.True(mistakes.Count == 0, string.Join('\n', mistakes));
    }

    [Fact]
    public async Task Sydneys_morning_is_the_afternoon_before_in_Los_Angeles_also_across_both_changes()
    {
        // Sunday, 4 October 2026: Sydney goes from +10 to +11 at 02:00. Sunday, 1 November: Los Angeles from -7 to -8.
        var sydney = TimeZoneInfo.FindSystemTimeZoneById("Australia/Sydney");
        (string Sydney, string LosAngeles)[] mornings = [("2026-10-03T09:00:00", "2026-10-02T16:00:00"), ("2026-10-05T09:00:00", "2026-10-04T15:00:00"), ("2026-11-02T09:00:00", "2026-11-01T14:00:00")];
        var entries = mornings.Select((m, i) =>
        {
            var wall = DateTime.Parse(m.Sydney, System.Globalization.CultureInfo.InvariantCulture);
            var start = new DateTimeOffset(wall, sydney.GetUtcOffset(wall));
            return Entry($"day-{i}", start, start.AddHours(20)); // over midnight
        });
        var read = (await ReadAsync([EventCalendar.Write([.. entries], sydney)])).Single();
        var there = TimeZoneInfo.FindSystemTimeZoneById("America/Los_Angeles");
        Assert.Equal(mornings.Select(m => m.Sydney), read.Select(r => r.Wall));
        Assert.Equal(mornings.Select(m => m.LosAngeles), read.Select(r => TimeZoneInfo.ConvertTime(r.Start, there).ToString("yyyy-MM-ddTHH:mm:ss", System.Globalization.CultureInfo.InvariantCulture)));
        Assert.All(read, r => Assert.Equal(TimeSpan.FromHours(20), r.End - r.Start));
    }

    private static async Task<IReadOnlyList<Read>[]> ReadAsync(string[] files)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(files));
            return JsonSerializer.Deserialize<Read[][]>(await VendorClients.RunAsync("calendar.mjs", path), JsonSerializerOptions.Web)!;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static CalendarEntry Entry(string uid, DateTimeOffset from, DateTimeOffset to) => new($"{uid}@events", 1, "Fair", "", from, to, DateTimeOffset.UnixEpoch, "");

    private sealed record Read(string Uid, DateTimeOffset Start, DateTimeOffset End, string Zone, string Wall);
}
