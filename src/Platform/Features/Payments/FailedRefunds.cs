using Dapper;
using Events.Platform.Data;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>Refunds that the provider would not make, or that a bank sent back.</summary>
internal static class FailedRefunds
{
    /// <summary>Has the provider asked once more, for one order or for all of an event; how many there were. Each is another refund to the provider, not the one that failed.</summary>
    public static Task<int> AskAgainAsync(NpgsqlConnection connection, Guid eventId, Guid? orderId = null) => connection.ExecuteAsync(
        """
        update platform.payments p set state = 'refund_due', refund_error = null, refunds_again = refunds_again + 1, asked_in_vain = 0, ask_after = '-infinity', changed_at = now()
        from platform.orders o where o.id = p.order_id and o.event_id = @eventId and (@orderId::uuid is null or o.id = @orderId) and p.state = 'refund_failed'
        """,
        new { eventId, orderId });

    /// <summary>An organiser has given the money back in another way: by a transfer, or at a provider that is used no more. False: no refund of this order has failed.</summary>
    public static async Task<bool> SettleByHandAsync(NpgsqlTransaction transaction, Guid orderId)
    {
        var connection = transaction.Connection!;
        await connection.ExecuteAsync("select 1 from platform.orders where id = @orderId for update", new { orderId });
        var settled = (await connection.QueryAsync<(string Provider, string Id)>(
            "update platform.payments set state = 'refunded', refund_error = null, changed_at = now() where order_id = @orderId and state = 'refund_failed' returning provider, id", new { orderId })).AsList();
        foreach (var (provider, paymentId) in settled)
        {
            await RefundedAsync(transaction, orderId, provider, paymentId);
        }

        return settled.Count > 0;
    }

    /// <summary>The money of a payment is back with the buyer, who is told. An order that was paid twice is refunded when all of it is back.</summary>
    public static async Task RefundedAsync(NpgsqlTransaction transaction, Guid orderId, string provider, string paymentId)
    {
        await transaction.Connection!.ExecuteAsync(
            "update platform.orders set state = 'refunded' where id = @orderId and state = 'refunding' and not exists (select from platform.payments where order_id = @orderId and state in ('paid', 'refund_due', 'refund_failed'))",
            new { orderId });
        await PaymentMails.RefundedAsync(transaction, provider, paymentId);
        await Outbox.AppendAsync(transaction, "order", orderId, "payment.refunded", new { orderId, paymentId });
    }
}
