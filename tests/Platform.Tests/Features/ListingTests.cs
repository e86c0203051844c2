using System.Net;
using Dapper;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class ListingTests(PlatformFixture fixture)
{
    private const string Path = "/api/v1/events?limit=1&type=trade_show";

    [Fact]
    public async Task An_edit_shows_at_once_where_it_was_made_and_within_a_second_where_it_was_not()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var made = await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", new { name = "First name", timeZone = "Europe/Zurich", startsAt = "2190-05-01T08:00:00Z", endsAt = "2190-05-02T08:00:00Z", businessType = "trade_show" }, HttpStatusCode.Created);
        var id = made.GetProperty("id").GetGuid();
        Assert.Equal("First name", await NameAsync());
        await client.PatchJsonAsync($"/api/v1/events/{id}", new { name = "Second name" });
        Assert.Equal("Second name", await NameAsync());

        // As another platform would: this one learns of it by looking. It looks after half a second; the limit here is the machine's patience.
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("update platform.events set name = 'Third name' where id = @id", new { id });
        await fixture.Client().EventuallyAsync(Path, page => page.GetProperty("items")[0].GetProperty("name").GetString() == "Third name");
        await client.PostJsonAsync($"/api/v1/events/{id}/state", new { state = "ended" }, HttpStatusCode.OK);
        await client.PostJsonAsync($"/api/v1/events/{id}/state", new { state = "archived" }, HttpStatusCode.OK);
        Assert.NotEqual("Third name", await NameAsync());
    }

    [Fact]
    public async Task A_page_that_has_not_changed_is_not_sent_again()
    {
        await fixture.SceneAsync();
        using var client = fixture.Client();
        using var first = await client.GetAsync("/api/v1/events?limit=3");
        var tag = first.Headers.ETag!;
        Assert.Equal(("no-cache", "application/json"), (first.Headers.CacheControl!.ToString(), first.Content.Headers.ContentType!.MediaType));

        // Other tests make events meanwhile: then the tag is another one, and the page is sent.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events?limit=3");
        request.Headers.IfNoneMatch.Add(tag);
        using var second = await client.SendAsync(request);
        Assert.Equal(tag.Equals(second.Headers.ETag) ? HttpStatusCode.NotModified : HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(tag.Equals(second.Headers.ETag), (await second.Content.ReadAsByteArrayAsync()).Length == 0);
    }

    private async Task<string?> NameAsync()
    {
        var items = (await fixture.Client().GetJsonAsync(Path)).GetProperty("items");
        return items.GetArrayLength() == 0 ? null : items[0].GetProperty("name").GetString();
    }
}
