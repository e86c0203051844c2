using System.Net;
using System.Net.Http.Json;
using Events.Platform.Features.Tickets;
using Events.Platform.Roles;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

/// <summary>A platform that admits little, to see what it does when more comes.</summary>
public sealed class NarrowFixture : PlatformFixture
{
    public const int Attempts = 12;

    protected override NodeOptions Configure(NodeOptions options) => options with { AttemptsPerAddress = Attempts };
}

/// <summary>The same behind a reverse proxy that is named.</summary>
public sealed class ProxiedFixture : PlatformFixture
{
    protected override NodeOptions Configure(NodeOptions options) => options with { AttemptsPerAddress = NarrowFixture.Attempts, Proxies = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("198.51.100.0/24")] };
}

/// <summary>What a stranger may do again and again without an account: bounded by network address, and by the address that gets mail.</summary>
public sealed class LimitsTests(NarrowFixture fixture) : IClassFixture<NarrowFixture>
{
    [Fact]
    public void A_mailbox_is_filled_by_no_crowd_of_addresses()
    {
        var limits = new OrderLimits(new NodeOptions());
        var from = Enumerable.Range(1, 21).Select(i => IPAddress.Parse($"192.0.2.{i}")).ToList();
        Assert.All(from.Take(20), a => Assert.True(limits.Admits(a, ["victim@people.example", "Victim@people.example ", $"{a}@people.example", null])));
        Assert.False(limits.Admits(from[20], ["other@people.example", "VICTIM@people.example"]));
        Assert.True(limits.Admits(from[20], ["another@people.example"]));
    }

    [Fact]
    public async Task Who_is_no_named_proxy_does_not_choose_the_address_that_limits_go_by()
    {
        var refused = 0;
        for (var i = 0; i < NarrowFixture.Attempts + 1; i++)
        {
            using var response = await AskAsync(fixture, $"203.0.113.{i}", "https");
            refused += response.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
        }

        Assert.InRange(refused, 1, NarrowFixture.Attempts);
    }

    /// <summary>Asks for a link, each time for another mailbox.</summary>
    internal static async Task<HttpResponseMessage> AskAsync(PlatformFixture fixture, string forwardedFor, string scheme)
    {
        using var client = fixture.Client();
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/links") { Content = JsonContent.Create(new { email = $"{Guid.NewGuid():N}@people.example" }) };
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        request.Headers.Add("X-Forwarded-Proto", scheme);
        return await client.SendAsync(request);
    }

    [Fact]
    public async Task Orders_transfers_places_in_queues_and_guests_are_bounded()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 100);
        var order = await shop.BuyAsync();
        var ticket = $"/api/v1/tickets/{order.GetProperty("tickets")[0].GetProperty("id").GetGuid()}";
        HttpResponseMessage? last = null;
        var admitted = 0;
        for (var i = 0; i < 2 * NarrowFixture.Attempts && last?.StatusCode != HttpStatusCode.TooManyRequests; i++)
        {
            last?.Dispose();
            last = await shop.SendAsync(shop.Order($"buyer-{i}@people.example"));
            admitted += last.StatusCode == HttpStatusCode.Created ? 1 : 0;
        }

        Assert.Equal(NarrowFixture.Attempts - 1, admitted);
        Assert.Equal("60", last!.Headers.RetryAfter?.ToString());
        await Task.FromResult(last).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
        await shop.WithKeyAsync(HttpMethod.Post, $"{ticket}/transfer", order, new { name = "Vic", email = "victim@people.example" }).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
        await fixture.Client().PostAsJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email = "w@people.example", name = "W" }).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");

        // Who is in already comes back without being counted.
        var entry = $"/api/v1/events/{shop.EventId}/entry";
        var first = await fixture.Client().PostJsonAsync(entry, new { name = "Gil" }, HttpStatusCode.OK);
        var guests = 1;
        while (true)
        {
            using var response = await fixture.Client().PostAsJsonAsync(entry, new { name = "Crowd" });
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                break;
            }

            guests++;
        }

        Assert.Equal(10 * NarrowFixture.Attempts, guests);
        using var gil = fixture.Bearer(first.GetProperty("token").GetString()!);
        Assert.Equal(first.GetProperty("participant").GetProperty("id").GetGuid(), (await gil.PostJsonAsync(entry, new { }, HttpStatusCode.OK)).GetProperty("participant").GetProperty("id").GetGuid());
        Assert.Equal(HttpStatusCode.OK, (await shop.Organiser.PostAsJsonAsync(entry, new { })).StatusCode);
    }
}
