using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
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
        Assert.All(from.Take(19), a => Assert.True(limits.Admits(a, "victim@people.example")));
        Assert.True(limits.AdmitsAddressee("Victim@people.example ", mails: 50));
        Assert.False(limits.Admits(from[20], "VICTIM@people.example"));
        Assert.True(limits.Admits(from[20], "another@people.example"));
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

/// <summary>What a crowd can do: each request here comes from a network address of its own.</summary>
public sealed class CrowdLimitsTests(ProxiedFixture fixture) : IClassFixture<ProxiedFixture>
{
    private int _addresses;

    [Fact]
    public async Task Each_ticket_that_is_mailed_counts_for_its_mailbox()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 100);
        shop = shop with { TypeId = await shop.AddTypeAsync(maxPerOrder: 50) };
        var (email, key) = ($"{Guid.NewGuid():N}@people.example", Guid.NewGuid().ToString());

        // A group's tickets are not torn apart, but they use up what there is; asked for again, they are the same.
        for (var times = 0; times < 2; times++)
        {
            using var placed = await shop.SendAsync(shop.Order(email, count: 25), key, ClientFromElsewhere());
            Assert.Equal(HttpStatusCode.Created, placed.StatusCode);
        }

        await shop.SendAsync(shop.Order(email), client: ClientFromElsewhere()).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
        using var another = await shop.SendAsync(shop.Order($"other-{email}"), client: ClientFromElsewhere());
        Assert.Equal(HttpStatusCode.Created, another.StatusCode);
    }

    [Fact]
    public async Task A_ticket_that_is_mailed_again_counts_too()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 100);
        shop = shop with { TypeId = await shop.AddTypeAsync(maxPerOrder: 50) };
        using var placed = await shop.SendAsync(shop.Order($"{Guid.NewGuid():N}@people.example", count: 19), client: ClientFromElsewhere());
        var tickets = (await placed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("tickets").EnumerateArray().Select(t => t.GetProperty("id").GetGuid()).ToList();
        await Eventually.TrueAsync(() => shop.ScalarAsync<bool>("select bool_and(mailed_at is not null) from platform.tickets where id = any(@tickets)", new { tickets }), "all are mailed");
        await shop.ScalarAsync<int>("update platform.tickets set mailed_at = now() - interval '2 minutes' where id = any(@tickets); select 1", new { tickets });
        await shop.Organiser.PostJsonAsync($"/api/v1/tickets/{tickets[0]}/resend", null, HttpStatusCode.Accepted);
        await shop.Organiser.PostAsync($"/api/v1/tickets/{tickets[1]}/resend", null).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
        Assert.True(await shop.ScalarAsync<bool>("select mailed_at is not null and mailings = 0 from platform.tickets where id = @Id", new { Id = tickets[1] }));
    }

    [Fact]
    public async Task Attempts_to_enrol_are_in_nobody_elses_way()
    {
        for (var i = 0; i <= NarrowFixture.Attempts; i++)
        {
            await ClientFromElsewhere().PostAsJsonAsync("/onsite/v1/enrol", new { key = "guessed" }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "enrolment_invalid");
        }
    }

    [Fact]
    public async Task One_network_does_not_close_a_sale_by_files_that_it_orders_nothing_with()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var question = (await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "Your CV", kind = "file" }, HttpStatusCode.Created)).GetProperty("id").GetGuid();
        var client = ClientFromElsewhere();
        using (var first = await UploadAsync(client))
        {
            Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        }

        // As many as one network may have waiting.
        await shop.ScalarAsync<int>(
            """
            insert into platform.answer_files (id, event_id, question_id, asset_id, sha256, file_name, mime_type, size, network)
            select gen_random_uuid(), event_id, question_id, asset_id, sha256, file_name, mime_type, size, network from platform.answer_files, generate_series(2, 200) where event_id = @EventId;
            select 1
            """,
            new { shop.EventId });
        await UploadAsync(client).ShouldRefuseAsync(HttpStatusCode.Conflict, "too_many_files");
        using var another = await UploadAsync(ClientFromElsewhere());
        Assert.Equal(HttpStatusCode.Created, another.StatusCode);

        Task<HttpResponseMessage> UploadAsync(HttpClient from) => from.PostAsync($"/api/v1/events/{shop.EventId}/questions/{question}/files?name=a.txt", new StringContent("Some text."));
    }

    private HttpClient ClientFromElsewhere()
    {
        var client = fixture.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", $"203.0.113.{++_addresses}");
        return client;
    }
}
