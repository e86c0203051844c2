using System.Text;
using System.Text.Json;
using Events.Platform.Features.Payments;
using Events.Tests.Platform.Testing;
using Events.Tests.Platform.Testing.Stripe;

namespace Events.Tests.Platform.Features.Payments;

public sealed class StripeClientTests
{
    [Fact]
    public async Task Stripes_own_client_for_node_takes_the_stand_in_for_stripe_and_its_webhooks_for_signed()
    {
        await using var stripe = await StripeServer.StartAsync();
        var said = JsonDocument.Parse(await VendorClients.RunAsync("stripe.mjs", stripe.Url.ToString().TrimEnd('/'), StripeServer.SecretKey, StripeServer.WebhookSecret)).RootElement;
        Assert.Equal(
            ["account.updated", "checkout.session.completed", "charge.refunded", "checkout.session.expired"],
            said.GetProperty("kinds").EnumerateArray().Select(k => k.GetString()!));

        // Both clients, Node's and .NET's, speak the version that the stand-in was written from.
        Assert.All(stripe.Requests, r => Assert.Equal("2026-10-28.endive", r.Version));

        // What that client signs is valid to us, under its secret only.
        var (payload, signature) = (Encoding.UTF8.GetBytes(said.GetProperty("payload").GetString()!), said.GetProperty("signature").GetString());
        Assert.True(NoticeSignature.IsValid(payload, signature, [Encoding.UTF8.GetBytes(StripeServer.WebhookSecret)], DateTimeOffset.UtcNow));
        Assert.False(NoticeSignature.IsValid(payload, signature, ["whsec_another"u8.ToArray()], DateTimeOffset.UtcNow));
    }
}
