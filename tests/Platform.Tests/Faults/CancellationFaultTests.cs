using System.Text.Json;
using Dapper;
using Events.Platform.Data;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Events.Tests.Platform.Testing.Stripe;

namespace Events.Tests.Platform.Faults;

/// <summary>A platform is killed in the middle of calling an event off, and answers of the payment provider are lost; the next one goes on.</summary>
public sealed class CancellationFaultTests : IAsyncLifetime
{
    private const int Orders = 60; // more than a batch
    private const int PaidEach = 5; // every fifth costs money

    private readonly StripeFixture _fixture = new();

    public Task InitializeAsync() => _fixture.InitializeAsync();

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_killed_cancellation_goes_on_and_refunds_each_order_once_and_tells_each_holder_once()
    {
        var shop = await _fixture.ShopAsync(capacity: 1_000);
        var free = await shop.AddTypeAsync();
        var placed = new List<(Guid Id, string Email, bool IsPaid)>();
        for (var i = 0; i < Orders; i++)
        {
            var (email, isPaid) = ($"holder-{i}@people.example", i % PaidEach == 0);
            var order = await shop.BuyAsync(shop.Order(email, isPaid ? shop.TypeId : free));
            if (isPaid)
            {
                var session = StripeFixture.SessionOf(order);
                Assert.True(_fixture.Stripe.Pay(session));
                await _fixture.DeliverAsync(session);
            }

            placed.Add((order.GetProperty("id").GetGuid(), email, isPaid));
        }

        var cookies = shop.Organiser;
        await _fixture.StopAsync();
        await using var database = new Database(_fixture.Options.Database!);
        await using var connection = await database.OpenAsync(default);
        await using var other = await database.OpenAsync(default);
        using (var doomed = await _fixture.StartProcessAsync())
        {
            await using (var blocking = await connection.BeginTransactionAsync())
            {
                // The last order cannot be ended while this holds it, so the process hangs with one batch done and the other not.
                await connection.ExecuteAsync("select 1 from platform.orders where id = @Id for update", new { placed[^1].Id }, blocking);
                await cookies.PostJsonAsync($"/api/v1/events/{shop.EventId}/cancellation", new { }, System.Net.HttpStatusCode.Accepted);
                await Eventually.TrueAsync(async () => await OpenAsync() is > 0 and < Orders && await other.ExecuteScalarAsync<bool>("select exists (select 1 from pg_locks where not granted)"), "one batch is done and the other waits");
                doomed.Kill(); // SIGKILL
                await doomed.WaitForExitAsync();
                await blocking.RollbackAsync();
            }
        }

        Assert.InRange(await OpenAsync(), 1, Orders - 1);

        // What the next one asks of the provider is done, and the first answers are lost on their way.
        _fixture.Stripe.LoseAnswers(2);
        await other.ExecuteAsync("update platform.timers set next_at = now() where kind = 'event-cancellation'");
        await _fixture.StartAsync();
        await Eventually.TrueAsync(
            async () => (await cookies.GetJsonAsync($"/api/v1/events/{shop.EventId}/cancellation")).GetProperty("state").GetString() == "done", "the cancellation is done");
        var states = (await other.QueryAsync<(Guid Id, string State)>("select id, state from platform.orders where event_id = @EventId", new { shop.EventId })).ToDictionary(o => o.Id, o => o.State);
        Assert.All(placed, o => Assert.Equal(o.IsPaid ? "refunded" : "cancelled", states[o.Id]));
        var refunds = _fixture.Stripe.All("refund").Select(r => (string)r["payment_intent"]!).ToList();
        Assert.Equal(placed.Count(o => o.IsPaid), refunds.Count);
        Assert.Equal(refunds.Count, refunds.Distinct().Count());
        Assert.Equal(0, (await shop.QuotaAsync()).GetProperty("taken").GetInt32());
        await Eventually.TrueAsync(() => Task.FromResult(placed.All(o => Told(o.Email) > 0)), "every holder is told");
        Assert.All(placed, o => Assert.Equal(1, Told(o.Email)));

        Task<int> OpenAsync() => other.ExecuteScalarAsync<int>("select count(*)::int from platform.orders where event_id = @EventId and state = 'confirmed'", new { shop.EventId });

        int Told(string email) => Mailbox.Texts(_fixture.Options.MailDirectory, email).Count(m => m.Contains("does not take place", StringComparison.Ordinal));
    }
}
