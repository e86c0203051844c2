using System.Net;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using static Events.Tests.Platform.Features.Onsite.DoorDevice;

namespace Events.Tests.Platform.Features.Onsite;

[Collection(nameof(PlatformCollection))]
public sealed class ScanListTests(PlatformFixture fixture)
{
    [Fact]
    public async Task The_list_comes_by_pages_and_then_what_changed_with_no_more_of_people_than_a_name()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 50);
        var device = await EnrolAsync(shop);
        var orders = new List<JsonElement>();
        for (var i = 0; i < 4; i++)
        {
            orders.Add(await shop.BuyAsync(shop.Order($"list-{i}@people.example", count: 3)));
        }

        var kept = new Dictionary<Guid, JsonElement>();
        var cursor = await SyncAsync(device, kept, null, 12, limit: 5);
        Assert.All(kept.Values, t => Assert.Equal(["id", "inAt", "leftAt", "name", "refusal", "typeId"], t.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal)));
        Assert.All(kept.Values, t => Assert.Equal(("Bea Buyer", shop.TypeId), (t.GetProperty("name").GetString(), t.GetProperty("typeId").GetGuid())));
        Assert.DoesNotContain("@people.example", JsonSerializer.Serialize(kept), StringComparison.Ordinal);

        // Nothing changed: a line.
        using (var request = new HttpRequestMessage(HttpMethod.Get, $"/onsite/v1/tickets?cursor={cursor}"))
        {
            request.Headers.IfNoneMatch.ParseAdd($"\"{cursor}\"");
            using var response = await device.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotModified, response.StatusCode);
        }

        // One comes in, one is revoked, one is blocked, one handed on (and a new one there), one let in elsewhere.
        var tickets = orders.SelectMany(o => o.GetProperty("tickets").EnumerateArray()).ToList();
        await device.AskAsync(Code(tickets[0]));
        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{IdOf(tickets[1])}/revoke", null))
        using (await shop.Organiser.PutAsync($"/api/v1/tickets/{IdOf(tickets[2])}/block", null))
        using (await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{IdOf(tickets[3])}/transfer", orders[1], new { name = "Cy New", email = "cy@people.example" }))
        using (await shop.Organiser.PostAsync("/api/v1/tickets/check-in", Http.Json(new { code = Code(tickets[4]), eventId = shop.EventId })))
        {
            kept.Clear();
            cursor = await SyncAsync(device, kept, cursor, 6);
        }

        Assert.Equal((null, false), Said(tickets[0]));
        Assert.Equal(("revoked", true), Said(tickets[1]));
        Assert.Equal(("blocked", true), Said(tickets[2]));
        Assert.Equal(("transferred", true), Said(tickets[3]));
        Assert.Equal((null, false), Said(tickets[4]));
        Assert.Equal(JsonValueKind.String, kept[IdOf(tickets[4])].GetProperty("inAt").ValueKind);
        Assert.Contains(kept.Values, t => t.GetProperty("name").GetString() == "Cy New");
        Assert.Equal(JsonValueKind.Null, kept[IdOf(tickets[1])].GetProperty("name").ValueKind);

        // Taken back.
        using (await shop.Organiser.DeleteAsync($"/api/v1/tickets/{IdOf(tickets[4])}/check-in"))
        {
            kept.Clear();
            await SyncAsync(device, kept, cursor, 1);
            Assert.Equal(JsonValueKind.Null, kept[IdOf(tickets[4])].GetProperty("inAt").ValueKind);
        }

        await device.Client.GetAsync("/onsite/v1/tickets?cursor=yesterday").ShouldRefuseAsync(HttpStatusCode.BadRequest, "cursor_invalid");
        await device.Client.GetAsync($"/onsite/v1/tickets?cursor={ulong.MaxValue}.{Guid.Empty:N}").ShouldRefuseAsync(HttpStatusCode.Gone, "cursor_gone");

        (string? Refusal, bool IsRefused) Said(JsonElement ticket) => (kept[IdOf(ticket)].GetProperty("refusal").GetString(), kept[IdOf(ticket)].GetProperty("refusal").ValueKind == JsonValueKind.String);
    }

    /// <summary>Of two changes the one that began first commits last: a cursor between them would lose it.</summary>
    [Fact]
    public async Task A_change_that_commits_late_is_not_passed_over()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var device = await EnrolAsync(shop);
        var tickets = (await shop.BuyAsync(shop.Order(count: 2))).GetProperty("tickets");
        var kept = new Dictionary<Guid, JsonElement>();
        var cursor = await SyncAsync(device, kept, null, 2);
        kept.Clear();
        await using (var connection = await fixture.Database.OpenAsync(default))
        await using (var slow = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("update platform.tickets set blocked_at = now() where id = @Id", new { Id = IdOf(tickets[0]) }, slow);
            using (await shop.Organiser.PutAsync($"/api/v1/tickets/{IdOf(tickets[1])}/block", null))
            {
                var page = await device.Client.GetJsonAsync($"/onsite/v1/tickets?cursor={cursor}");
                Assert.Empty(page.GetProperty("items").EnumerateArray());
                cursor = page.GetProperty("cursor").GetString()!;
            }

            await slow.CommitAsync();
        }

        await SyncAsync(device, kept, cursor, 2);
        Assert.All(kept.Values, t => Assert.Equal("blocked", t.GetProperty("refusal").GetString()));
    }

    /// <summary>Asks until so many tickets have come: pages end below transactions that run, also those of other tests.</summary>
    private static async Task<string> SyncAsync(DoorDevice device, Dictionary<Guid, JsonElement> kept, string? cursor, int wanted, int limit = 500)
    {
        await Eventually.TrueAsync(
            async () =>
            {
                bool more;
                do
                {
                    var page = await device.Client.GetJsonAsync($"/onsite/v1/tickets?limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}");
                    Assert.True(page.GetProperty("items").GetArrayLength() <= limit);
                    foreach (var item in page.GetProperty("items").EnumerateArray())
                    {
                        kept[IdOf(item)] = item;
                    }

                    (cursor, more) = (page.GetProperty("cursor").GetString()!, page.GetProperty("more").GetBoolean());
                }
                while (more);
                return kept.Count >= wanted;
            },
            $"{wanted} tickets are listed");
        Assert.Equal(wanted, kept.Count);
        return cursor!;
    }
}
