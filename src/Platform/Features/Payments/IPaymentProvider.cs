namespace Events.Platform.Features.Payments;

/// <param name="OrderId">Also the idempotency key: starting twice is one payment.</param>
/// <param name="Account">The organiser's account, which gets all of it.</param>
/// <param name="ReturnUrl">Where the buyer's browser goes afterwards; it proves nothing.</param>
public sealed record PaymentRequest(Guid OrderId, long AmountMinor, string Currency, string Account, string ReturnUrl);

/// <param name="PaymentId">The provider's id.</param>
/// <param name="CheckoutUrl">Where the buyer pays.</param>
public sealed record PaymentStarted(string PaymentId, string CheckoutUrl);

/// <summary>What a provider tells us; only such a signed notice makes an order paid.</summary>
/// <param name="Id">The notice's own id: it may come several times.</param>
/// <param name="Kind">"paid" or "failed".</param>
public sealed record PaymentNotice(string Id, string Kind, string PaymentId, Guid OrderId, long AmountMinor, string Currency);

/// <summary>A payment service. The organiser is the merchant: we start payments for its account and hold no money.</summary>
public interface IPaymentProvider
{
    /// <summary>Stable; stored with payments and part of the webhook's address.</summary>
    string Name { get; }

    /// <summary>The header that carries a notice's signature.</summary>
    string SignatureHeader { get; }

    /// <summary>Connects an organisation, and names its account there.</summary>
    Task<string> ConnectAsync(Guid organiserId, CancellationToken cancel);

    /// <summary>Idempotent by order.</summary>
    Task<PaymentStarted> StartAsync(PaymentRequest request, CancellationToken cancel);

    /// <summary>Gives everything back; idempotent by payment. Throws <see cref="HttpRequestException"/> to be asked again.</summary>
    Task RefundAsync(string paymentId, CancellationToken cancel);

    /// <summary>Checks the signature over the bytes as they came. False: not from the provider, too old, or not understood.</summary>
    bool TryReadNotice(ReadOnlySpan<byte> body, string? signature, out PaymentNotice? notice);
}
