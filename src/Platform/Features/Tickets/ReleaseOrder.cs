using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Payments;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>The ways in which an order, or one of its tickets, ends.</summary>
internal static class ReleaseOrder
{
    /// <summary>Time ran out before the money came. What the order used up (invitation, place in the queue) may be used again.</summary>
    public static async Task ExpireAsync(NpgsqlTransaction transaction, Guid orderId, Guid eventId)
    {
        await CloseAsync(transaction.Connection!, orderId, "expired", "released");
        await Outbox.AppendAsync(transaction, "order", orderId, "order.expired", new { orderId, eventId });
    }

    /// <summary>Cancels an order. A paid one is refunded in full, which only an organiser may decide; asked again by one, a refund that failed is made again.</summary>
    public static async Task<ApiError?> CancelAsync(NpgsqlTransaction transaction, Guid orderId, bool byOrganiser)
    {
        var connection = transaction.Connection!;
        var order = await connection.QuerySingleAsync<(Guid EventId, string State)>("select event_id, state from platform.orders where id = @orderId for update", new { orderId });
        var isRefundedAgain = byOrganiser && await FailedRefunds.AskAgainAsync(connection, order.EventId, orderId) > 0;
        if (order.State is "cancelled" or "refunding" or "refunded" || (order.State == "expired" && isRefundedAgain))
        {
            return null;
        }

        if (order.State == "expired")
        {
            return ApiError.Conflict("order_expired", "This order has expired; there is nothing to cancel.");
        }

        var isPaid = await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.payments where order_id = @orderId and state = 'paid')", new { orderId });
        if (isPaid && !byOrganiser)
        {
            return ApiError.Conflict("refund_needs_organiser", "This order is paid; ask the organiser for a refund.");
        }

        if (order.State == "confirmed")
        {
            var counts = (await connection.QueryAsync<(Guid QuotaId, int Count)>("select quota_id, count(*)::int from platform.tickets where order_id = @orderId and state = 'valid' group by quota_id", new { orderId })).AsList();
            await Stock.LockAsync(connection, counts.Select(c => c.QuotaId));
            foreach (var (quotaId, count) in counts)
            {
                await Stock.TakeAsync(connection, quotaId, -count);
            }
        }

        await CloseAsync(connection, orderId, isPaid ? "refunding" : "cancelled", order.State == "pending" ? "released" : "cancelled");
        if (isPaid)
        {
            await connection.ExecuteAsync("update platform.payments set state = 'refund_due', refund_reason = 'cancelled', changed_at = now() where order_id = @orderId and state = 'paid'", new { orderId });
        }

        await Outbox.AppendAsync(transaction, "order", orderId, "order.cancelled", new { orderId, order.EventId });
        return null;
    }

    /// <summary>One ticket stops counting; its stock comes back.</summary>
    public static async Task<ApiError?> RevokeTicketAsync(NpgsqlTransaction transaction, Guid ticketId)
    {
        var connection = transaction.Connection!;
        // Everybody locks in the order: order, quota, tickets.
        var (orderId, eventId, quotaId) = await connection.QuerySingleAsync<(Guid, Guid, Guid)>(
            "select o.id, t.event_id, t.quota_id from platform.tickets t join platform.orders o on o.id = t.order_id where t.id = @ticketId for update of o", new { ticketId });
        await Stock.LockAsync(connection, [quotaId]);
        var state = await connection.QuerySingleAsync<string>("select state from platform.tickets where id = @ticketId", new { ticketId });
        if (state != "valid")
        {
            return state == "revoked" ? null : ApiError.Conflict("ticket_not_valid", "Only a valid ticket can be revoked.");
        }

        await Stock.TakeAsync(connection, quotaId, -1);
        await connection.ExecuteAsync("update platform.tickets set state = 'revoked', changed_at = now() where id = @ticketId", new { ticketId });
        await Outbox.AppendAsync(transaction, "ticket", ticketId, "ticket.revoked", new { ticketId, orderId, eventId });
        return null;
    }

    private static async Task CloseAsync(NpgsqlConnection connection, Guid orderId, string orderState, string ticketState)
    {
        await connection.ExecuteAsync(
            """
            update platform.tickets set state = @ticketState, held_until = null, changed_at = now() where order_id = @orderId and state in ('held', 'valid', 'released');
            update platform.orders set state = @orderState, closed_at = now() where id = @orderId;
            update platform.ticket_invitations set state = 'opened', order_id = null, changed_at = now() where order_id = @orderId and state = 'accepted';
            """,
            new { orderId, orderState, ticketState });
        if (ticketState == "released")
        {
            await WaitingList.ReturnAsync(connection, orderId);
        }
    }
}
