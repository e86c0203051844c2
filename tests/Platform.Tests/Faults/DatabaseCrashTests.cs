using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Faults;

/// <summary>A platform with a cluster of its own, which the test kills.</summary>
public sealed class DatabaseCrashTests : IAsyncLifetime
{
    private const int Buyers = 8;
    private const int OrdersEach = 60;
    private const int Kills = 2;

    private readonly PlatformFixture _fixture = new();

    public Task InitializeAsync() => _fixture.InitializeAsync();

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_database_that_is_killed_under_load_costs_time_and_no_acknowledged_order()
    {
        var shop = await Shop.OpenAsync(_fixture, capacity: 100_000);
        var acknowledged = new ConcurrentDictionary<Guid, string>();
        var refusals = new ConcurrentBag<string>();
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(90);
        var buying = Enumerable.Range(0, Buyers).Select(async buyer =>
        {
            using var client = _fixture.Client();
            for (var i = 0; i < OrdersEach; i++)
            {
                var (email, key) = ($"b{buyer}-{i}@people.example", Guid.NewGuid().ToString());
                while (true)
                {
                    Assert.True(DateTime.UtcNow < deadline, "The platform did not heal.");
                    using var response = await shop.SendAsync(shop.Order(email), key, client);
                    var body = await response.Content.ReadFromJsonAsync<JsonElement>();
                    if (response.StatusCode == HttpStatusCode.Created)
                    {
                        Assert.True(acknowledged.TryAdd(body.GetProperty("id").GetGuid(), email));
                        break;
                    }

                    // Whoever is refused asks again with the same key, as a buyer's page does.
                    refusals.Add($"{(int)response.StatusCode} {body.GetProperty("code").GetString()}");
                    await Task.Delay(20);
                }
            }
        }).ToList();

        for (var kill = 1; kill <= Kills; kill++)
        {
            var enough = Buyers * OrdersEach * kill / (Kills + 1);
            await Eventually.TrueAsync(() => Task.FromResult(acknowledged.Count >= enough), $"{enough} orders are placed");
            await _fixture.KillPostgresAsync();
        }

        await Task.WhenAll(buying);
        Assert.Equal(["503 database_unavailable"], refusals.Distinct());
        Assert.Equal(Buyers * OrdersEach, acknowledged.Count);

        await using var connection = await _fixture.Database.OpenAsync(default);
        var kept = (await connection.QueryAsync<(Guid Id, string State, string Email, int Tickets)>(
            "select o.id, o.state, o.email, (select count(*)::int from platform.tickets t where t.order_id = o.id and t.state = 'valid') from platform.orders o where o.event_id = @EventId", new { shop.EventId })).AsList();
        Assert.Equal(acknowledged.OrderBy(a => a.Key).Select(a => (a.Key, "confirmed", a.Value, 1)), kept.OrderBy(k => k.Id));
        Assert.Equal(kept.Count, (await shop.QuotaAsync()).GetProperty("taken").GetInt32());
        Assert.Equal(kept.Count, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'order.confirmed' and payload->>'eventId' = @Id", new { Id = shop.EventId.ToString() }));

        // What runs by itself has healed too: readiness, and the mails of all tickets.
        using var ready = await _fixture.Client().GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        await Eventually.TrueAsync(async () => await shop.ScalarAsync<int>("select count(*)::int from platform.tickets where event_id = @EventId and mailed_at is null", new { shop.EventId }) == 0, "all tickets are confirmed by mail");
    }
}
