using Dapper;
using Events.Platform.Features.Privacy;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>Payments of the person's orders. Amounts, states and the provider's ids stay for the books; what the provider knows is asked of it.</summary>
internal sealed class PaymentPersonalData : IPersonalData
{
    public string Name => "payments";

    public IReadOnlyDictionary<string, string[]> Columns { get; } = new Dictionary<string, string[]> { ["platform.payments"] = ["checkout_url", "refund_error"] };

    public Task ExportAsync(PersonalSubject subject, NpgsqlConnection connection, PersonalArchive archive, CancellationToken cancel) => archive.WriteAsync(
        Name,
        connection,
        subject,
        ("payments", "select p.id, p.provider, p.order_id, p.amount_minor, p.currency, p.state, p.reference, p.refund_reason, p.refund_error, p.created_at, p.changed_at from platform.payments p join platform.orders o on o.id = p.order_id where o.user_id = @UserId or lower(o.email) = lower(@Email)"));

    public Task EraseAsync(PersonalSubject subject, NpgsqlTransaction transaction, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(
        """
        update platform.payments p set checkout_url = null, refund_error = null from platform.orders o where o.id = p.order_id and (o.user_id = @UserId or lower(o.email) = lower(@Email))
        """,
        subject);
}
