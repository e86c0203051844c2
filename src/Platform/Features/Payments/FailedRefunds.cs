using Dapper;
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
}
