using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Npgsql;

namespace Events.Platform.Features.Payments;

/// <param name="State">"missing", "onboarding" (the provider still asks for something) or "ready".</param>
/// <param name="OnboardingUrl">Where to go on with the provider's forms; opens once, so ask anew each time.</param>
public sealed record PaymentAccountDetails(string State, string Provider, string? Account, bool ChargesEnabled, bool DetailsSubmitted, string? OnboardingUrl, DateTimeOffset? ExpiresAt);

/// <summary>Organisations' accounts at the payment provider. What it says of one is kept in a row; nothing costs money before it takes money.</summary>
internal sealed class PaymentAccounts(Database database, IEnumerable<IPaymentProvider> providers, ILogger<PaymentAccounts> log)
{
    private static readonly ApiError NoAccount = ApiError.Conflict("payment_account_missing", "Connect the organisation's payment account first: POST /api/v1/organisations/{id}/payment-account.");

    private static readonly ApiError NotEnabled = ApiError.Conflict("payment_account_incomplete", "The payment provider does not take money for this organisation yet: finish its forms (POST /api/v1/organisations/{id}/payment-account leads there).");

    private static readonly ApiError NoProvider = new(503, "payments_unavailable", "This installation has no payment provider.");

    private readonly IPaymentProvider? _provider = providers.FirstOrDefault();

    /// <summary>Null when the organisation can be paid.</summary>
    public async Task<ApiError?> ErrorAsync(NpgsqlConnection connection, Guid organiserId) =>
        _provider is null ? NoAccount
        : await connection.QuerySingleOrDefaultAsync<AccountRow>(
            "select account, charges_enabled, details_submitted from platform.payment_accounts where organiser_id = @organiserId and provider = @Name", new { organiserId, _provider.Name }) is not { } row ? NoAccount
        : row.ChargesEnabled ? null : NotEnabled;

    /// <summary>Makes the account when there is none, and leads to the provider's forms while it asks for something.</summary>
    public async Task<Outcome<PaymentAccountDetails>> ConnectAsync(NewPaymentAccount wanted, string returnUrl, CancellationToken cancel)
    {
        if (_provider is null)
        {
            return NoProvider;
        }

        try
        {
            var known = await FindAsync(wanted.OrganiserId, cancel);
            var status = known is null ? await _provider.CreateAccountAsync(wanted, cancel) : await _provider.AccountAsync(known.Account, cancel);
            await KeepAsync(wanted.OrganiserId, status, cancel);
            var link = status.ChargesEnabled ? null : await _provider.OnboardAsync(status.Account, returnUrl, cancel);
            return Details(status) with { OnboardingUrl = link?.Url, ExpiresAt = link?.ExpiresAt };
        }
        catch (PaymentProviderException e)
        {
            return Payments.ErrorOf(e, "an account", log);
        }
    }

    /// <summary>What is known; while the account is not ready the provider is asked, so that a lost notice holds nobody up.</summary>
    public async Task<Outcome<PaymentAccountDetails>> GetAsync(Guid organiserId, CancellationToken cancel)
    {
        if (_provider is null)
        {
            return NoProvider;
        }

        var known = await FindAsync(organiserId, cancel);
        if (known is { ChargesEnabled: false })
        {
            try
            {
                await SyncAsync(known.Account, cancel);
                known = await FindAsync(organiserId, cancel);
            }
            catch (PaymentProviderException e)
            {
                return Payments.ErrorOf(e, "an account's state", log);
            }
        }

        return known is null ? new PaymentAccountDetails("missing", _provider.Name, null, false, false, null, null) : Details(new PaymentAccountStatus(known.Account, known.ChargesEnabled, known.DetailsSubmitted));
    }

    /// <summary>
    /// Takes over what the provider says of an account now. The row is locked while it is asked, so that of two notices at once the
    /// older answer is not written last.
    /// </summary>
    public Task<bool> SyncAsync(string account, CancellationToken cancel) => database.InTransactionAsync(
        async transaction =>
        {
            var connection = transaction.Connection!;
            var before = await connection.QuerySingleOrDefaultAsync<AccountRow>(
                "select account, charges_enabled, details_submitted from platform.payment_accounts where provider = @Name and account = @account for update", new { _provider!.Name, account });
            if (before is null)
            {
                return false;
            }

            var status = await _provider.AccountAsync(account, cancel);
            if (before != new AccountRow(account, status.ChargesEnabled, status.DetailsSubmitted))
            {
                await connection.ExecuteAsync(
                    "update platform.payment_accounts set charges_enabled = @ChargesEnabled, details_submitted = @DetailsSubmitted where provider = @Name and account = @account",
                    new { status.ChargesEnabled, status.DetailsSubmitted, _provider.Name, account });
                var organiserId = await connection.QuerySingleAsync<Guid>("select organiser_id from platform.payment_accounts where provider = @Name and account = @account", new { _provider.Name, account });
                await Outbox.AppendAsync(transaction, "organisation", organiserId, "payment_account.changed", new { organiserId, status.ChargesEnabled });
                PaymentsLog.AccountChanged(log, account, status.ChargesEnabled, status.DetailsSubmitted);
            }

            return true;
        },
        cancel);

    private async Task<AccountRow?> FindAsync(Guid organiserId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<AccountRow>(
            "select account, charges_enabled, details_submitted from platform.payment_accounts where organiser_id = @organiserId and provider = @Name", new { organiserId, _provider!.Name });
    }

    private Task<bool> KeepAsync(Guid organiserId, PaymentAccountStatus status, CancellationToken cancel) => database.InTransactionAsync(
        async transaction =>
        {
            // An account of another provider gives way: the installation has changed its provider.
            await transaction.Connection!.ExecuteAsync(
                """
                insert into platform.payment_accounts (organiser_id, provider, account, charges_enabled, details_submitted) values (@organiserId, @Name, @Account, @ChargesEnabled, @DetailsSubmitted)
                on conflict (organiser_id) do update set provider = excluded.provider, account = excluded.account, charges_enabled = excluded.charges_enabled, details_submitted = excluded.details_submitted
                """,
                new { organiserId, _provider!.Name, status.Account, status.ChargesEnabled, status.DetailsSubmitted });
            await Outbox.AppendAsync(transaction, "organisation", organiserId, "payment_account.changed", new { organiserId, status.ChargesEnabled });
            return true;
        },
        cancel);

    private PaymentAccountDetails Details(PaymentAccountStatus status) =>
        new(status.ChargesEnabled ? "ready" : "onboarding", _provider!.Name, status.Account, status.ChargesEnabled, status.DetailsSubmitted, null, null);

    private sealed record AccountRow(string Account, bool ChargesEnabled, bool DetailsSubmitted);
}
