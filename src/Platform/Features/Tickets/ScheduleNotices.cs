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
/// Mails what <see cref="ScheduleChanges"/> has put into words, a batch of tickets a transaction. Each notice has a timer of its own, so that whoever is still to be told of
/// one is told, whatever is changed meanwhile.
/// </summary>
internal sealed class ScheduleNotices(NodeOptions options) : ITimerHandler
{
    public const string TimerKind = "schedule-notice";

    private const int Batch = 500;

    public string Kind => TimerKind;

    /// <param name="transaction">That in which the changes were read.</param>
    /// <param name="eventId">Whose ticket holders are told.</param>
    /// <param name="changes">The mail's words.</param>
    /// <param name="hasMoved">The event as a whole: calendars take its new time from the mail.</param>
    public static Task StartAsync(NpgsqlTransaction transaction, Guid eventId, string changes, bool hasMoved) =>
        TimerTable.SetAsync(transaction, TimerKind, Guid.CreateVersion7().ToString(), TimeProvider.System.GetUtcNow(), new Progress(eventId, changes, hasMoved, null));

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        var progress = timer.Payload.Deserialize<Progress>(JsonSerializerOptions.Web)!;
        if (await EventQueries.FindAsync(connection, progress.EventId.ToString()) is not { State: "live" } row)
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
                Urgency = MailUrgency.ToEverybody,

                // Once an address, however many tickets it holds.
                OnceKey = $"schedule-change:{timer.Key}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(holder.HolderEmail.ToLowerInvariant())))[..32]}",
                Attachments = calendar is null ? [] : [new MailAttachment("event.ics", EventCalendar.TypeOf(CalendarMethod.Publish), calendar)],
            });
        }

        if (holders.Count == Batch)
        {
            await TimerTable.SetAsync(transaction, Kind, timer.Key, timer.DueAt, progress with { After = holders[^1].Id });
        }
    }

    /// <param name="After">The last ticket whose holder was told.</param>
    private sealed record Progress(Guid EventId, string Changes, bool HasMoved, Guid? After);

    private sealed record HolderRow(Guid Id, string HolderName, string HolderEmail);
}
