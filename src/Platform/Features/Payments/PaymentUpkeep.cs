using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <summary>
/// What happens to payments without anybody asking: refunds are carried out, the till is closed for orders that have ended, and
/// payments nobody told us of are asked for, so that a lost notice costs time and not an order. All state is in the rows, and every step may be done twice. A payment
/// that the provider has trouble with is put off; only a provider that does not answer at all is left alone for all of them. What is to be refunded by one that nobody here knows is its organiser's to look after.
/// </summary>
internal sealed class PaymentUpkeep(Database database, IEnumerable<IPaymentProvider> providers, Payments payments, TimeProvider clock, ILogger<PaymentUpkeep> log)
    : RowWorker(log)
{
    /// <summary>A notice comes within seconds; who waits at the till waits a minute longer when it is lost. Stripe allows 100 reads a second.</summary>
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMinutes(1);

    /// <summary>A provider that does not answer is left alone for this long; a payment that it has trouble with too, twice as long each time.</summary>
    private static readonly TimeSpan AwayPause = TimeSpan.FromSeconds(15);

    /// <summary>A trouble that lasts is somebody's to mend, who then waits no longer than this.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>A platform that is told of its provider a little later than the others, or was set up without it for a moment, gives nothing up.</summary>
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(1);

    /// <summary>As long as any provider goes on sending a notice.</summary>
    private static readonly TimeSpan NoticesKept = TimeSpan.FromDays(30);

    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private const string HasEnded = "p.state = 'started' and o.state not in ('pending', 'confirmed') and p.checked_at < now() - interval '1 second' and p.ask_after <= now()";

    private const string IsOver = "state = 'started' and exists (select from platform.orders o where o.id = order_id and o.state not in ('pending', 'confirmed'))";

    /// <summary>Not refunded, as far as anybody can tell: for a person to look into, who may ask for it again.</summary>
    private const string Forgotten = "The payment provider no longer has this payment, so whether its money went back has to be looked up there.";

    private const int Batch = 20;
    private const int AtOnce = 4;

    private readonly IPaymentProvider? _provider = providers.FirstOrDefault();

    private DateTimeOffset _forgetAt;

    /// <summary>Of a provider that this installation does not use, or not any more: nobody will carry it out.</summary>
    private string IsAbandoned => $"state = 'refund_due' and provider <> '{_provider?.Name}'";

    private string AbandonedDue => $"exists (select from platform.payments where {IsAbandoned} and changed_at < now() - interval '{GivenUpAfter.TotalSeconds} seconds')";

    public override string Due => _provider is null ? AbandonedDue : $"""
        {AbandonedDue}
        or exists (select from platform.payments where state = 'refund_due' and ask_after <= now() and provider = '{_provider.Name}')
        or exists (select from platform.payments p join platform.orders o on o.id = p.order_id where {HasEnded} and p.provider = '{_provider.Name}')
        or exists (select from platform.payments where state = 'started' and ask_after <= now() and provider = '{_provider.Name}' and checked_at < now() - interval '{CheckEvery.TotalSeconds} seconds')
        """;

    public override string NextDue => _provider is null ? base.NextDue : $"""
        least(
            (select min(checked_at) + interval '{CheckEvery.TotalSeconds} seconds' from platform.payments
             where state = 'started' and provider = '{_provider.Name}' and checked_at >= now() - interval '{CheckEvery.TotalSeconds} seconds'),
            (select min(ask_after) from platform.payments where state in ('started', 'refund_due') and ask_after > now() and provider = '{_provider.Name}'))
        """;

    protected override TimeSpan AtLeastEvery => ForgetEvery;

    protected override async Task WorkAsync(CancellationToken cancel)
    {
        await GiveUpAbandonedAsync(cancel);
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
        var due = await IdsAsync("select id from platform.payments where state = 'refund_due' and ask_after <= now() and provider = @Name order by changed_at limit @Batch", cancel);
        await EachAsync(due, async (id, token) =>
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
        }, cancel);
    }

    /// <summary>Null when the money is on its way; else why it will not go, or why nobody knows whether it went.</summary>
    private async Task<string?> RefundAsync(string id, CancellationToken cancel)
    {
        try
        {
            var result = await _provider!.RefundAsync(id, await AgainAsync(id, cancel), cancel);
            if (result.Problem is not null)
            {
                return result.Problem;
            }

            if (await _provider.StatusAsync(id, cancel) is not { } status)
            {
                return Forgotten;
            }

            // Some refunds are under way for days; they are as good as done, and a failure comes as a notice.
            await payments.ApplyAsync(status with { IsRefunded = true }, null, cancel);
            return null;
        }
        catch (PaymentProviderException e) when (!e.IsTransient)
        {
            return e.Message;
        }
    }

    /// <summary>The money has to be given back where it was taken, by hand; asked for again, the refund has as long anew.</summary>
    private async Task GiveUpAbandonedAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var given = await connection.QueryAsync<(string Id, string Why)>(
            $"""
            update platform.payments set state = 'refund_failed', changed_at = now(),
                   refund_error = format('It was paid by the payment provider “%s”, which this installation does not use any more: give the money back there.', provider)
            where {IsAbandoned} and changed_at < now() - @GivenUpAfter returning id, refund_error
            """,
            new { GivenUpAfter });
        foreach (var (id, why) in given)
        {
            PaymentsLog.RefundFailed(log, id, why);
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
        await EachAsync(ended, (id, token) => FollowAsync(id, _provider!.CloseAsync, token), cancel);
    }

    private async Task CheckOpenAsync(CancellationToken cancel)
    {
        var open = await IdsAsync("select id from platform.payments where state = 'started' and ask_after <= now() and provider = @Name and checked_at < now() - @CheckEvery order by checked_at limit @Batch", cancel);
        await EachAsync(open, (id, token) => FollowAsync(id, _provider!.StatusAsync, token), cancel);
    }

    private async Task FollowAsync(string id, Func<string, CancellationToken, Task<PaymentStatus?>> ask, CancellationToken cancel)
    {
        PaymentStatus? status;
        try
        {
            status = await ask(id, cancel);
        }
        catch (PaymentProviderException e) when (!e.IsTransient)
        {
            // One that the provider will not speak of holds none of the others up.
            PaymentsLog.ProviderRefused(log, $"a question about payment {id}", e.Message);
            await ChangeAsync("checked_at = now()", id, cancel);
            return;
        }

        if (status is null)
        {
            // Nobody can pay what the provider has no more. While its order waits there is time to hear otherwise; money that comes after all is taken or given back as any.
            await ChangeAsync(
                $"checked_at = now(), state = case when {IsOver} then 'failed' else state end, changed_at = case when {IsOver} then now() else changed_at end", id, cancel);
            return;
        }

        if (status.State == "paid")
        {
            PaymentsLog.NoticeMissed(log, id);
        }

        await payments.ApplyAsync(status, null, cancel);
    }

    /// <summary>Several at once; one that goes wrong is put off, whatever the others do.</summary>
    private Task EachAsync(IEnumerable<string> ids, Func<string, CancellationToken, Task> work, CancellationToken cancel) =>
        Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (id, token) =>
        {
            try
            {
                await work(id, token);
            }
            catch (PaymentProviderException e) when (!e.IsAway)
            {
                PaymentsLog.PaymentPutOff(log, id, e.Message);
                await PutOffAsync(id, cancel);
            }
            catch (PaymentProviderException)
            {
                // When the pause is over, others are first: perhaps it is this one that it hangs at.
                await ChangeAsync("ask_after = now() + 2 * @AwayPause", id, cancel);
                throw;
            }
            catch (Exception e) when (IsOfTheRow(e))
            {
                // A mistake of ours is told whole, and holds up no other payment either.
                DataLog.WorkFailed(log, e, $"payment {id}");
                await PutOffAsync(id, cancel);
            }
        });

    private Task<int> PutOffAsync(string id, CancellationToken cancel) =>
        ChangeAsync("asked_in_vain = asked_in_vain + 1, ask_after = now() + least(@AwayPause * power(2, least(asked_in_vain, 20)), @LongestPause)", id, cancel);

    private Task<int> ChangeAsync(string set, string id, CancellationToken cancel) => database.InTransactionAsync(
        transaction => transaction.Connection!.ExecuteAsync($"update platform.payments set {set} where provider = @Name and id = @id", new { _provider!.Name, id, AwayPause, LongestPause }), cancel);

    private async Task<int> AgainAsync(string id, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await connection.QuerySingleAsync<int>("select refunds_again from platform.payments where provider = @Name and id = @id", new { _provider!.Name, id });
    }

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
