using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Tickets;

/// <summary>The lists that the pages start from: what an account bought, what an organiser sells, whose orders came in.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class OverviewTests(PlatformFixture fixture)
{
    [Fact]
    public async Task An_account_sees_its_own_orders_newest_first_and_nobody_elses()
    {
        var first = await Shop.OpenAsync(fixture, capacity: 5);
        var second = await Shop.OpenAsync(fixture, capacity: 5);
        var (buyer, _, _) = await fixture.OrganiserAsync();
        foreach (var shop in new[] { first, second })
        {
            using var bought = await shop.SendAsync(shop.Order(count: 2), client: buyer);
            Assert.Equal(HttpStatusCode.Created, bought.StatusCode);
        }

        await first.BuyAsync(first.Order("someone.else@people.example"));
        var mine = await buyer.GetJsonAsync("/api/v1/me/orders?limit=1");
        var newest = Assert.Single(mine.GetProperty("items").EnumerateArray().ToArray());
        Assert.Equal(second.EventId, newest.GetProperty("event").GetProperty("id").GetGuid());
        Assert.Equal(2, newest.GetProperty("tickets").GetInt32());
        Assert.Equal("confirmed", newest.GetProperty("state").GetString());
        var rest = await buyer.GetJsonAsync($"/api/v1/me/orders?after={mine.GetProperty("next").GetString()}");
        Assert.Equal([first.EventId], rest.GetProperty("items").EnumerateArray().Select(o => o.GetProperty("event").GetProperty("id").GetGuid()));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        await fixture.Client().GetAsync("/api/v1/me/orders").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
    }

    [Fact]
    public async Task An_organiser_sees_every_ticket_type_and_visitors_only_what_they_may_buy()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var hidden = await shop.AddTypeAsync(visibility: "hidden");
        var invited = await shop.AddTypeAsync(visibility: "invited");
        var setup = await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types");
        Assert.Equal([shop.TypeId, hidden, invited], Ids(setup));
        Assert.Equal([shop.TypeId], Ids(await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets")));

        var sent = await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/ticket-types/{invited}/invitations", new { email = "ida@people.example" }, HttpStatusCode.Created);
        var key = sent.GetProperty("key").GetString();
        Assert.Equal([invited], Ids(await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets?invitation={key}")));
        Assert.Equal([shop.TypeId], Ids(await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets?invitation={key![..^1]}")));
        using var revoked = await shop.Organiser.DeleteAsync($"/api/v1/events/{shop.EventId}/invitations/{sent.GetProperty("id").GetString()}");
        Assert.Equal([shop.TypeId], Ids(await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets?invitation={key}")));

        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.GetAsync($"/api/v1/events/{shop.EventId}/ticket-types").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
    }

    [Fact]
    public async Task A_withdrawn_type_is_not_sold_or_waited_for_and_what_was_sold_stays()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var sold = await shop.BuyAsync();
        var place = await fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/waiting-list", new { ticketTypeId = shop.TypeId, email = "wanda@people.example", name = "Wanda" }, HttpStatusCode.Created);
        var path = $"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}";
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.DeleteAsync(path).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        using var withdrawn = await shop.Organiser.DeleteAsync(path);
        Assert.Equal(HttpStatusCode.NoContent, withdrawn.StatusCode);
        await shop.Organiser.DeleteAsync(path).ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_type_not_found");
        Assert.Empty(Ids(await fixture.Client().GetJsonAsync($"/api/v1/events/{shop.EventId}/tickets")));
        await shop.SendAsync(shop.Order("late@people.example")).ShouldRefuseAsync(HttpStatusCode.NotFound, "ticket_type_not_found");
        Assert.Equal("confirmed", await shop.StateAsync(sold));
        Assert.Equal("lapsed", (await fixture.Client().GetJsonAsync($"/api/v1/waiting-list/{place.GetProperty("key").GetString()}")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_question_is_removed_unless_another_follows_from_it()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var path = $"/api/v1/events/{shop.EventId}/questions";
        var first = (await shop.Organiser.PostJsonAsync(path, new { label = "Come?", kind = "yes_no", required = true }, HttpStatusCode.Created)).GetProperty("id").GetString();
        var second = (await shop.Organiser.PostJsonAsync(path, new { label = "How?", shownIf = new { questionId = first, answer = "yes" } }, HttpStatusCode.Created)).GetProperty("id").GetString();
        await shop.Organiser.DeleteAsync($"{path}/{first}").ShouldRefuseAsync(HttpStatusCode.Conflict, "question_needed");
        foreach (var id in new[] { second, first })
        {
            using var removed = await shop.Organiser.DeleteAsync($"{path}/{id}");
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await shop.Organiser.DeleteAsync($"{path}/{first}").ShouldRefuseAsync(HttpStatusCode.NotFound, "question_not_found");
        await shop.BuyAsync();
    }

    [Fact]
    public async Task Orders_are_found_by_a_part_of_a_name_or_an_address_and_by_state()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var anna = (await shop.BuyAsync(shop.Order("anna.50%@people.example"))).GetProperty("id").GetString()!;
        var second = await shop.BuyAsync(shop.Order("otto@people.example"));
        using var cancelled = await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{second.GetProperty("id").GetString()}/cancel", second);
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        var path = $"/api/v1/events/{shop.EventId}/orders";
        Assert.Equal([anna], await FoundAsync($"{path}?text=ANNA"));
        Assert.Equal([anna], await FoundAsync($"{path}?text=50%25"));
        Assert.Equal([second.GetProperty("id").GetString()!, anna], await FoundAsync($"{path}?text=bea"));
        Assert.Equal([second.GetProperty("id").GetString()!], await FoundAsync($"{path}?state=cancelled"));
        Assert.Empty(await FoundAsync($"{path}?text=nobody"));
        await shop.Organiser.GetAsync($"{path}?state=lost").ShouldRefuseAsync(HttpStatusCode.BadRequest, "filter_invalid");

        async Task<string[]> FoundAsync(string query) =>
            [.. (await shop.Organiser.GetJsonAsync(query)).GetProperty("items").EnumerateArray().Select(o => o.GetProperty("id").GetString()!)];
    }

    private static IEnumerable<Guid> Ids(JsonElement onSale) => onSale.GetProperty("types").EnumerateArray().Select(t => t.GetProperty("id").GetGuid());
}
