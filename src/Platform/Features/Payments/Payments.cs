using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Tickets;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>
/// Orders' money. A buyer's return from the till proves nothing, and a notice says only that something has changed: the provider is asked, and what
/// it answers moves the payment forward, from whichever side and however often it comes.
/// </summary>
internal sealed class Payments(Database database, IEnumerable<IPaymentProvider> providers, PaymentAccounts accounts, ILogger<Payments> log)
{
    /// <summary>A refund that was under way, and came back: the one thing that goes backwards, and so needs to be said and not only asked.</summary>
    private const string RefundFailed = "refund.failed";

    private readonly IPaymentProvider? _provider = providers.FirstOrDefault();

    public IPaymentProvider? Provider(string name) => _provider?.Name == name ? _provider : null;

    /// <summary>What a caller is told when the provider failed.</summary>
    public static ApiError ErrorOf(PaymentProviderException e, string what, ILogger log)
    {
        if (e.IsTransient)
        {
            PaymentsLog.ProviderAway(log, e.Message);
            return new ApiError(503, "payment_provider_unavailable", "The payment provider does not answer at the moment; send the same request again in a while.");
        }

        PaymentsLog.ProviderRefused(log, what, e.Message);
        return ApiError.Conflict("payment_refused", $"The payment provider does not take this{(e.Code is { } code ? $" ({code})" : "")}: amount, currency or account do not suit it.");
    }

    /// <summary>Starts the payment of a pending order, or finds the one that was started. The address is null when nothing is to be paid.</summary>
    /// <exception cref="PaymentProviderException">It could not be started; the order stays, and may be tried again.</exception>
    public async Task<string?> StartIfDueAsync(Guid orderId, string origin, CancellationToken cancel)
    {
        if (_provider is null)
        {
            return null;
        }

        DueRow? due;
        await using (var connection = await database.OpenAsync(cancel))
        {
            due = await connection.QuerySingleOrDefaultAsync<DueRow>(
                """
                select o.total_minor, o.currency, o.email, o.expires_at, e.name as event_name, a.account,
                       (select p.checkout_url from platform.payments p where p.order_id = o.id and p.provider = @Name and p.state = 'started') as checkout_url
                from platform.orders o join platform.events e on e.id = o.event_id
                join platform.payment_accounts a on a.organiser_id = e.organiser_id and a.provider = @Name
                where o.id = @orderId and o.state = 'pending' and o.expires_at > now() and o.total_minor > 0
                  and not exists (select 1 from platform.payments p where p.order_id = o.id and p.state <> 'started' and not (p.state = 'failed' and p.provider <> @Name))
                """,
                new { orderId, _provider.Name });
        }

        if (due is null or { CheckoutUrl: not null })
        {
            return due?.CheckoutUrl;
        }

        var request = new PaymentRequest(orderId, due.TotalMinor, due.Currency, due.Account, due.EventName, due.Email, due.ExpiresAt, $"{origin}/orders/{orderId}");
        var started = await _provider.StartAsync(request, cancel);
        return (await ApplyAsync(started, null, cancel)).Error is null ? started.CheckoutUrl : null;
    }

    /// <summary>Follows a notice up. What is not ours is taken and forgotten, so that the provider stops sending it.</summary>
    public async Task<ApiError?> ReceiveAsync(PaymentNotice notice, CancellationToken cancel)
    {
        try
        {
            switch (notice.Subject)
            {
                case NoticeSubject.Account:
                    await accounts.SyncAsync(notice.SubjectId, cancel);
                    return null;

                case NoticeSubject.Payment:
                    return await FollowAsync(notice.SubjectId, notice, cancel);

                case NoticeSubject.Reference:
                    // Before the payment itself was heard of there is nothing to find; its own notice will tell of the refund too.
                    return await PaymentIdAsync(notice.SubjectId, cancel) is { } paymentId ? await FollowAsync(paymentId, notice, cancel) : null;

                default:
                    return null;
            }
        }
        catch (PaymentProviderException e)
        {
            return ErrorOf(e, "a question about a payment", log) with { Status = 503 };
        }
    }

    /// <summary>Applies what the provider knows of a payment: once, whoever asked, in whatever order.</summary>
    public Task<Outcome<PaymentStatus>> ApplyAsync(PaymentStatus status, PaymentNotice? notice, CancellationToken cancel) => database.TryInTransactionAsync<PaymentStatus>(
        async transaction =>
        {
            var connection = transaction.Connection!;
            var order = await connection.QuerySingleOrDefaultAsync<OrderRow>("select total_minor, currency, state from platform.orders where id = @OrderId for update", status);
            if (order is null)
            {
                PaymentsLog.OrderUnknown(log, status.PaymentId, status.OrderId);
                return ApiError.NotFound("order_not_found", "There is no such order.");
            }

            if (notice is not null)
            {
                await connection.ExecuteAsync("insert into platform.payment_notices (provider, id) values (@Name, @Id) on conflict do nothing", new { _provider!.Name, notice.Id });
            }

            if (await KeepAsync(connection, status) is not { } before)
            {
                return status;
            }

            if (notice?.Kind == RefundFailed && before == "refunded" && !status.IsRefunded)
            {
                const string Why = "The buyer's bank sent the refund back.";
                PaymentsLog.RefundFailed(log, status.PaymentId, Why);
                await MoveAsync(connection, status, "refund_failed", null, Why);
                await connection.ExecuteAsync("update platform.orders set state = 'refunding' where id = @OrderId and state = 'refunded'", status);
                await Outbox.AppendAsync(transaction, "order", status.OrderId, "payment.refund_failed", new { status.OrderId, status.PaymentId });
            }
            else if (status.IsRefunded)
            {
                await SettleRefundAsync(transaction, status, before, order);
            }
            else if (status.State == "paid" && before is "started" or "failed")
            {
                await TakeAsync(transaction, status, order);
            }
            else if (status.State == "failed" && before == "started")
            {
                await MoveAsync(connection, status, "failed", null);
            }

            return status;
        },
        cancel);

    /// <summary>The money is there: the order's, or to be given back.</summary>
    private async Task TakeAsync(NpgsqlTransaction transaction, PaymentStatus status, OrderRow order)
    {
        var connection = transaction.Connection!;
        var reason = status.AmountMinor != order.TotalMinor || status.Currency != order.Currency ? "amount"
            : await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.payments where order_id = @OrderId and state in ('started', 'paid') and (provider, id) <> (@Name, @PaymentId))", new { status.OrderId, _provider!.Name, status.PaymentId }) ? "twice"
            : await ConfirmOrder.PaidAsync(transaction, status.OrderId) ? null
            : order.State is "pending" or "expired" && await connection.ExecuteScalarAsync<bool>("select e.state = 'live' from platform.orders o join platform.events e on e.id = o.event_id where o.id = @OrderId", status) ? "late"
            : "cancelled";
        await MoveAsync(connection, status, reason is null ? "paid" : "refund_due", reason);
        await Outbox.AppendAsync(transaction, "order", status.OrderId, reason is null ? "payment.received" : "payment.given_back", new { status.OrderId, status.PaymentId });
        if (reason is not null)
        {
            PaymentsLog.GivenBack(log, status.PaymentId, status.OrderId, reason);
        }
    }

    /// <summary>The money is back with the buyer, whether we or somebody at the provider gave it: nothing stays sold.</summary>
    private async Task SettleRefundAsync(NpgsqlTransaction transaction, PaymentStatus status, string before, OrderRow order)
    {
        if (before == "refunded")
        {
            return;
        }

        var connection = transaction.Connection!;
        await MoveAsync(connection, status, "refunded", "cancelled");
        if (before == "paid" && order.State == "confirmed")
        {
            await ReleaseOrder.CancelAsync(transaction, status.OrderId, byOrganiser: true);
            await connection.ExecuteAsync("update platform.orders set state = 'refunding' where id = @OrderId", status);
        }

        await FailedRefunds.RefundedAsync(transaction, status.OrderId, _provider!.Name, status.PaymentId);
    }

    private async Task<ApiError?> FollowAsync(string paymentId, PaymentNotice notice, CancellationToken cancel) =>
        await _provider!.StatusAsync(paymentId, cancel) is { } status ? (await ApplyAsync(status, notice, cancel)).Error : null;

    private async Task<string?> PaymentIdAsync(string reference, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await connection.QueryFirstOrDefaultAsync<string>("select id from platform.payments where provider = @Name and reference = @reference", new { _provider!.Name, reference });
    }

    /// <summary>Keeps the payment's row, and gives the state that it had. Null: nothing is to be kept of it.</summary>
    private async Task<string?> KeepAsync(NpgsqlConnection connection, PaymentStatus status)
    {
        // What was begun at a provider that is used no more is heard of no more: it is not this order's payment, or the one that is would count as a second. A notice may overtake
        // the answer to the call that started the payment. A second payment of an order is kept when it holds money.
        await connection.ExecuteAsync(
            """
            update platform.payments set state = 'failed', changed_at = now() where order_id = @OrderId and provider <> @Name and state = 'started';
            insert into platform.payments (id, provider, order_id, account, amount_minor, currency, state)
            select @PaymentId, @Name, o.id, a.account, @AmountMinor, @Currency,
                   case when exists (select 1 from platform.payments p where p.order_id = o.id and p.state in ('started', 'paid') and (p.provider, p.id) <> (@Name, @PaymentId)) then 'failed' else 'started' end
            from platform.orders o
            join platform.events e on e.id = o.event_id join platform.payment_accounts a on a.organiser_id = e.organiser_id
            where o.id = @OrderId and @AmountMinor > 0
            on conflict do nothing
            """,
            new { status.PaymentId, _provider!.Name, status.OrderId, status.AmountMinor, status.Currency });
        var before = await connection.QuerySingleOrDefaultAsync<string>("select state from platform.payments where provider = @Name and id = @PaymentId", new { _provider.Name, status.PaymentId });
        await connection.ExecuteAsync(
            "update platform.payments set checkout_url = @CheckoutUrl, reference = coalesce(@Reference, reference), checked_at = now(), asked_in_vain = 0, ask_after = '-infinity' where provider = @Name and id = @PaymentId",
            new { status.CheckoutUrl, status.Reference, _provider.Name, status.PaymentId });
        return before;
    }

    private Task MoveAsync(NpgsqlConnection connection, PaymentStatus status, string state, string? refundReason, string? refundError = null) => connection.ExecuteAsync(
        "update platform.payments set state = @state, refund_reason = coalesce(refund_reason, @refundReason), refund_error = @refundError, changed_at = now() where provider = @Name and id = @PaymentId",
        new { state, refundReason, refundError, _provider!.Name, status.PaymentId });

    private sealed record DueRow(long TotalMinor, string Currency, string Email, DateTimeOffset ExpiresAt, string EventName, string Account, string? CheckoutUrl);

    private sealed record OrderRow(long TotalMinor, string Currency, string State);
}
