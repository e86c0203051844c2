using System.Net;
using System.Security.Cryptography;
using System.Text;
using global::Stripe;
using global::Stripe.Checkout;
using Polly.Timeout;

namespace Events.Platform.Features.Payments.Stripe;

/// <summary>
/// Stripe Connect by Stripe's own client, which pins the API version that it was made for. A payment is a Checkout Session of the platform whose
/// charge goes to the organiser's account in full and in its name (a destination charge without a fee, <c>on_behalf_of</c>). Our ids are in the metadata and make the idempotency keys.
/// </summary>
internal sealed class StripePayments : IPaymentProvider, IDisposable
{
    /// <summary>
    /// A session lives 30 minutes at least (docs.stripe.com/api/checkout/sessions/create, expires_at). It is closed when the order's
    /// hold ends; that it ends by itself this long after the hold is the net below. The minute is for clocks that differ.
    /// </summary>
    private static readonly TimeSpan ShortestSession = TimeSpan.FromMinutes(31);

    private const string OrderKey = "events_order";
    private const string EnvironmentKey = "events_environment";

    private readonly StripeSettings _settings;
    private readonly string _environment;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;
    private readonly SessionService _sessions;
    private readonly AccountService _accounts;
    private readonly AccountLinkService _links;
    private readonly RefundService _refunds;
    private readonly byte[][] _secrets;

    /// <param name="settings">Keys and address.</param>
    /// <param name="environment">Written into what we make, so that two installations on one Stripe account leave each other's payments alone.</param>
    /// <param name="clock">For signatures and pauses.</param>
    /// <param name="wire">The connection to Stripe.</param>
    public StripePayments(StripeSettings settings, string environment, TimeProvider clock, HttpMessageHandler wire)
    {
        (_settings, _environment, _clock) = (settings, environment, clock);

        // The pipeline has a time limit for each attempt; this one ends all of them together.
        _http = new HttpClient(wire) { Timeout = TimeSpan.FromSeconds(30) };
        var client = new StripeClient(new StripeClientOptions
        {
            ApiKey = settings.SecretKey,
            ApiBase = settings.Api.GetLeftPart(UriPartial.Authority),
            HttpClient = new SystemNetHttpClient(_http, maxNetworkRetries: 0, appInfo: null, enableTelemetry: false),
        });
        (_sessions, _accounts, _links, _refunds) = (new SessionService(client), new AccountService(client), new AccountLinkService(client), new RefundService(client));
        _secrets = [.. settings.WebhookSecrets.Select(Encoding.UTF8.GetBytes)];
    }

    public string Name => "stripe";

    public string SignatureHeader => "Stripe-Signature";

    public async Task<PaymentAccountStatus> CreateAccountAsync(NewPaymentAccount account, CancellationToken cancel)
    {
        // An Express account: Stripe asks for what it needs and shows the organiser its own dashboard; the platform answers for losses and pays Stripe's fees, as destination charges have it.
        var options = new AccountCreateOptions
        {
            Country = account.Country,
            Email = account.Email,
            Controller = new AccountControllerOptions
            {
                Fees = new AccountControllerFeesOptions { Payer = "application" },
                Losses = new AccountControllerLossesOptions { Payments = "application" },
                StripeDashboard = new AccountControllerStripeDashboardOptions { Type = "express" },
            },
            Capabilities = new AccountCapabilitiesOptions
            {
                CardPayments = new AccountCapabilitiesCardPaymentsOptions { Requested = true },
                Transfers = new AccountCapabilitiesTransfersOptions { Requested = true },
            },
            BusinessProfile = new AccountBusinessProfileOptions { Name = account.OrganiserName },
            Metadata = new Dictionary<string, string> { ["events_organiser"] = account.OrganiserId.ToString(), [EnvironmentKey] = _environment },
        };

        // What is asked for is part of the key: a second click gives the same account, and other words are no misuse of the key.
        var words = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{account.Country}\n{account.Email}\n{account.OrganiserName}")))[..16];
        return StatusOf(await AskAsync(() => _accounts.CreateAsync(options, Once($"account-{account.OrganiserId:N}-{words}"), cancel), cancel));
    }

    public async Task<PaymentAccountStatus> AccountAsync(string account, CancellationToken cancel)
    {
        try
        {
            return StatusOf(await AskAsync(() => _accounts.GetAsync(account, null, null, cancel), cancel));
        }
        catch (PaymentProviderException e) when (e.Code is "account_invalid" or "resource_missing")
        {
            // Deauthorised or deleted at Stripe: it is there no more for us.
            return new PaymentAccountStatus(account, ChargesEnabled: false, DetailsSubmitted: false);
        }
    }

    public async Task<OnboardingLink> OnboardAsync(string account, string returnUrl, CancellationToken cancel)
    {
        var link = await AskAsync(
            () => _links.CreateAsync(
                new AccountLinkCreateOptions { Account = account, Type = "account_onboarding", ReturnUrl = returnUrl, RefreshUrl = returnUrl },
                Once($"link-{Guid.NewGuid():N}"), // each opens once, so each is new
                cancel),
            cancel);
        return new OnboardingLink(link.Url, new DateTimeOffset(link.ExpiresAt, TimeSpan.Zero));
    }

    public async Task<PaymentStatus> StartAsync(PaymentRequest request, CancellationToken cancel)
    {
        if (!StripeAmounts.TryToStripe(request.AmountMinor, request.Currency, out var amount))
        {
            throw new PaymentProviderException($"Stripe cannot charge {request.AmountMinor} of {request.Currency}'s smallest unit.", "amount_not_supported", isTransient: false);
        }

        var marks = new Dictionary<string, string> { [OrderKey] = request.OrderId.ToString(), [EnvironmentKey] = _environment };
        var options = new SessionCreateOptions
        {
            Mode = "payment",
            ClientReferenceId = request.OrderId.ToString(),
            CustomerEmail = request.Email,
            SuccessUrl = request.ReturnUrl,
            CancelUrl = request.ReturnUrl,
            ExpiresAt = (request.HeldUntil + ShortestSession).UtcDateTime,

            // Money that is known of at once: a debit that bounces days later cannot hold a seat.
            AllowedPaymentMethodTypes = ["card"],

            // The price is the organiser's, in the organiser's currency.
            AdaptivePricing = new SessionAdaptivePricingOptions { Enabled = false },
            LineItems =
            [
                new SessionLineItemOptions
                {
                    Quantity = 1,
                    PriceData = new SessionLineItemPriceDataOptions
                    {
                        Currency = request.Currency.ToLowerInvariant(),
                        UnitAmount = amount,
                        ProductData = new SessionLineItemPriceDataProductDataOptions { Name = request.Title },
                    },
                },
            ],
            PaymentIntentData = new SessionPaymentIntentDataOptions
            {
                OnBehalfOf = request.Account,
                TransferData = new SessionPaymentIntentDataTransferDataOptions { Destination = request.Account },
                Metadata = marks,
            },
            Metadata = marks,
        };
        return StatusOf(await AskAsync(() => _sessions.CreateAsync(options, Once($"order-{request.OrderId:N}"), cancel), cancel))
            ?? throw new PaymentProviderException("Stripe answered with another session than the one asked for.", null, isTransient: false);
    }

    public async Task<PaymentStatus?> StatusAsync(string paymentId, CancellationToken cancel)
    {
        try
        {
            var options = new SessionGetOptions { Expand = ["payment_intent.latest_charge"] };
            return StatusOf(await AskAsync(() => _sessions.GetAsync(paymentId, options, null, cancel), cancel));
        }
        catch (PaymentProviderException e) when (e.Code == "resource_missing")
        {
            return null;
        }
    }

    public async Task<PaymentStatus?> CloseAsync(string paymentId, CancellationToken cancel)
    {
        try
        {
            // Nothing is closed twice, so each time is new: a failure that is kept under a key would be the answer for a day.
            await AskAsync(() => _sessions.ExpireAsync(paymentId, null, Once($"close-{paymentId}-{Guid.NewGuid():N}"), cancel), cancel);
        }
        catch (PaymentProviderException e) when (!e.IsTransient)
        {
            // It was paid or has expired in the meantime: its status says which.
        }

        return await StatusAsync(paymentId, cancel);
    }

    public async Task<RefundResult> RefundAsync(string paymentId, int again, CancellationToken cancel)
    {
        var status = await StatusAsync(paymentId, cancel);
        if (status is null || (status.Reference is null && !status.IsRefunded))
        {
            return new RefundResult("Stripe knows of no charge for this payment.");
        }

        if (status.IsRefunded)
        {
            return new RefundResult(null);
        }

        // The transfer to the organiser is taken back with it: the platform never held the money and does not pay it twice.
        var options = new RefundCreateOptions { PaymentIntent = status.Reference, ReverseTransfer = true, Metadata = new Dictionary<string, string> { [OrderKey] = status.OrderId.ToString() } };
        try
        {
            var refund = await AskAsync(() => _refunds.CreateAsync(options, Once(again == 0 ? $"refund-{paymentId}" : $"refund-{paymentId}-{again}"), cancel), cancel);
            return new RefundResult(refund.Status is "failed" or "canceled" ? $"The refund {refund.Id} {refund.Status}: {refund.FailureReason ?? "no reason given"}." : null);
        }
        catch (PaymentProviderException e) when (e.Code == "charge_already_refunded")
        {
            return new RefundResult(null);
        }
        catch (PaymentProviderException e) when (!e.IsTransient)
        {
            return new RefundResult(e.Message);
        }
    }

    public bool TryReadNotice(ReadOnlySpan<byte> body, string? signature, out PaymentNotice? notice)
    {
        notice = null;
        return NoticeSignature.IsValid(body, signature, _secrets, _clock.GetUtcNow()) && StripeNotices.TryRead(body, _settings.IsLive, out notice);
    }

    public void Dispose() => _http.Dispose();

    private static PaymentAccountStatus StatusOf(Account account) => new(account.Id, account.ChargesEnabled, account.DetailsSubmitted);

    /// <summary>Null for a session that another installation, or another product on the same account, has made.</summary>
    private PaymentStatus? StatusOf(Session session)
    {
        if (session.Metadata?.GetValueOrDefault(EnvironmentKey) != _environment || !Guid.TryParse(session.Metadata?.GetValueOrDefault(OrderKey), out var orderId))
        {
            return null;
        }

        // A complete session that is not paid waits for a bank, or was told no by it; the latter comes as a failed intent.
        var state = session switch
        {
            { PaymentStatus: "paid" or "no_payment_required" } => "paid",
            { Status: "expired" } or { Status: "complete", PaymentIntent.Status: "requires_payment_method" or "canceled" } => "failed",
            _ => "open",
        };
        var currency = session.Currency.ToUpperInvariant();
        return new PaymentStatus(
            session.Id, orderId, state, StripeAmounts.FromStripe(session.AmountTotal ?? 0, currency), currency, session.PaymentIntentId, session.Url, session.PaymentIntent?.LatestCharge?.Refunded ?? false);
    }

    private static RequestOptions Once(string key) => new() { IdempotencyKey = $"events-{key}" };

    private static async Task<T> AskAsync<T>(Func<Task<T>> call, CancellationToken cancel)
    {
        try
        {
            return await call();
        }
        catch (StripeException e)
        {
            // 401 and 403 are for the operator to mend, and are mended by asking again once that is done. 409: another request with this key is still running, and its end is the answer.
            var isTransient = e.HttpStatusCode is 0 or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
                && e.StripeError?.Code is not "account_invalid";
            throw new PaymentProviderException($"Stripe answered {(int)e.HttpStatusCode} {e.StripeError?.Type} {e.StripeError?.Code} ({e.StripeError?.RequestLogUrl ?? e.Message})", e.StripeError?.Code, isTransient, e, isAway: e.HttpStatusCode == 0);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            throw new PaymentProviderException($"Stripe does not answer: {e.Message}", null, isTransient: true, e, isAway: true);
        }
    }
}
