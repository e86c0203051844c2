using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Tickets;

/// <summary>A live event with one quota, one ticket type, and buyers.</summary>
internal sealed record Shop(PlatformFixture Fixture, HttpClient Organiser, Guid OrganiserId, Guid EventId, Guid QuotaId, Guid TypeId)
{
    public static async Task<Shop> OpenAsync(PlatformFixture fixture, int capacity, long priceMinor = 0, string visibility = "public")
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        if (priceMinor > 0)
        {
            using var connected = await client.PostAsync($"/api/v1/organisations/{organiserId}/payment-account", null);
            Assert.Equal(HttpStatusCode.NoContent, connected.StatusCode);
        }

        var made = await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", new { name = "Fair", timeZone = "Europe/Zurich", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-02T08:00:00Z" }, HttpStatusCode.Created);
        var eventId = made.GetProperty("id").GetGuid();
        var quota = await client.PostJsonAsync($"/api/v1/events/{eventId}/quotas", new { name = "Seats", capacity }, HttpStatusCode.Created);
        var shop = new Shop(fixture, client, organiserId, eventId, quota.GetProperty("id").GetGuid(), default);
        return shop with { TypeId = await shop.AddTypeAsync(priceMinor, visibility) };
    }

    public async Task<Guid> AddTypeAsync(long priceMinor = 0, string visibility = "public", int maxPerOrder = 10) =>
        (await Organiser.PostJsonAsync($"/api/v1/events/{EventId}/ticket-types", new { name = "Seat", quotaId = QuotaId, priceMinor, currency = "CHF", visibility, maxPerOrder }, HttpStatusCode.Created)).GetProperty("id").GetGuid();

    public object Order(string email = "bea@people.example", Guid? type = null, int count = 1, string? voucher = null, string? invitation = null, string? waitingList = null, int? consent = null, object? answers = null) => new
    {
        email,
        name = "Bea Buyer",
        tickets = Enumerable.Range(0, count).Select(_ => new { ticketTypeId = type ?? TypeId, answers }).ToArray(),
        voucher,
        invitation,
        waitingList,
        consent = new { version = consent, storing = true, sharing = false },
    };

    public Task<HttpResponseMessage> SendAsync(object order, string? key = null, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/events/{EventId}/orders") { Content = JsonContent.Create(order) };
        request.Headers.Add("Idempotency-Key", key ?? Guid.NewGuid().ToString());
        return (client ?? Fixture.Client()).SendAsync(request);
    }

    public async Task<JsonElement> BuyAsync(object? order = null, string? key = null)
    {
        using var response = await SendAsync(order ?? Order(), key);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement;
    }

    public Task<HttpResponseMessage> WithKeyAsync(HttpMethod method, string path, JsonElement order, object? body = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-Order-Key", order.GetProperty("key").GetString());
        return Fixture.Client().SendAsync(request);
    }

    public async Task<string> StateAsync(JsonElement order)
    {
        using var response = await WithKeyAsync(HttpMethod.Get, $"/api/v1/orders/{order.GetProperty("id").GetGuid()}", order);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("state").GetString()!;
    }

    public async Task<JsonElement> QuotaAsync() => (await Organiser.GetJsonAsync($"/api/v1/events/{EventId}/quotas"))[0];

    public async Task<int> AvailableAsync() => (await QuotaAsync()).GetProperty("available").GetInt32();

    public async Task<T> ScalarAsync<T>(string sql, object? values = null)
    {
        await using var connection = await Fixture.Database.OpenAsync(CancellationToken.None);
        return (await connection.ExecuteScalarAsync<T>(sql, values))!;
    }

    /// <summary>Keeps the platform from asking about an order's payment by itself: what a test does next is not raced.</summary>
    public Task<int> LeaveAloneAsync(JsonElement order) => ScalarAsync<int>(
        "update platform.payments set checked_at = now() + interval '1 hour' where order_id = @Id; select 1", new { Id = order.GetProperty("id").GetGuid() });

    /// <summary>Lets the holds of an order run out, as time would.</summary>
    public Task<int> ExpireAsync(JsonElement order) => ScalarAsync<int>(
        """
        update platform.tickets set held_until = now() - interval '1 second' where order_id = @Id;
        update platform.orders set expires_at = now() - interval '1 second' where id = @Id;
        select 1
        """,
        new { Id = order.GetProperty("id").GetGuid() });
}
