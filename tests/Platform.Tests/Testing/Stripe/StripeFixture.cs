using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Events.Platform.Features.Payments.Stripe;
using Events.Platform.Roles;
using Events.Tests.Platform.Features.Tickets;

namespace Events.Tests.Platform.Testing.Stripe;

/// <summary>A platform whose payments are Stripe's.</summary>
public sealed class StripeFixture : PlatformFixture
{
    internal StripeServer Stripe { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        Stripe = await StripeServer.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Stripe.DisposeAsync();
    }

    protected override NodeOptions Configure(NodeOptions options) => options with { Stripe = new StripeSettings(StripeServer.SecretKey, ["whsec_old0000000000000000000000", StripeServer.WebhookSecret], Stripe.Url) };

    /// <summary>The account of an organisation, connected and allowed to be paid.</summary>
    internal async Task<string> ConnectAsync(HttpClient organiser, Guid organiserId)
    {
        var details = await organiser.PostJsonAsync($"/api/v1/organisations/{organiserId}/payment-account", new { country = "CH" }, HttpStatusCode.OK);
        var account = details.GetProperty("account").GetString()!;
        Stripe.SetEnabled(account, true);
        await DeliverAsync(account);
        return account;
    }

    internal async Task<Shop> ShopAsync(int capacity, long priceMinor = 2_500)
    {
        var shop = await Shop.OpenAsync(this, capacity);
        await ConnectAsync(shop.Organiser, shop.OrganiserId);
        return shop with { TypeId = await shop.AddTypeAsync(priceMinor) };
    }

    /// <summary>Sends all webhooks about an object.</summary>
    internal async Task DeliverAsync(string id)
    {
        foreach (var webhook in Stripe.WebhooksAbout(id))
        {
            using var response = await SendAsync(webhook);
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }
    }

    internal Task<HttpResponseMessage> SendAsync(string webhook, string? signature = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/payments/webhooks/stripe") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(webhook)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        request.Headers.TryAddWithoutValidation("Stripe-Signature", signature ?? StripeServer.Sign(webhook, DateTimeOffset.UtcNow));
        return Client(csrf: false).SendAsync(request);
    }

    /// <summary>The session's id of an order's checkout address.</summary>
    internal static string SessionOf(JsonElement order) => order.GetProperty("checkoutUrl").GetString()!.Split('/')[^1];
}

[CollectionDefinition(nameof(StripeCollection))]
public sealed class StripeCollection : ICollectionFixture<StripeFixture>;
