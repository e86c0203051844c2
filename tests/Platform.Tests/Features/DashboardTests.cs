using System.Net;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class DashboardTests(PlatformFixture fixture)
{
    [Fact]
    public async Task An_organiser_sees_sales_people_and_stock_in_one_answer_and_nobody_else_does()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 10);
        await shop.BuyAsync(shop.Order(count: 2));
        var cancelled = await shop.BuyAsync(shop.Order("cleo@people.example"));
        using (await shop.WithKeyAsync(HttpMethod.Post, $"/api/v1/orders/{cancelled.GetProperty("id").GetGuid()}/cancel", cancelled))
        {
            await fixture.Client().PostJsonAsync($"/api/v1/events/{shop.EventId}/entry", new { name = "Gil" }, HttpStatusCode.OK);
        }

        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/entry", new { preview = true }, HttpStatusCode.OK);
        var path = $"/api/v1/events/{shop.EventId}/dashboard";
        var seen = await shop.Organiser.GetJsonAsync(path);
        Assert.Equal("""{"pending":0,"confirmed":1,"cancelled":1,"refunded":0}""", seen.GetProperty("orders").GetRawText());
        Assert.Equal("""{"ticketHolders":2,"checkedIn":0,"entered":1,"present":0}""", seen.GetProperty("people").GetRawText());
        Assert.Equal((8, 2), (seen.GetProperty("quotas")[0].GetProperty("available").GetInt32(), seen.GetProperty("quotas")[0].GetProperty("taken").GetInt32()));
        Assert.Equal((shop.EventId, 0), (seen.GetProperty("event").GetProperty("id").GetGuid(), seen.GetProperty("revenue").GetArrayLength()));
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        await fixture.Client().GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
    }
}
