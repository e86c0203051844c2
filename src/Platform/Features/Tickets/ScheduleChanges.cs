using System.Globalization;
using Dapper;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Events;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Schedule;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Tells ticket holders of a live event what was moved or taken off its schedule. Organisers change one thing after the other: the mail waits until nothing
/// has changed for a while, says all of it once, and says nothing of what ended up where it was. <see cref="ScheduleNotices"/> sends it.
/// </summary>
internal sealed class ScheduleChanges : ITimerHandler
{
    public const string TimerKind = "schedule-change";

    /// <summary>Longer than it takes to move the next item, shorter than a journey that was begun for nothing.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMinutes(10);

    /// <summary>In one mail, or fewer where titles are long; who wants more looks at the schedule.</summary>
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
        await TimerTable.SetAsync(transaction, TimerKind, row.Id.ToString(), now + SettledAfter);
    }

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        if (await EventQueries.FindAsync(connection, timer.Key) is { } row && await ReadAsync(connection, row) is { Words.Length: > 0 } changes && row.State == "live")
        {
            await ScheduleNotices.StartAsync(transaction, row.Id, changes.Words, changes.HasMoved);
        }
    }

    /// <summary>Compares what was kept with what is, and lets go of it: from here on the words stand, whatever is changed next.</summary>
    private static async Task<(string Words, bool HasMoved)> ReadAsync(NpgsqlConnection connection, EventRow row)
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

        var shown = Math.Min(lines.Count, MaxLines);
        while (Words(lines, shown).Length > MailOutbox.MaxValue)
        {
            shown--;
        }

        return (Words(lines, shown), hasMoved);
    }

    private static string Words(List<string> lines, int shown) => string.Join('\n', shown == lines.Count ? lines : [.. lines.Take(shown), $"And {lines.Count - shown} more."]);

    private static string Span(DateTimeOffset from, DateTimeOffset to, TimeZoneInfo zone)
    {
        var (start, end) = (TimeZoneInfo.ConvertTime(from, zone), TimeZoneInfo.ConvertTime(to, zone));
        return string.Create(CultureInfo.InvariantCulture, $"{start:dddd, d MMMM, HH:mm}–{(start.Date == end.Date ? $"{end:HH:mm}" : $"{end:dddd, d MMMM, HH:mm}")}");
    }

    private sealed record ChangeRow(Guid MovedId, string Title, DateTimeOffset StartsAt, DateTimeOffset EndsAt);
}
