using System.Net;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.External;

[Collection(nameof(PlatformCollection))]
public sealed class CheckInTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_ticket_gets_in_once_and_the_door_says_why_not()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        var elsewhere = await Shop.OpenAsync(fixture, capacity: 10);
        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId, "check-ins:read", "check-ins:write");
        var order = await shop.BuyAsync(shop.Order(count: 3));
        var (one, two, three) = (order.GetProperty("tickets")[0], order.GetProperty("tickets")[1], order.GetProperty("tickets")[2]);
        var foreign = (await elsewhere.BuyAsync()).GetProperty("tickets")[0];

        var first = await CheckInAsync(api, shop, new { code = Code(one) });
        Assert.Equal(("ok", Id(one)), (Result(first), first.GetProperty("ticketId").GetGuid()));
        var second = await CheckInAsync(api, shop, new { ticketId = Id(one) });
        Assert.Equal(("already_in", first.GetProperty("checkedInAt").GetDateTimeOffset()), (Result(second), second.GetProperty("checkedInAt").GetDateTimeOffset()));
        Assert.Equal("ok", Result(await CheckInAsync(api, shop, new { ticketId = Id(two) })));

        using (await shop.Organiser.PostAsync($"/api/v1/tickets/{Id(three)}/revoke", null))
        {
            Assert.Equal("revoked", Reason(await CheckInAsync(api, shop, new { code = Code(three) })));
        }

        Assert.Equal("wrong_event", Reason(await CheckInAsync(api, shop, new { code = Code(foreign) })));
        Assert.Equal("ticket_not_found", Reason(await CheckInAsync(api, shop, new { ticketId = Id(foreign) })));
        Assert.Equal("code_invalid", Reason(await CheckInAsync(api, shop, new { code = "E1:NOTHING" })));
        await api.SendAsync(HttpMethod.Post, $"/external/v1/events/{shop.EventId}/check-ins", new { }, null).ShouldRefuseAsync(HttpStatusCode.BadRequest, "ticket_missing");
        await api.SendAsync(HttpMethod.Post, $"/external/v1/events/{elsewhere.EventId}/check-ins", new { code = Code(foreign) }, null).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");

        using (var back = await api.DeleteAsync($"/external/v1/events/{shop.EventId}/check-ins/{Id(one)}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, back.StatusCode);
        }

        await api.DeleteAsync($"/external/v1/events/{shop.EventId}/check-ins/{Id(one)}").ShouldRefuseAsync(HttpStatusCode.NotFound, "check_in_not_found");
        Assert.Equal("ok", Result(await CheckInAsync(api, shop, new { code = Code(one) })));
        Assert.Equal(["ticket.checked_in", "ticket.checked_in", "ticket.checked_out", "ticket.checked_in"], await TypesAsync(Id(one), Id(two)));
    }

    [Fact]
    public async Task Two_doors_at_once_let_a_ticket_in_once_and_a_retry_under_its_key_hears_the_same()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId, "check-ins:write");
        var ticket = (await shop.BuyAsync()).GetProperty("tickets")[0];
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => CheckInAsync(api, shop, new { code = Code(ticket) })));
        Assert.Single(answers, a => Result(a) == "ok");
        Assert.Equal(9, answers.Count(a => Result(a) == "already_in"));

        using (await api.DeleteAsync($"/external/v1/events/{shop.EventId}/check-ins/{Id(ticket)}"))
        {
            Assert.Equal("ok", Result(await CheckInAsync(api, shop, new { code = Code(ticket) }, "scan-4711")));
            Assert.Equal("ok", Result(await CheckInAsync(api, shop, new { code = Code(ticket) }, "scan-4711")));
            Assert.Equal("already_in", Result(await CheckInAsync(api, shop, new { code = Code(ticket) }, "scan-4712")));
        }
    }

    /// <summary>A gate of the organisation's own and a steward with a phone stand at one door.</summary>
    [Fact]
    public async Task Systems_and_people_let_in_by_one_list()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId, "check-ins:read", "check-ins:write");
        var order = await shop.BuyAsync(shop.Order(count: 2));
        var (one, two) = (order.GetProperty("tickets")[0], order.GetProperty("tickets")[1]);
        var atGate = (await CheckInAsync(api, shop, new { code = Code(one) })).GetProperty("checkedInAt").GetDateTimeOffset();
        var bySteward = await shop.Organiser.PostJsonAsync("/api/v1/tickets/check-in", new { code = Code(one), eventId = shop.EventId }, HttpStatusCode.OK);
        Assert.Equal((false, "already_in"), (bySteward.GetProperty("valid").GetBoolean(), bySteward.GetProperty("reason").GetString()));
        Assert.Equal(atGate, bySteward.GetProperty("ticket").GetProperty("checkedInAt").GetDateTimeOffset());
        using (var transfer = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{Id(one)}/transfer", order, new { name = "Cy", email = "cy@people.example" }))
        {
            Assert.Equal("ticket_used", JsonDocument.Parse(await transfer.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString());
        }

        Assert.True((await shop.Organiser.PostJsonAsync("/api/v1/tickets/check-in", new { code = Code(two), eventId = shop.EventId }, HttpStatusCode.OK)).GetProperty("valid").GetBoolean());
        Assert.Equal("already_in", Result(await CheckInAsync(api, shop, new { ticketId = Id(two) })));
        Assert.Equal(2, (await api.GetJsonAsync($"/external/v1/events/{shop.EventId}/check-ins")).GetProperty("items").GetArrayLength());
        Assert.Equal(2, (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/dashboard")).GetProperty("people").GetProperty("checkedIn").GetInt32());
        using (await shop.Organiser.DeleteAsync($"/api/v1/tickets/{Id(one)}/check-in"))
        {
            Assert.Equal("ok", Result(await CheckInAsync(api, shop, new { code = Code(one) })));
        }

        Assert.Equal(["ticket.checked_in", "ticket.checked_in", "ticket.checked_out", "ticket.checked_in"], await TypesAsync(Id(one), Id(two)));
        await using var connection = await fixture.Database.OpenAsync(default);
        Assert.Equal((1, 1), await connection.QuerySingleAsync<(int, int)>("select count(user_id)::int, count(api_token_id)::int from platform.ticket_check_ins where event_id = @EventId", new { shop.EventId }));
    }

    [Fact]
    public async Task A_ticket_is_either_let_in_or_handed_on()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 12);
        using var api = await ExternalClient.IssueAsync(fixture, shop.OrganiserId, "check-ins:write");
        var order = await shop.BuyAsync(shop.Order(count: 6));
        foreach (var ticket in order.GetProperty("tickets").EnumerateArray())
        {
            var entering = CheckInAsync(api, shop, new { code = Code(ticket) });
            using var handed = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/tickets/{Id(ticket)}/transfer", order, new { name = "Cy", email = "cy@people.example" });
            var isIn = Result(await entering) == "ok";
            Assert.Equal(isIn ? HttpStatusCode.Conflict : HttpStatusCode.OK, handed.StatusCode);
        }
    }

    private async Task<IEnumerable<string>> TypesAsync(params Guid[] tickets)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.QueryAsync<string>("select type from platform.outbox where aggregateid = any(@Ids) and type like 'ticket.checked%' order by seq", new { Ids = tickets.Select(t => t.ToString()).ToArray() });
    }

    private static Task<JsonElement> CheckInAsync(ExternalClient api, Shop shop, object body, string? key = null) => api.WriteAsync(HttpMethod.Post, $"/external/v1/events/{shop.EventId}/check-ins", body, HttpStatusCode.OK, key);

    private static string? Result(JsonElement answer) => answer.GetProperty("result").GetString();

    private static string? Reason(JsonElement answer)
    {
        Assert.Equal("refused", Result(answer));
        return answer.GetProperty("reason").GetString();
    }

    private static Guid Id(JsonElement ticket) => ticket.GetProperty("id").GetGuid();

    private static string Code(JsonElement ticket) => ticket.GetProperty("code").GetString()!;
}
