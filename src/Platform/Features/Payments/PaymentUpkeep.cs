using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>
/// What happens to payments without anybody asking: refunds are carried out, the till is closed for orders that have ended, and
/// payments nobody told us of are asked for, so that a lost notice costs time and not an order. All state is in the rows, and every step may be done twice.
/// </summary>
internal sealed class PaymentUpkeep(Database database, IEnumerable<IPaymentProvider> providers, Payments payments, TimeProvider clock, ILogger<PaymentUpkeep> log)
    : RowWorker(log)
{
    /// <summary>A notice comes within seconds; who waits at the till waits a minute longer when it is lost. Stripe allows 100 reads a second.</summary>
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMinutes(1);

    /// <summary>A provider that failed is left alone for this long.</summary>
    private static readonly TimeSpan AwayPause = TimeSpan.FromSeconds(15);

    /// <summary>As long as any provider goes on sending a notice.</summary>
    private static readonly TimeSpan NoticesKept = TimeSpan.FromDays(30);

    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private const string HasEnded = "p.state = 'started' and o.state not in ('pending', 'confirmed') and p.checked_at < now() - interval '1 second'";

    private const int Batch = 20;
    private const int AtOnce = 4;

    private readonly IPaymentProvider? _provider = providers.FirstOrDefault();

    private DateTimeOffset _forgetAt;

    public override string Due => _provider is null ? "false" : $"""
        exists (select from platform.payments where state = 'refund_due' and provider = '{_provider.Name}')
        or exists (select from platform.payments p join platform.orders o on o.id = p.order_id where {HasEnded} and p.provider = '{_provider.Name}')
        or exists (select from platform.payments where state = 'started' and provider = '{_provider.Name}' and checked_at < now() - interval '{CheckEvery.TotalSeconds} seconds')
        """;

    public override string NextDue => _provider is null ? base.NextDue : $"""
        (select min(checked_at) + interval '{CheckEvery.TotalSeconds} seconds' from platform.payments
         where state = 'started' and provider = '{_provider.Name}' and checked_at >= now() - interval '{CheckEvery.TotalSeconds} seconds')
        """;

    protected override TimeSpan AtLeastEvery => ForgetEvery;

    protected override async Task WorkAsync(CancellationToken cancel)
    {
        if (_provider is null)
        {
            return;
        }

        try
        {
            await RefundDueAsync(cancel);
            await CloseEndedAsync(cancel);
            await CheckOpenAsync(cancel);
        }
        catch (PaymentProviderException e)
        {
            PaymentsLog.ProviderAway(log, e.Message);
            await Task.Delay(AwayPause, cancel);
        }

        if (clock.GetUtcNow() >= _forgetAt)
        {
            await ForgetNoticesAsync(cancel);
            _forgetAt = clock.GetUtcNow() + ForgetEvery;
        }
    }

    /// <summary>A crash between the provider and our row only asks again.</summary>
    private async Task RefundDueAsync(CancellationToken cancel)
    {
        // Several at once: a cancelled event has thousands.
        var due = await IdsAsync("select id from platform.payments where state = 'refund_due' and provider = @Name order by changed_at limit @Batch", cancel);
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (id, token) =>
        {
            var problem = await RefundAsync(id, token);
            if (problem is not null)
            {
                PaymentsLog.RefundFailed(log, id, problem);
                await database.InTransactionAsync(
                    transaction => transaction.Connection!.ExecuteAsync(
                        "update platform.payments set state = 'refund_failed', refund_error = left(@problem, 500), changed_at = now() where provider = @Name and id = @id and state = 'refund_due'", new { _provider!.Name, id, problem }),
                    token);
            }
        });
    }

    /// <summary>Null when the money is on its way; else why it will not go.</summary>
    private async Task<string?> RefundAsync(string id, CancellationToken cancel)
    {
        try
        {
            var result = await _provider!.RefundAsync(id, cancel);
            if (result.Problem is null && await _provider.StatusAsync(id, cancel) is { } status)
            {
                // Some refunds are under way for days; they are as good as done, and a failure comes as a notice.
                await payments.ApplyAsync(status with { IsRefunded = true }, null, cancel);
            }

            return result.Problem;
        }
        catch (PaymentProviderException e) when (!e.IsTransient)
        {
            return e.Message;
        }
    }

    private async Task CloseEndedAsync(CancellationToken cancel)
    {
        var ended = await IdsAsync(
            $"""
            select p.id from platform.payments p join platform.orders o on o.id = p.order_id
            where {HasEnded} and p.provider = @Name order by p.checked_at limit @Batch
            """,
            cancel);
        await EachAsync(ended, _provider!.CloseAsync, cancel);
    }

    private async Task CheckOpenAsync(CancellationToken cancel)
    {
        var open = await IdsAsync("select id from platform.payments where state = 'started' and provider = @Name and checked_at < now() - @CheckEvery order by checked_at limit @Batch", cancel);
        await EachAsync(open, _provider!.StatusAsync, cancel);
    }

    private Task EachAsync(IEnumerable<string> ids, Func<string, CancellationToken, Task<PaymentStatus?>> ask, CancellationToken cancel) =>
        Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (id, token) =>
        {
            PaymentStatus? status = null;
            try
            {
                status = await ask(id, token);
            }
            catch (PaymentProviderException e) when (!e.IsTransient)
            {
                // One that the provider will not speak of holds none of the others up.
                PaymentsLog.ProviderRefused(log, $"a question about payment {id}", e.Message);
            }

            if (status is null)
            {
                await database.InTransactionAsync(transaction => transaction.Connection!.ExecuteAsync("update platform.payments set checked_at = now() where provider = @Name and id = @id", new { _provider!.Name, id }), token);
                return;
            }

            if (status.State == "paid")
            {
                PaymentsLog.NoticeMissed(log, id);
            }

            await payments.ApplyAsync(status, null, token);
        });

    private async Task<IReadOnlyList<string>> IdsAsync(string sql, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return (await connection.QueryAsync<string>(sql, new { _provider!.Name, Batch, CheckEvery })).AsList();
    }

    private async Task ForgetNoticesAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync("delete from platform.payment_notices where received_at < now() - @NoticesKept", new { NoticesKept });
    }
}
