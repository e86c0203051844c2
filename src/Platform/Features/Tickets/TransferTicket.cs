using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>A ticket goes to somebody else: the old one ends and a new one, with a new code, takes its place in the stock.</summary>
internal static class TransferTicket
{
    public static async Task<Outcome<TicketDetails>> HandleAsync(NpgsqlTransaction transaction, Guid ticketId, NewHolder holder, TicketKeys keys, OrderLimits limits)
    {
        var checks = new FieldChecks();
        var (name, email) = (checks.Text("name", holder.Name, 200), checks.Email("email", holder.Email));
        if (checks.Error is not null)
        {
            return checks.Error;
        }

        if (!limits.AdmitsAddressee(email))
        {
            return OrderLimits.TooMany;
        }

        var connection = transaction.Connection!;
        var newId = Guid.CreateVersion7();

        await connection.ExecuteAsync("select 1 from platform.tickets t join platform.orders o on o.id = t.order_id where t.id = @ticketId for update of o", new { ticketId });

        // Against the door at the same moment: who is in is seen from here on.
        await connection.ExecuteAsync("select 1 from platform.tickets where id = @ticketId for no key update", new { ticketId });

        // The old holder's answers are not the new holder's. A ticket that is blocked stays with whom it is blocked for.
        var eventId = await connection.QuerySingleOrDefaultAsync<Guid?>(
            """
            with old as (update platform.tickets set state = 'transferred', changed_at = now() where id = @ticketId and state = 'valid' and blocked_at is null and not exists (select 1 from platform.ticket_check_ins where ticket_id = @ticketId) returning *)
            insert into platform.tickets (id, order_id, event_id, ticket_type_id, quota_id, holder_name, holder_email, price_minor, state, replaces)
            select @newId, order_id, event_id, ticket_type_id, quota_id, @name, @email, price_minor, 'valid', id from old
            returning event_id
            """,
            new { ticketId, newId, name, email });
        if (eventId is null)
        {
            return await connection.QuerySingleAsync<string>("select case when state = 'valid' and blocked_at is not null then 'blocked' else state end from platform.tickets where id = @ticketId", new { ticketId }) switch
            {
                "blocked" => ApiError.Conflict("ticket_blocked", "This ticket is blocked by the organiser; it can be handed on when that is lifted."),
                "valid" => ApiError.Conflict("ticket_used", "Its holder is at the event already: this ticket cannot be handed on any more."),
                _ => ApiError.Conflict("ticket_not_valid", "Only a valid ticket can be transferred."),
            };
        }

        await Outbox.AppendAsync(transaction, "ticket", newId, "ticket.transferred", new { ticketId = newId, replaces = ticketId, eventId });
        return (await OrderQueries.TicketAsync(connection, newId, keys))!;
    }
}
