using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Tickets;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>Orders' money: starting payments, applying what the provider says, giving back.</summary>
internal sealed class Payments(Database database, IEnumerable<IPaymentProvider> providers, ILogger<Payments> log)
{
    private static readonly ApiError NoAccount = ApiError.Conflict("payment_account_missing", "Connect the organisation's payment account first: POST /api/v1/organisations/{id}/payment-account.");

    private readonly IPaymentProvider? _provider = providers.FirstOrDefault();

    public IPaymentProvider? Provider(string name) => _provider?.Name == name ? _provider : null;

    /// <summary>Null when the organisation can be paid.</summary>
    public async Task<ApiError?> AccountErrorAsync(NpgsqlConnection connection, Guid organiserId) =>
        _provider is not null && await connection.ExecuteScalarAsync<bool>(
            "select exists (select 1 from platform.payment_accounts where organiser_id = @organiserId and provider = @Name)", new { organiserId, _provider.Name })
            ? null : NoAccount;

    public async Task<ApiError?> ConnectAsync(Guid organiserId, CancellationToken cancel)
    {
        if (_provider is null)
        {
            return new ApiError(503, "payments_unavailable", "This installation has no payment provider.");
        }

        var account = await _provider.ConnectAsync(organiserId, cancel);
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync(
            """
            insert into platform.payment_accounts (organiser_id, provider, account) values (@organiserId, @Name, @account)
            on conflict (organiser_id) do update set provider = excluded.provider, account = excluded.account
            """,
            new { organiserId, _provider.Name, account });
        return null;
    }

    /// <summary>Starts the payment of a pending order, or finds the one that was started. Null when nothing is to pay.</summary>
    public async Task<string?> StartIfDueAsync(Guid orderId, string origin, CancellationToken cancel)
    {
        if (_provider is null)
        {
            return null;
        }

        await using var connection = await database.OpenAsync(cancel);
        var due = await connection.QuerySingleOrDefaultAsync<DueRow>(
            """
            select o.total_minor, o.currency, a.account from platform.orders o join platform.events e on e.id = o.event_id
            join platform.payment_accounts a on a.organiser_id = e.organiser_id and a.provider = @Name
            where o.id = @orderId and o.state = 'pending' and o.expires_at > now() and o.total_minor > 0
            """,
            new { orderId, _provider.Name });
        if (due is null)
        {
            return null;
        }

        var started = await _provider.StartAsync(new PaymentRequest(orderId, due.TotalMinor, due.Currency, due.Account, $"{origin}/orders/{orderId}"), cancel);
        await InsertAsync(connection, orderId, started.PaymentId);
        return started.CheckoutUrl;
    }

    /// <summary>Applies a notice once, in whatever order notices and redirects come.</summary>
    public Task<Outcome<PaymentNotice>> ApplyAsync(PaymentNotice notice, CancellationToken cancel) => database.TryInTransactionAsync<PaymentNotice>(
        async transaction =>
        {
            var connection = transaction.Connection!;
            var order = await connection.QuerySingleOrDefaultAsync<OrderRow>("select total_minor, currency from platform.orders where id = @OrderId for update", notice);
            if (order is null)
            {
                return ApiError.NotFound("order_not_found", "There is no such order.");
            }

            var isNew = await connection.ExecuteAsync("insert into platform.payment_notices (provider, id) values (@Name, @Id) on conflict do nothing", new { _provider!.Name, notice.Id }) == 1;
            if (!isNew)
            {
                return notice;
            }

            // The webhook may overtake the answer to the call that started the payment.
            await InsertAsync(connection, notice.OrderId, notice.PaymentId);
            if (notice.Kind == "failed")
            {
                await connection.ExecuteAsync("update platform.payments set state = 'failed', changed_at = now() where provider = @Name and id = @PaymentId and state = 'started'", new { _provider.Name, notice.PaymentId });
                return notice;
            }

            var isRight = notice.AmountMinor == order.TotalMinor && notice.Currency == order.Currency;
            var isKept = isRight && await ConfirmOrder.PaidAsync(transaction, notice.OrderId);
            await connection.ExecuteAsync(
                "update platform.payments set state = @State, changed_at = now() where provider = @Name and id = @PaymentId and state in ('started', 'failed')",
                new { State = isKept ? "paid" : "refund_due", _provider.Name, notice.PaymentId });
            await Outbox.AppendAsync(transaction, "order", notice.OrderId, isKept ? "payment.received" : "payment.given_back", new { notice.OrderId, notice.PaymentId });
            if (!isKept)
            {
                TicketsLog.PaymentGivenBack(log, notice.PaymentId, notice.OrderId);
            }

            return notice;
        },
        cancel);

    /// <summary>Carries out refunds; a crash between the provider and our row only asks again.</summary>
    public async Task RefundDueAsync(CancellationToken cancel)
    {
        if (_provider is null)
        {
            return;
        }

        await using var connection = await database.OpenAsync(cancel);
        var due = await connection.QueryAsync<(string Id, Guid OrderId)>(
            "select id, order_id from platform.payments where state = 'refund_due' and provider = @Name order by changed_at limit 20", new { _provider.Name });
        foreach (var (id, orderId) in due)
        {
            await _provider.RefundAsync(id, cancel);
            await database.InTransactionAsync(
                async transaction =>
                {
                    var settled = await transaction.Connection!.ExecuteAsync(
                        "update platform.payments set state = 'refunded', changed_at = now() where provider = @Name and id = @id and state = 'refund_due'", new { _provider.Name, id });
                    if (settled == 1)
                    {
                        await transaction.Connection!.ExecuteAsync("update platform.orders set state = 'refunded' where id = @orderId and state = 'refunding'", new { orderId });
                        await Outbox.AppendAsync(transaction, "order", orderId, "payment.refunded", new { orderId, paymentId = id });
                    }

                    return settled;
                },
                cancel);
        }
    }

    private Task InsertAsync(NpgsqlConnection connection, Guid orderId, string paymentId) => connection.ExecuteAsync(
        """
        insert into platform.payments (id, provider, order_id, account, amount_minor, currency, state)
        select @paymentId, @Name, o.id, a.account, o.total_minor, o.currency, 'started' from platform.orders o
        join platform.events e on e.id = o.event_id join platform.payment_accounts a on a.organiser_id = e.organiser_id
        where o.id = @orderId and o.total_minor > 0
        on conflict do nothing
        """,
        new { orderId, paymentId, _provider!.Name });

    private sealed record DueRow(long TotalMinor, string Currency, string Account);

    private sealed record OrderRow(long TotalMinor, string Currency);
}
