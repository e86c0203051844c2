using Dapper;
using Events.Platform.Features.Mail;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>Mails about money.</summary>
internal static class PaymentMails
{
    /// <summary>Tells the buyer that the money is on its way back, and why; once a payment.</summary>
    public static async Task RefundedAsync(NpgsqlTransaction transaction, string provider, string paymentId)
    {
        var row = await transaction.Connection!.QuerySingleAsync<RefundRow>(
            """
            select o.email, o.name, e.name as event, g.name as organisation, p.amount_minor, p.currency, p.refund_reason
            from platform.payments p join platform.orders o on o.id = p.order_id join platform.events e on e.id = o.event_id join platform.organisers g on g.id = e.organiser_id
            where p.provider = @provider and p.id = @paymentId
            """,
            new { provider, paymentId });
        await MailOutbox.EnqueueAsync(transaction, new MailMessage(row.Email, "payment-refunded", new Dictionary<string, string>
        {
            ["name"] = row.Name,
            ["event"] = row.Event,
            ["organisation"] = row.Organisation,
            ["amount"] = Money.InWords(row.AmountMinor, row.Currency),
            [row.RefundReason == "cancelled" ? "cancelled" : row.RefundReason == "late" ? "late" : "besides"] = "yes",
        })
        { OnceKey = $"payment-refunded:{paymentId}" });
    }

    private sealed record RefundRow(string Email, string Name, string Event, string Organisation, long AmountMinor, string Currency, string? RefundReason);
}
