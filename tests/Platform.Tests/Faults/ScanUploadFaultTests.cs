using System.Net;
using Dapper;
using Events.Platform.Data;
using Events.Tests.Platform.Features.Onsite;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using static Events.Tests.Platform.Features.Onsite.DoorDevice;

namespace Events.Tests.Platform.Faults;

/// <summary>A platform is killed while devices hand in what they scanned offline.</summary>
public sealed class ScanUploadFaultTests : IAsyncLifetime
{
    private const int Tickets = 60;
    private const int Batch = 10;

    private readonly PlatformFixture _fixture = new();

    public Task InitializeAsync() => _fixture.InitializeAsync();

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_platform_that_is_killed_in_the_middle_of_an_upload_loses_nothing_acknowledged_and_doubles_nothing()
    {
        var shop = await Shop.OpenAsync(_fixture, capacity: Tickets);
        var tickets = new List<System.Text.Json.JsonElement>();
        while (tickets.Count < Tickets)
        {
            tickets.AddRange((await shop.BuyAsync(shop.Order($"b{tickets.Count}@people.example", count: 10))).GetProperty("tickets").EnumerateArray());
        }

        // Both devices were offline and let everybody in, A first.
        var (a, b) = (await EnrolAsync(shop), await EnrolAsync(shop, name: "Door B"));
        var start = DateTimeOffset.UtcNow.AddHours(-1);
        var (ofA, ofB) = (BatchesOf(tickets, start), BatchesOf(tickets, start.AddMinutes(20)));
        await _fixture.StopAsync();

        await using var database = new Database(_fixture.Options.Database!);
        await using var connection = await database.OpenAsync(default);
        await using var other = await database.OpenAsync(default);
        using var doomed = await _fixture.StartProcessAsync();
        var acknowledged = 0;
        foreach (var batch in ofA[..3].Concat(ofB[..1]))
        {
            acknowledged += (await (acknowledged < 3 * Batch ? a : b).SendAsync(batch)).GetArrayLength();
        }

        var writes = 0;
        await using (var blocking = await connection.BeginTransactionAsync())
        {
            // Half of the next batch is written by then: entries are settled after all scans are in.
            await connection.ExecuteAsync("lock table platform.ticket_check_ins in share mode", transaction: blocking);
            var dying = a.PostAsync(ofA[3]);
            await Eventually.TrueAsync(
                async () => await other.ExecuteScalarAsync<bool>("select exists (select 1 from pg_locks where relation = 'platform.ticket_check_ins'::regclass and not granted)"), "the upload waits in the middle");
            doomed.Kill(); // SIGKILL
            await doomed.WaitForExitAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => dying);
            writes = await other.ExecuteScalarAsync<int>("select count(*)::int from platform.check_in_scans");
            await blocking.RollbackAsync();
        }

        Assert.Equal((40, 40), (acknowledged, writes));
        await _fixture.StartAsync();

        // The devices heard nothing of the last batch: they send what is not acknowledged, A all of it once more.
        foreach (var batch in ofA)
        {
            Assert.All((await a.SendAsync(batch)).EnumerateArray(), x => Assert.Equal("ok", Result(x)));
        }

        foreach (var batch in ofB[1..])
        {
            Assert.All((await b.SendAsync(batch)).EnumerateArray(), x => Assert.Equal("conflict", Result(x)));
        }

        var counts = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/check-in");
        Assert.Equal((Tickets, Tickets, Tickets), (counts.GetProperty("valid").GetInt32(), counts.GetProperty("in").GetInt32(), counts.GetProperty("conflicts").GetInt32()));
        Assert.Equal(2 * Tickets, await shop.ScalarAsync<int>("select count(*)::int from platform.check_in_scans"));
        Assert.Equal(Tickets, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'ticket.checked_in'"));
        Assert.Equal(Tickets, await shop.ScalarAsync<int>("select count(*)::int from platform.outbox where type = 'ticket.check_in_conflict'"));
        Assert.Equal(Tickets, await shop.ScalarAsync<int>("select count(*)::int from platform.ticket_check_ins where device_id = @Id", new { a.Id }));
    }

    private static object[][] BatchesOf(List<System.Text.Json.JsonElement> tickets, DateTimeOffset start) =>
        [.. tickets.Select((t, i) => Admitted(Guid.CreateVersion7(), t, start.AddSeconds(i))).Chunk(Batch)];
}
