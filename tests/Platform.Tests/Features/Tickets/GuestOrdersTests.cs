using System.Net;
using System.Text.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Tickets;

/// <summary>The confirmation says: to manage the ticket, sign in with this address.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class GuestOrdersTests(PlatformFixture fixture)
{
    [Fact]
    public async Task What_a_guest_ordered_is_the_accounts_that_proves_the_address_and_nobody_elses()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var email = Address();
        var order = await shop.BuyAsync(shop.Order(email.ToUpperInvariant()));
        var foreign = await shop.BuyAsync(shop.Order($"x{email}"));
        await fixture.MailsAsync(email, "sign in with this address", 1);

        // An account of the address that nobody has proven, as it could be made for somebody else's.
        var (unproven, unprovenEmail) = await fixture.AddUserAsync();
        await shop.BuyAsync(shop.Order(unprovenEmail));
        using (var client = await fixture.SignedInAsync(unprovenEmail))
        {
            Assert.Empty(await OrdersAsync(client));
        }

        using var guest = fixture.Client();
        await guest.PostJsonAsync("/api/v1/auth/sign-up", new { email, name = "Gil Guest" }, HttpStatusCode.Accepted);
        await guest.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email, mails: 2), password = PlatformFixture.Password }, HttpStatusCode.OK);
        Assert.Equal([IdOf(order)], await OrdersAsync(guest));
        await guest.GetAsync($"/api/v1/orders/{IdOf(foreign)}").ShouldRefuseAsync(HttpStatusCode.NotFound, "order_not_found");

        // The account manages it, and the key that the guest has on a device still opens it.
        var ticket = order.GetProperty("tickets")[0].GetProperty("id").GetGuid();
        await guest.PostJsonAsync($"/api/v1/tickets/{ticket}/transfer", new { name = "Otto", email = $"otto{email}" }, HttpStatusCode.OK);
        Assert.Equal("confirmed", await shop.StateAsync(order));
        await fixture.MailsAsync($"otto{email}", "Who bought it manages it", 1);

        // By a link, which proves the address of an account that had a password only.
        await guest.PostJsonAsync("/api/v1/auth/links", new { email = unprovenEmail }, HttpStatusCode.Accepted);
        using var proven = fixture.Client();
        await proven.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(unprovenEmail, mails: 2) }, HttpStatusCode.OK);
        Assert.Single(await OrdersAsync(proven));
    }

    [Fact]
    public async Task What_is_ordered_without_signing_in_is_the_accounts_at_once_whose_address_is_proven()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var (_, email) = await fixture.AddUserAsync();
        using var client = fixture.Client();
        await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        await client.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email) }, HttpStatusCode.OK);

        // On another device; here the session goes on.
        var order = await shop.BuyAsync(shop.Order(email));
        Assert.Equal([IdOf(order)], await OrdersAsync(client));

        // Who is signed in buys for themselves, whatever address they write down.
        var (_, other) = await fixture.AddUserAsync();
        using var buyer = await fixture.SignedInAsync(other);
        using var bought = await shop.SendAsync(shop.Order(email), client: buyer);
        Assert.Equal(HttpStatusCode.Created, bought.StatusCode);
        Assert.Single(await OrdersAsync(buyer));
        Assert.Single(await OrdersAsync(client));
    }

    private static string Address() => $"{Guid.NewGuid():N}@people.example";

    private static Guid IdOf(JsonElement thing) => thing.GetProperty("id").GetGuid();

    private static async Task<Guid[]> OrdersAsync(HttpClient client) => [.. (await client.GetJsonAsync("/api/v1/me/orders")).GetProperty("items").EnumerateArray().Select(IdOf)];
}
