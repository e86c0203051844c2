namespace Events.Platform.Features.Payments;

/// <param name="OrderId">Also the idempotency key: starting twice is one payment.</param>
/// <param name="AmountMinor">In the currency's smallest unit (ISO 4217).</param>
/// <param name="Account">The organiser's account, which gets all of it.</param>
/// <param name="Title">What is bought, for the buyer's eyes.</param>
/// <param name="Email">The buyer's, for the provider's own form.</param>
/// <param name="HeldUntil">When the order's tickets go back: the payment ends with them.</param>
/// <param name="ReturnUrl">Where the buyer's browser goes afterwards; it proves nothing.</param>
public sealed record PaymentRequest(Guid OrderId, long AmountMinor, string Currency, string Account, string Title, string Email, DateTimeOffset HeldUntil, string ReturnUrl);

/// <summary>What the provider knows of a payment at the moment of asking.</summary>
/// <param name="PaymentId">The provider's id.</param>
/// <param name="State">"open" (it can still be paid), "paid", or "failed" (it cannot be paid any more).</param>
/// <param name="Reference">The provider's second name for it, once there is one: notices of refunds use it.</param>
/// <param name="CheckoutUrl">Where the buyer pays, while it is open.</param>
/// <param name="IsRefunded">All of the money went back.</param>
public sealed record PaymentStatus(string PaymentId, Guid OrderId, string State, long AmountMinor, string Currency, string? Reference, string? CheckoutUrl, bool IsRefunded);

/// <summary>How a refund went.</summary>
/// <param name="Problem">Why the provider will not give the money back; null when it has, or is about to.</param>
public sealed record RefundResult(string? Problem);

/// <param name="Email">Of the person who connects it; fills the provider's form.</param>
/// <param name="Country">ISO 3166-1 alpha-2; null: the platform's own.</param>
public sealed record NewPaymentAccount(Guid OrganiserId, string OrganiserName, string Email, string? Country);

/// <param name="ChargesEnabled">The provider takes money for it: nothing may be sold before.</param>
/// <param name="DetailsSubmitted">The organiser has filled in the provider's forms.</param>
public sealed record PaymentAccountStatus(string Account, bool ChargesEnabled, bool DetailsSubmitted);

/// <param name="Url">Opens once.</param>
public sealed record OnboardingLink(string Url, DateTimeOffset ExpiresAt);

/// <summary>What a notice is about. It says only that something has changed: the truth is asked for, so order and number of notices do not matter.</summary>
public enum NoticeSubject
{
    /// <summary>Nothing that we follow.</summary>
    Other,

    /// <summary>A payment, by its id.</summary>
    Payment,

    /// <summary>A payment, by its <see cref="PaymentStatus.Reference"/>.</summary>
    Reference,

    /// <summary>An organiser's account.</summary>
    Account,
}

/// <summary>A provider's signed message.</summary>
/// <param name="Id">The notice's own id: it may come several times.</param>
/// <param name="Kind">The provider's word for it, for the log.</param>
public sealed record PaymentNotice(string Id, string Kind, NoticeSubject Subject, string SubjectId);

/// <summary>The provider did not do what it was asked.</summary>
/// <param name="message">What it said; no secrets, no personal data.</param>
/// <param name="code">Its own code, if any.</param>
/// <param name="isTransient">Asking again later may help: it was away, busy, or answered too late.</param>
/// <param name="isAway">It did not answer at all, whatever it was asked about.</param>
public sealed class PaymentProviderException(string message, string? code, bool isTransient, Exception? inner = null, bool isAway = false) : Exception(message, inner)
{
    public string? Code { get; } = code;

    public bool IsTransient { get; } = isTransient;

    public bool IsAway { get; } = isAway;
}

/// <summary>
/// A payment service. The organiser gets all of the money: we start payments for its account and hold none. Every call may be made
/// again: what it makes is named by our ids. All throw <see cref="PaymentProviderException"/>.
/// </summary>
public interface IPaymentProvider
{
    /// <summary>Stable; stored with payments and part of the webhook's address.</summary>
    string Name { get; }

    /// <summary>The header that carries a notice's signature.</summary>
    string SignatureHeader { get; }

    /// <summary>Makes an organisation's account; the same one when it is asked again.</summary>
    Task<PaymentAccountStatus> CreateAccountAsync(NewPaymentAccount account, CancellationToken cancel);

    Task<PaymentAccountStatus> AccountAsync(string account, CancellationToken cancel);

    /// <summary>Where the organiser goes on with the provider's forms.</summary>
    /// <param name="account">The provider's id.</param>
    /// <param name="returnUrl">Where its browser comes back to, done or not, or when the link was used up.</param>
    /// <param name="cancel">Gives up.</param>
    Task<OnboardingLink> OnboardAsync(string account, string returnUrl, CancellationToken cancel);

    /// <summary>Idempotent by order.</summary>
    Task<PaymentStatus> StartAsync(PaymentRequest request, CancellationToken cancel);

    /// <summary>Null: the provider has no such payment, or it is none of ours.</summary>
    Task<PaymentStatus?> StatusAsync(string paymentId, CancellationToken cancel);

    /// <summary>Makes sure that it cannot be paid any more, unless it is paid already: the status says which.</summary>
    Task<PaymentStatus?> CloseAsync(string paymentId, CancellationToken cancel);

    /// <summary>Gives everything back, once.</summary>
    /// <param name="paymentId">The provider's id.</param>
    /// <param name="again">How often it was asked for again after it had failed: each of these is another refund.</param>
    /// <param name="cancel">Gives up.</param>
    Task<RefundResult> RefundAsync(string paymentId, int again, CancellationToken cancel);

    /// <summary>Checks the signature over the bytes as they came. False: not from the provider, too old, or not understood.</summary>
    bool TryReadNotice(ReadOnlySpan<byte> body, string? signature, out PaymentNotice? notice);
}
