using System.Globalization;
using System.Text;
using Events.Platform.Features.Schedule;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Platform.Features.Schedule;

public sealed class CalendarTests
{
    /// <summary>Moments around every change of 2026 in zones of both hemispheres, at odd offsets, and across the date line.</summary>
    public static TheoryData<string, string> Matrix()
    {
        string[] zones = ["Australia/Sydney", "America/Los_Angeles", "Europe/Zurich", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Casablanca", "UTC"];
        string[] moments = ["2026-03-08T09:30:00Z", "2026-03-08T10:30:00Z", "2026-03-29T00:59:00Z", "2026-03-29T01:01:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z", "2026-10-03T16:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-11-01T08:30:00Z", "2026-11-01T09:30:00Z", "2026-12-31T23:30:00Z"];
        var data = new TheoryData<string, string>();
        foreach (var zone in zones)
        {
            foreach (var moment in moments)
            {
                data.Add(zone, moment);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void A_reader_that_knows_no_zone_finds_the_very_moment(string zone, string moment)
    {
        var start = DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);
        var text = EventCalendar.Write([Entry(start, start.AddDays(40))], TimeZoneInfo.FindSystemTimeZoneById(zone));
        var parsed = ParsedCalendar.Parse(text);
        Assert.Equal(start, parsed.Time("DTSTART"));
        Assert.Equal(start.AddDays(40), parsed.Time("DTEND"));
    }

    [Fact]
    public void Sydneys_morning_is_the_day_before_in_Los_Angeles()
    {
        var sydney = TimeSpan.FromHours(11);
        var item = new ScheduleQueries.ItemRow
        {
            Id = Guid.CreateVersion7(),
            Title = "Opening",
            Description = "",
            StartsAt = new DateTimeOffset(2026, 10, 4, 9, 0, 0, sydney),
            EndsAt = new DateTimeOffset(2026, 10, 4, 10, 0, 0, sydney),
            Revision = 0,
            ChangedAt = DateTimeOffset.UnixEpoch,
            SpeakerIds = [],
        };
        var there = item.ToDetails(TimeZoneInfo.FindSystemTimeZoneById("Australia/Sydney"));
        var here = item.ToDetails(TimeZoneInfo.FindSystemTimeZoneById("America/Los_Angeles"));
        Assert.Equal((new DateOnly(2026, 10, 4), 9, 11), (there.LocalDay, there.LocalStart.Hour, there.LocalStart.Offset.Hours));
        Assert.Equal((new DateOnly(2026, 10, 3), 15, -7), (here.LocalDay, here.LocalStart.Hour, here.LocalStart.Offset.Hours));
    }

    [Fact]
    public void Lines_have_at_most_75_octets_and_unfold_to_what_was_written()
    {
        const string title = "Grüße, aus; Zürich\\Bern: 日本語のとても長い題名がここにありますので折り返しが必要です 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉";
        const string description = "first line\nsecond; with, everything\\";
        var text = EventCalendar.Write([Entry(DateTimeOffset.UnixEpoch.AddYears(56), DateTimeOffset.UnixEpoch.AddYears(56).AddHours(1)) with { Title = title, Description = description }], TimeZoneInfo.Utc);
        Assert.All(text.Split("\r\n"), line => Assert.InRange(Encoding.UTF8.GetByteCount(line), 0, 75));
        Assert.DoesNotContain("\n", text.Replace("\r\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var parsed = ParsedCalendar.Parse(text);
        Assert.Equal((title, description), (parsed.Text("SUMMARY"), parsed.Text("DESCRIPTION")));
    }

    [Fact]
    public void No_title_can_break_out_of_its_line() => Check.QuickThrowOnFailure(Prop.ForAll<string>(title =>
    {
        // Lone surrogates and control characters are refused at the door or dropped.
        var clean = new string([.. (title ?? "").Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
        var text = EventCalendar.Write([Entry(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1)) with { Title = clean + "\r\nEND:VEVENT" }], TimeZoneInfo.Utc);
        return ParsedCalendar.Parse(text).Lines.Count(l => l == "END:VEVENT") == 1;
    }));

    [Theory]
    [InlineData("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z")]
    [InlineData("9999-12-31T22:00:00Z", "9999-12-31T23:59:59Z")]
    [InlineData("2026-07-01T08:00:00Z", "2199-07-01T08:00:00Z")]
    public void A_span_of_all_time_is_right_and_spells_no_more_changes_out_than_an_events(string from, string to)
    {
        var (start, end) = (DateTimeOffset.Parse(from, CultureInfo.InvariantCulture), DateTimeOffset.Parse(to, CultureInfo.InvariantCulture));
        var parsed = ParsedCalendar.Parse(EventCalendar.Write([Entry(start, end)], TimeZoneInfo.FindSystemTimeZoneById("Europe/Zurich")));
        Assert.Equal((start, end), (parsed.Time("DTSTART"), parsed.Time("DTEND")));
        Assert.InRange(parsed.Lines.Count, 1, 100);
    }

    private static CalendarEntry Entry(DateTimeOffset from, DateTimeOffset to) => new("event-1@events", 3, "Fair", "", from, to, DateTimeOffset.UnixEpoch, "");
}
