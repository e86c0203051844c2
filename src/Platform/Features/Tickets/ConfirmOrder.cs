using Dapper;
using Events.Platform.Data;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Makes held tickets valid: at once when they are free, else when the money has come.</summary>
internal static class ConfirmOrder
{
    /// <summary>Money for an order has come. False: it cannot be had any more, by its seats or by what it was let in with, or its event is not on any more, so give the money back.</summary>
    public static async Task<bool> PaidAsync(NpgsqlTransaction transaction, Guid orderId)
    {
        var connection = transaction.Connection!;
        var order = await connection.QuerySingleAsync<(Guid EventId, string State)>("select event_id, state from platform.orders where id = @orderId for update", new { orderId });
        if (order.State is not ("pending" or "expired"))
        {
            return order.State == "confirmed";
        }

        // An event that is called off at this moment is either seen here, or finds the order confirmed and ends it.
        var isLive = await connection.QuerySingleAsync<string>("select state from platform.events where id = @EventId for share", new { order.EventId }) == "live";
        if (!isLive || !await Admission.HoldsStillAsync(connection, orderId))
        {
            await ReleaseOrder.ExpireAsync(transaction, orderId, order.EventId);
            return false;
        }

        var stock = await Stock.LockAsync(connection, await connection.QueryAsync<Guid>("select distinct quota_id from platform.tickets where order_id = @orderId", new { orderId }));

        // Read under the lock: a hold may have run out while it was waited for, and its seat been sold. Those whose hold has run out compete again, and are still first come, first served.
        var tickets = await connection.QueryAsync<HeldTicket>("select quota_id, state = 'held' and held_until > clock_timestamp() as is_held from platform.tickets where order_id = @orderId", new { orderId });
        if (tickets.Where(t => !t.IsHeld).GroupBy(t => t.QuotaId).Any(g => stock[g.Key].Free < g.Count()))
        {
            await ReleaseOrder.ExpireAsync(transaction, orderId, order.EventId);
            return false;
        }

        await TakeAsync(transaction, orderId, order.EventId);
        return true;
    }

    /// <summary>Takes the stock; the quotas are locked already.</summary>
    public static async Task TakeAsync(NpgsqlTransaction transaction, Guid orderId, Guid eventId)
    {
        var connection = transaction.Connection!;
        var counts = await connection.QueryAsync<(Guid QuotaId, int Count)>("select quota_id, count(*)::int from platform.tickets where order_id = @orderId and state in ('held', 'released') group by quota_id order by quota_id", new { orderId });
        foreach (var (quotaId, count) in counts)
        {
            await Stock.TakeAsync(connection, quotaId, count);
        }

        await connection.ExecuteAsync(
            """
            update platform.tickets set state = 'valid', held_until = null, changed_at = now() where order_id = @orderId and state in ('held', 'released');
            update platform.orders set state = 'confirmed', confirmed_at = now(), closed_at = null, expires_at = null where id = @orderId;
            """,
            new { orderId });
        await Outbox.AppendAsync(transaction, "order", orderId, "order.confirmed", new { orderId, eventId });
    }

    private sealed record HeldTicket(Guid QuotaId, bool IsHeld);
}
