using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Branding;
using Events.Platform.Features.Events;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Schedule;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Tells ticket holders of a live event what was moved or taken off its schedule. Organisers change one thing after the other: the mail waits until nothing
/// has changed for a while, says all of it once, and says nothing of what ended up where it was.
/// </summary>
internal sealed class ScheduleChanges(NodeOptions options) : ITimerHandler
{
    public const string TimerKind = "schedule-change";

    /// <summary>Longer than it takes to move the next item, shorter than a journey that was begun for nothing.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMinutes(10);

    private const int Batch = 500;

    /// <summary>In one mail; who wants more looks at the schedule.</summary>
    private const int MaxLines = 12;

    public string Kind => TimerKind;

    /// <summary>Keeps how something stood before it is moved or removed; in the transaction that does so.</summary>
    /// <param name="transaction">The change's.</param>
    /// <param name="row">The event as it is before.</param>
    /// <param name="movedId">The item's id, or the event's.</param>
    /// <param name="title">The item's.</param>
    /// <param name="startsAt">Before.</param>
    /// <param name="endsAt">Before.</param>
    public static async Task KeepAsync(NpgsqlTransaction transaction, EventRow row, Guid movedId, string title, DateTimeOffset startsAt, DateTimeOffset endsAt)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (row.State != "live" || endsAt <= now)
        {
            return;
        }

        await transaction.Connection!.ExecuteAsync(
            "insert into platform.schedule_changes (event_id, moved_id, title, starts_at, ends_at) values (@Id, @movedId, @title, @startsAt, @endsAt) on conflict do nothing", new { row.Id, movedId, title, startsAt, endsAt });
        await TimerTable.SetAsync(transaction, TimerKind, row.Id.ToString(), now + SettledAfter, new Progress(null, false, null, Guid.CreateVersion7()));
    }

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var progress = timer.Payload.Deserialize<Progress>(JsonSerializerOptions.Web)!;
        var connection = transaction.Connection!;
        var row = await EventQueries.FindAsync(connection, timer.Key);
        if (progress.Changes is null && row is not null)
        {
            progress = await ReadAsync(connection, row, progress);
        }

        if (row is not { State: "live" } || string.IsNullOrEmpty(progress.Changes))
        {
            return;
        }

        var calendar = progress.HasMoved ? Encoding.UTF8.GetBytes(EventCalendar.Write([ScheduleQueries.OfEvent(row)], TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone), organizer: new CalendarOrganizer(row.OrganiserName, options.MailFrom))) : null;
        var holders = (await connection.QueryAsync<HolderRow>(
            "select id, holder_name, holder_email from platform.tickets where event_id = @Id and state = 'valid' and (@After::uuid is null or id > @After) order by id limit @Batch", new { row.Id, progress.After, Batch })).AsList();
        foreach (var holder in holders)
        {
            await MailOutbox.EnqueueAsync(transaction, new MailMessage(holder.HolderEmail, "schedule-changed", new Dictionary<string, string>(EventBranding.MailValues(row, options))
            {
                ["event"] = row.Name,
                ["name"] = holder.HolderName,
                ["changes"] = progress.Changes,
                ["calendar"] = calendar is null ? "" : "yes",
                ["eventUrl"] = new Uri(options.PublicUrl, $"/e/{row.Slug}").ToString(),
            })
            {
                // Once an address, however many tickets it holds.
                OnceKey = $"schedule-change:{progress.NoticeId}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(holder.HolderEmail.ToLowerInvariant())))[..32]}",
                Attachments = calendar is null ? [] : [new MailAttachment("event.ics", EventCalendar.TypeOf(CalendarMethod.Publish), calendar)],
            });
        }

        if (holders.Count == Batch)
        {
            await TimerTable.SetAsync(transaction, Kind, timer.Key, timer.DueAt, progress with { After = holders[^1].Id });
        }
    }

    /// <summary>Compares what was kept with what is, and lets go of it: from here on the words stand, whatever is changed next.</summary>
    private static async Task<Progress> ReadAsync(NpgsqlConnection connection, EventRow row, Progress progress)
    {
        var before = (await connection.QueryAsync<ChangeRow>("delete from platform.schedule_changes where event_id = @Id returning moved_id, title, starts_at, ends_at", new { row.Id })).OrderBy(c => c.StartsAt).ToList();
        var items = (await ScheduleQueries.ItemsAsync(connection, row.Id, null)).ToDictionary(i => i.Id);
        var zone = TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone);
        var hasMoved = before.Any(c => c.MovedId == row.Id && (c.StartsAt != row.StartsAt || c.EndsAt != row.EndsAt));
        List<string> lines = hasMoved ? [$"The event is now {Span(row.StartsAt, row.EndsAt, zone)} ({row.TimeZone})."] : [];
        foreach (var change in before.Where(c => c.MovedId != row.Id))
        {
            if (!items.TryGetValue(change.MovedId, out var item))
            {
                lines.Add($"“{change.Title}” ({Span(change.StartsAt, change.EndsAt, zone)}) is no longer on the schedule.");
            }
            else if (item.StartsAt != change.StartsAt || item.EndsAt != change.EndsAt)
            {
                lines.Add($"“{item.Title}” is now {Span(item.StartsAt, item.EndsAt, zone)}; it was {Span(change.StartsAt, change.EndsAt, zone)}.");
            }
        }

        if (lines.Count > MaxLines)
        {
            lines = [.. lines.Take(MaxLines), $"And {lines.Count - MaxLines} more."];
        }

        return progress with { Changes = string.Join('\n', lines), HasMoved = hasMoved };
    }

    private static string Span(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone)
    {
        var (start, end) = (TimeZoneInfo.ConvertTime(from, zone), TimeZoneInfo.ConvertTime(to, zone));
        return string.Create(CultureInfo.InvariantCulture, $"{start:dddd, d MMMM, HH:mm}–{(start.Date == end.Date ? $"{end:HH:mm}" : $"{end:dddd, d MMMM, HH:mm}")}");
    }

    /// <param name="Changes">The mail's words; null until they are written.</param>
    /// <param name="HasMoved">The event as a whole.</param>
    private sealed record Progress(string? Changes, bool HasMoved, Guid? After, Guid NoticeId);

    private sealed record ChangeRow(Guid MovedId, string Title, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

    private sealed record HolderRow(Guid Id, string HolderName, string HolderEmail);
}
