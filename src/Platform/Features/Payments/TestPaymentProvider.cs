using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.Platform.Data;

namespace Events.Platform.Features.Payments;

/// <summary>
/// A payment service without a bank, for development: what it knows is kept in a table of its own, what it says is signed like a
/// real one's webhooks (a time stamp and an HMAC-SHA256 over "time.body"), and the same calls give the same ids.
/// </summary>
internal sealed class TestPaymentProvider(Database database, byte[] webhookKey, TimeProvider clock) : IPaymentProvider
{
    /// <summary>An older notice may be a replay.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public string Name => "test";

    public string SignatureHeader => "Events-Signature";

    public Task<string> ConnectAsync(Guid organiserId, CancellationToken cancel) => Task.FromResult($"test_account_{organiserId:N}");

    public async Task<PaymentStarted> StartAsync(PaymentRequest request, CancellationToken cancel)
    {
        var paymentId = $"test_{request.OrderId:N}";
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync(
            """
            insert into platform.test_charges (payment_id, amount_minor, currency, account, return_url) values (@paymentId, @AmountMinor, @Currency, @Account, @ReturnUrl)
            on conflict (payment_id) do nothing
            """,
            new { paymentId, request.AmountMinor, request.Currency, request.Account, request.ReturnUrl });
        return new PaymentStarted(paymentId, $"/api/v1/payments/test/{paymentId}/pay");
    }

    public async Task RefundAsync(string paymentId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync("update platform.test_charges set refunded_at = coalesce(refunded_at, now()) where payment_id = @paymentId and charged_at is not null", new { paymentId });
    }

    /// <summary>What the buyer's click does at a real provider: one charge, however often it comes; and the webhook about it.</summary>
    /// <returns>The webhook's body and signature; null for an unknown payment.</returns>
    public async Task<(byte[] Body, string Signature)?> PayAsync(string paymentId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var charge = await connection.QuerySingleOrDefaultAsync<Charge>(
            "update platform.test_charges set charged_at = coalesce(charged_at, now()) where payment_id = @paymentId returning amount_minor, currency", new { paymentId });
        if (charge is null || !Guid.TryParseExact(paymentId["test_".Length..], "N", out var orderId))
        {
            return null;
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(new PaymentNotice($"evt_paid_{paymentId}", "paid", paymentId, orderId, charge.AmountMinor, charge.Currency), JsonSerializerOptions.Web);
        return (body, Sign(body, clock.GetUtcNow()));
    }

    public string Sign(ReadOnlySpan<byte> body, DateTimeOffset at)
    {
        var time = at.ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"t={time},v1={Convert.ToHexStringLower(Mac(time, body))}");
    }

    public bool TryReadNotice(ReadOnlySpan<byte> body, string? signature, out PaymentNotice? notice)
    {
        notice = null;
        var parts = signature?.Length < 200 ? signature.Split(",v1=") : [];
        if (parts.Length != 2 || !parts[0].StartsWith("t=", StringComparison.Ordinal)
            || !long.TryParse(parts[0].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            || Math.Abs((double)clock.GetUtcNow().ToUnixTimeSeconds() - time) > Tolerance.TotalSeconds
            || parts[1].Length != 64 || !parts[1].All(char.IsAsciiHexDigitLower)
            || !CryptographicOperations.FixedTimeEquals(Mac(time, body), Convert.FromHexString(parts[1])))
        {
            return false;
        }

        try
        {
            notice = JsonSerializer.Deserialize<PaymentNotice>(body, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return false;
        }

        return notice is { Id.Length: > 0 and <= 200, PaymentId.Length: > 0 and <= 200, Kind: "paid" or "failed", Currency: not null };
    }

    private byte[] Mac(long time, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(time.ToString(CultureInfo.InvariantCulture)), (byte)'.', .. body];
        return HMACSHA256.HashData(webhookKey, signed);
    }

    private sealed record Charge(long AmountMinor, string Currency);
}
