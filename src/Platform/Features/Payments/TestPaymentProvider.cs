using System.Text.Json;
using Dapper;
using Events.Platform.Data;

namespace Events.Platform.Features.Payments;

/// <summary>
/// A payment service without a bank, for development: what it knows is kept in a table of its own, what it says is signed like a
/// real one's webhooks, and the same calls give the same ids.
/// </summary>
internal sealed class TestPaymentProvider(Database database, Func<IReadOnlyList<byte[]>> webhookKeys, TimeProvider clock) : IPaymentProvider
{
    private const string Columns = "payment_id, amount_minor, currency, charged_at is not null as is_charged, refunded_at is not null as is_refunded, closed_at is not null as is_closed";

    public string Name => "test";

    public string SignatureHeader => "Events-Signature";

    public Task<PaymentAccountStatus> CreateAccountAsync(NewPaymentAccount account, CancellationToken cancel) => AccountAsync($"test_account_{account.OrganiserId:N}", cancel);

    /// <summary>It asks no questions: every account may be paid at once.</summary>
    public Task<PaymentAccountStatus> AccountAsync(string account, CancellationToken cancel) => Task.FromResult(new PaymentAccountStatus(account, ChargesEnabled: true, DetailsSubmitted: true));

    public Task<OnboardingLink> OnboardAsync(string account, string returnUrl, CancellationToken cancel) => throw new InvalidOperationException("The test provider has no forms to fill in.");

    public async Task<PaymentStatus> StartAsync(PaymentRequest request, CancellationToken cancel)
    {
        var paymentId = $"test_{request.OrderId:N}";
        await using (var connection = await database.OpenAsync(cancel))
        {
            await connection.ExecuteAsync(
                """
                insert into platform.test_charges (payment_id, amount_minor, currency, account, return_url) values (@paymentId, @AmountMinor, @Currency, @Account, @ReturnUrl)
                on conflict (payment_id) do nothing
                """,
                new { paymentId, request.AmountMinor, request.Currency, request.Account, request.ReturnUrl });
        }

        return (await StatusAsync(paymentId, cancel))!;
    }

    public async Task<PaymentStatus?> StatusAsync(string paymentId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return (await connection.QuerySingleOrDefaultAsync<Charge>($"select {Columns} from platform.test_charges where payment_id = @paymentId", new { paymentId }))?.ToStatus();
    }

    public async Task<PaymentStatus?> CloseAsync(string paymentId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync("update platform.test_charges set closed_at = coalesce(closed_at, now()) where payment_id = @paymentId and charged_at is null", new { paymentId });
        return await StatusAsync(paymentId, cancel);
    }

    public async Task<RefundResult> RefundAsync(string paymentId, int again, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var refunded = await connection.ExecuteAsync("update platform.test_charges set refunded_at = coalesce(refunded_at, now()) where payment_id = @paymentId and charged_at is not null", new { paymentId });
        return new RefundResult(refunded == 1 ? null : "It was never charged.");
    }

    /// <summary>What the buyer's click does at a real provider: one charge, however often it comes; and the webhook about it.</summary>
    /// <returns>The webhook's body and signature; null for a payment that is unknown or closed.</returns>
    public async Task<(byte[] Body, string Signature)?> PayAsync(string paymentId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var charged = await connection.ExecuteAsync("update platform.test_charges set charged_at = coalesce(charged_at, now()) where payment_id = @paymentId and closed_at is null", new { paymentId });
        return charged == 1 ? Notice($"evt_paid_{paymentId}", paymentId) : null;
    }

    public (byte[] Body, string Signature) Notice(string id, string paymentId)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new PaymentNotice(id, "payment.changed", NoticeSubject.Payment, paymentId), JsonSerializerOptions.Web);
        return (body, Sign(body, clock.GetUtcNow()));
    }

    public string Sign(ReadOnlySpan<byte> body, DateTimeOffset at) => NoticeSignature.Sign(body, webhookKeys()[0], at);

    public bool TryReadNotice(ReadOnlySpan<byte> body, string? signature, out PaymentNotice? notice)
    {
        notice = null;
        if (!NoticeSignature.IsValid(body, signature, webhookKeys(), clock.GetUtcNow()))
        {
            return false;
        }

        try
        {
            notice = JsonSerializer.Deserialize<PaymentNotice>(body, JsonSerializerOptions.Web);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }

        return notice is { Id.Length: > 0 and <= 200, SubjectId.Length: > 0 and <= 200, Subject: NoticeSubject.Payment };
    }

    private sealed record Charge(string PaymentId, long AmountMinor, string Currency, bool IsCharged, bool IsRefunded, bool IsClosed)
    {
        public PaymentStatus? ToStatus() => Guid.TryParseExact(PaymentId.AsSpan("test_".Length), "N", out var orderId)
            ? new PaymentStatus(PaymentId, orderId, IsCharged ? "paid" : IsClosed ? "failed" : "open", AmountMinor, Currency, null, IsCharged || IsClosed ? null : $"/api/v1/payments/test/{PaymentId}/pay", IsRefunded)
            : null;
    }
}
