using System.Security.Cryptography;
using System.Text;
using Dapper;
using Events.Platform.Data;
using Events.Platform.Features.Branding;
using Events.Platform.Features.Events;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Schedule;
using Events.Platform.Roles;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Mails about tickets: the confirmation with QR code and calendar file, the end of a ticket, and the waiting list's offer.</summary>
internal sealed class TicketMails(Database database, TicketKeys keys, NodeOptions options)
{
    private const int Batch = 50;

    /// <summary>Confirms tickets that became valid and were not confirmed yet: bought, paid, transferred.</summary>
    public Task<int> ConfirmDueAsync(CancellationToken cancel) => database.InTransactionAsync(
        async transaction =>
        {
            var connection = transaction.Connection!;
            var due = (await connection.QueryAsync<DueRow>(
                """
                select t.id, t.event_id, t.holder_name, t.holder_email, t.mailings, lower(t.holder_email) = lower(coalesce(u.email, o.email)) as is_buyers
                from platform.tickets t join platform.orders o on o.id = t.order_id left join platform.users u on u.id = o.user_id
                where t.state = 'valid' and t.mailed_at is null order by t.id limit @Batch for update of t skip locked
                """,
                new { Batch })).AsList();
            foreach (var tickets in due.GroupBy(t => t.EventId))
            {
                var row = (await EventQueries.FindAsync(connection, tickets.Key.ToString()))!;
                foreach (var ticket in tickets)
                {
                    await MailOutbox.EnqueueAsync(transaction, Confirmation(row, ticket));
                }
            }

            return await connection.ExecuteAsync("update platform.tickets set mailed_at = now() where id = any(@Ids)", new { Ids = due.Select(t => t.Id).ToArray() });
        },
        cancel);

    /// <summary>Tells holders whose ticket was confirmed once that it is valid no more, and takes the event out of their calendar if that was their last.</summary>
    public Task<int> EndDueAsync(CancellationToken cancel) => database.InTransactionAsync(
        async transaction =>
        {
            var connection = transaction.Connection!;
            var due = (await connection.QueryAsync<EndedRow>(
                """
                select t.id, t.event_id, t.holder_name, t.holder_email, t.state, t.price_minor > 0 as is_paid,
                       exists (select 1 from platform.tickets o where o.event_id = t.event_id and o.state = 'valid' and lower(o.holder_email) = lower(t.holder_email)) as has_another
                from platform.tickets t
                where t.state in ('cancelled', 'revoked', 'transferred') and t.mailed_at is not null and t.ended_mailed_at is null order by t.id limit @Batch for update of t skip locked
                """,
                new { Batch })).AsList();
            foreach (var tickets in due.GroupBy(t => t.EventId))
            {
                var row = (await EventQueries.FindAsync(connection, tickets.Key.ToString()))!;
                foreach (var ticket in tickets)
                {
                    if (row.State == "cancelled" && ticket.State == "cancelled")
                    {
                        await EventCancelledAsync(transaction, row, ticket.HolderEmail, ticket.HolderName, hasTicket: true, ticket.IsPaid);
                    }
                    else
                    {
                        await MailOutbox.EnqueueAsync(transaction, Ending(row, ticket));
                    }
                }
            }

            return await connection.ExecuteAsync("update platform.tickets set ended_mailed_at = now() where id = any(@Ids)", new { Ids = due.Select(t => t.Id).ToArray() });
        },
        cancel);

    public async Task OfferAsync(NpgsqlTransaction transaction, Guid waitingId, Guid eventId, DateTimeOffset until)
    {
        var connection = transaction.Connection!;
        var row = (await EventQueries.FindAsync(connection, eventId.ToString()))!;
        var email = await connection.QuerySingleAsync<string>("select email from platform.ticket_waiting_list where id = @waitingId", new { waitingId });
        await MailOutbox.EnqueueAsync(transaction, new MailMessage(email, "event-invitation", new Dictionary<string, string>(EventBranding.MailValues(row, options))
        {
            ["organisation"] = row.OrganiserName,
            ["event"] = row.Name,
            ["when"] = EventTimes.InWords(row),
            ["message"] = $"You were on the waiting list, and there is a ticket for you now. It is kept until {until:d MMMM yyyy, HH:mm} UTC.",
            ["invitationUrl"] = Link($"/e/{row.Slug}/tickets#waiting={keys.LinkOf("waiting", waitingId)}"),
        })
        { ExpiresAt = until, OnceKey = $"waiting-list-offer:{waitingId}:{until.ToUnixTimeSeconds()}" }); // one that goes on is known already
    }

    /// <summary>The event does not take place: once an address, however many tickets it holds. Who has a ticket has the event in a calendar, perhaps.</summary>
    public async Task EventCancelledAsync(NpgsqlTransaction transaction, EventRow row, string email, string name, bool hasTicket = false, bool isPaid = false)
    {
        var message = await transaction.Connection!.QuerySingleOrDefaultAsync<string>("select message from platform.event_cancellations where event_id = @Id", new { row.Id });
        var calendar = EventCalendar.Write([ScheduleQueries.OfEvent(row)], TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone), CalendarMethod.Cancel, OrganizerOf(row), attendee: email);
        await MailOutbox.EnqueueAsync(transaction, new MailMessage(email, "event-cancelled", new Dictionary<string, string>(EventBranding.MailValues(row, options))
        {
            ["event"] = row.Name,
            ["name"] = name,
            ["when"] = EventTimes.InWords(row),
            ["organisation"] = row.OrganiserName,
            ["message"] = message ?? "",
            ["refund"] = isPaid ? "yes" : "",
            ["calendar"] = hasTicket ? "yes" : "",
        })
        {
            Urgency = MailUrgency.ToEverybody,
            OnceKey = $"event-cancelled:{row.Id}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(email.ToLowerInvariant())))[..32]}",
            Attachments = hasTicket ? [new MailAttachment("event.ics", EventCalendar.TypeOf(CalendarMethod.Cancel), Encoding.UTF8.GetBytes(calendar))] : [],
        });
    }

    private CalendarOrganizer OrganizerOf(EventRow row) => new(row.OrganiserName, options.MailFrom);

    private MailMessage Confirmation(EventRow row, DueRow ticket)
    {
        var code = keys.CodeOf(row.Id, ticket.Id);
        var calendar = EventCalendar.Write([ScheduleQueries.OfEvent(row)], TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone), organizer: OrganizerOf(row));
        return new MailMessage(ticket.HolderEmail, "order-confirmation", new Dictionary<string, string>(EventBranding.MailValues(row, options))
        {
            ["event"] = row.Name,
            ["name"] = ticket.HolderName,
            ["when"] = EventTimes.InWords(row),
            ["qr"] = "yes",
            ["ticketCode"] = code,
            [ticket.IsBuyers ? "buyer" : "holder"] = "yes",

            // The key stands behind the '#': it reaches no server's log.
            ["ticketUrl"] = Link($"/tickets/{ticket.Id}#key={keys.KeyOf("ticket", ticket.Id)}"),
        })
        {
            OnceKey = $"ticket-confirmation:{ticket.Id}{(ticket.Mailings == 0 ? "" : $":{ticket.Mailings}")}",
            Attachments =
            [
                new MailAttachment("ticket.png", "image/png", TicketCode.ToPng(code), "qr"),
                new MailAttachment("event.ics", EventCalendar.TypeOf(CalendarMethod.Publish), Encoding.UTF8.GetBytes(calendar)),
            ],
        };
    }

    private MailMessage Ending(EventRow row, EndedRow ticket)
    {
        // Higher than the number that the confirmation's file had, or a calendar would keep what it has (RFC 5545 §3.8.7.4).
        var entry = ScheduleQueries.OfEvent(row) with { IsCancelled = true, Sequence = row.Revision + 1 };
        return new MailMessage(ticket.HolderEmail, "ticket-ended", new Dictionary<string, string>(EventBranding.MailValues(row, options))
        {
            ["event"] = row.Name,
            ["name"] = ticket.HolderName,
            ["when"] = EventTimes.InWords(row),
            ["organisation"] = row.OrganiserName,
            [ticket.State] = "yes",
            ["calendar"] = ticket.HasAnother ? "" : "yes",
        })
        {
            OnceKey = $"ticket-ended:{ticket.Id}",
            Attachments = ticket.HasAnother ? [] : [new MailAttachment("event.ics", EventCalendar.TypeOf(CalendarMethod.Cancel), Encoding.UTF8.GetBytes(EventCalendar.Write([entry], TimeZoneInfo.FindSystemTimeZoneById(row.TimeZone), CalendarMethod.Cancel, OrganizerOf(row), ticket.HolderEmail)))],
        };
    }

    private string Link(string path) => new Uri(options.PublicUrl, path).ToString();

    /// <param name="IsBuyers">Its holder's address is the one by which the order is managed; see <see cref="GuestOrders"/>.</param>
    private sealed record DueRow(Guid Id, Guid EventId, string HolderName, string HolderEmail, int Mailings, bool IsBuyers);

    private sealed record EndedRow(Guid Id, Guid EventId, string HolderName, string HolderEmail, string State, bool IsPaid, bool HasAnother);
}
