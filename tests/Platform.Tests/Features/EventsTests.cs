using System.Net;
using System.Net.Http.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class EventsTests(PlatformFixture fixture)
{
    private static object NewEvent(string name = "Some event", string? slug = null, string zone = "Europe/Zurich", string from = "2026-05-01T08:00:00Z", string to = "2026-05-02T08:00:00Z", string? state = null) =>
        new { name, slug, timeZone = zone, startsAt = from, endsAt = to, state };

    [Theory]
    [InlineData("organization_admin", HttpStatusCode.Created)]
    [InlineData("event_admin", HttpStatusCode.Created)]
    [InlineData("regular_member", HttpStatusCode.Forbidden)]
    public async Task Admins_and_event_admins_make_events_and_sessions(string role, HttpStatusCode expected)
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync(role);
        using var made = await client.PostAsJsonAsync($"/api/v1/organisations/{organiserId}/events", NewEvent());
        Assert.Equal(expected, made.StatusCode);

        var scene = await fixture.SceneAsync();
        await client.PostAsJsonAsync($"/api/v1/events/{scene.EventId}/sessions", new { name = "Mine", kind = "session" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
    }

    [Fact]
    public async Task Strangers_and_guests_make_nothing()
    {
        var (stranger, _, _) = await fixture.OrganiserAsync();
        var (_, _, organiserId) = await fixture.OrganiserAsync();
        await stranger.PostAsJsonAsync($"/api/v1/organisations/{organiserId}/events", NewEvent()).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
        await fixture.Client().PostAsJsonAsync($"/api/v1/organisations/{organiserId}/events", NewEvent()).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
    }

    [Fact]
    public async Task What_is_wrong_with_a_new_event_is_named()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var path = $"/api/v1/organisations/{organiserId}/events";
        await client.PostAsJsonAsync(path, NewEvent(name: " ")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "name_missing");
        await client.PostAsJsonAsync(path, NewEvent(name: new string('x', 201))).ShouldRefuseAsync(HttpStatusCode.BadRequest, "name_too_long");
        await client.PostAsJsonAsync(path, NewEvent(name: "a\0b")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "name_invalid");
        await client.PostAsJsonAsync(path, NewEvent(zone: "Mars/Olympus")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "time_zone_unknown");
        await client.PostAsJsonAsync(path, NewEvent(to: "2026-05-01T07:00:00Z")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "times_invalid");
        await client.PostAsJsonAsync(path, NewEvent(slug: "Not A Slug")).ShouldRefuseAsync(HttpStatusCode.BadRequest, "slug_invalid");
        await client.PostJsonAsync(path, NewEvent(slug: "taken-once"), HttpStatusCode.Created);
        await client.PostAsJsonAsync(path, NewEvent(slug: "taken-once")).ShouldRefuseAsync(HttpStatusCode.Conflict, "slug_taken");
    }

    [Theory]
    [InlineData("W. Europe Standard Time")] // Windows' name
    [InlineData("posix/Europe/Zurich")]
    [InlineData("right/Europe/Zurich")]
    public async Task A_zone_that_browsers_do_not_know_is_no_events(string zone)
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var path = $"/api/v1/organisations/{organiserId}/events";
        await client.PostAsJsonAsync(path, NewEvent(zone: zone)).ShouldRefuseAsync(HttpStatusCode.BadRequest, "time_zone_unknown");
        foreach (var known in new[] { "UTC", "Asia/Calcutta", "America/Argentina/Buenos_Aires" })
        {
            var made = await client.PostJsonAsync(path, NewEvent(zone: known), HttpStatusCode.Created);
            await client.PatchAsJsonAsync($"/api/v1/events/{made.GetProperty("id").GetGuid()}", new { timeZone = zone }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "time_zone_unknown");
        }
    }

    [Theory]
    [InlineData("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z")]
    [InlineData("1999-12-31T00:00:00Z", null)]
    [InlineData(null, "2201-01-02T00:00:00Z")]
    [InlineData("2026-05-01T08:00:00Z", "2027-06-06T08:00:00Z")]
    [InlineData("2026-05-01T08:00:00Z", "2026-05-01T08:00:00Z")]
    public async Task A_session_has_no_times_that_an_event_could_not_have(string? startsAt, string? endsAt)
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var path = $"/api/v1/events/{(await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", NewEvent(), HttpStatusCode.Created)).GetProperty("id").GetGuid()}/sessions";
        await client.PostAsJsonAsync(path, new { name = "Hall", kind = "session", startsAt, endsAt }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "times_invalid");
        var made = await client.PostJsonAsync(path, new { name = "Hall", kind = "session", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-01T09:00:00Z" }, HttpStatusCode.Created);
        await client.PutAsJsonAsync($"{path}/{made.GetProperty("id").GetGuid()}", new { name = "Hall", kind = "session", startsAt, endsAt }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "times_invalid");
    }

    [Fact]
    public async Task An_event_is_found_by_id_and_by_slug_with_its_sessions()
    {
        var scene = await fixture.SceneAsync();
        var byId = await fixture.Client().GetJsonAsync($"/api/v1/events/{scene.EventId}");
        var bySlug = await fixture.Client().GetJsonAsync($"/api/v1/events/{byId.GetProperty("slug").GetString()}");
        Assert.Equal(byId.GetRawText(), bySlug.GetRawText());
        Assert.Equal(2, byId.GetProperty("sessions").GetArrayLength());
        await fixture.Client().GetAsync($"/api/v1/events/{Guid.NewGuid()}").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await fixture.Client().GetAsync($"/api/v1/events/{new string('x', 500)}").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        Assert.Empty((await fixture.Client().GetJsonAsync("/api/v1/sso/options?event=%00")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_draft_shows_itself_to_members_only()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var draft = await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", NewEvent(state: "draft"), HttpStatusCode.Created);
        var path = $"/api/v1/events/{draft.GetProperty("id").GetGuid()}";
        await client.GetJsonAsync(path);
        await fixture.Client().GetAsync(path).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await fixture.Client().PostAsJsonAsync(path + "/entry", new { name = "Gil" }).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
    }

    [Fact]
    public async Task Members_list_the_organisations_events_in_every_state_and_strangers_do_not()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var path = $"/api/v1/organisations/{organiserId}/events";
        foreach (var (state, from) in new[] { ("building", "2026-05-01T08:00:00Z"), ("draft", "2026-04-01T08:00:00Z"), ("live", "2026-03-01T08:00:00Z") })
        {
            await client.PostJsonAsync(path, NewEvent(state: state, from: from), HttpStatusCode.Created);
        }

        var first = await client.GetJsonAsync($"{path}?limit=2");
        var second = await client.GetJsonAsync($"{path}?limit=2&after={first.GetProperty("next").GetString()}");
        Assert.Equal(["building", "draft"], first.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("state").GetString()));
        Assert.Equal(["live"], second.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("state").GetString()));
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.GetAsync(path).ShouldRefuseAsync(HttpStatusCode.NotFound, "organisation_not_found");
        await fixture.Client().GetAsync(path).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
    }

    [Fact]
    public async Task The_listing_pages_through_every_public_event_once()
    {
        var (client, _, organiserId) = await fixture.OrganiserAsync();
        var made = new HashSet<string>();
        for (var i = 0; i < 7; i++)
        {
            // Two with one start, so that a page may end between equals.
            var answer = await client.PostJsonAsync($"/api/v1/organisations/{organiserId}/events", NewEvent(from: $"2027-05-0{1 + (i / 2)}T08:00:00Z", to: "2027-06-01T08:00:00Z"), HttpStatusCode.Created);
            made.Add(answer.GetProperty("id").GetString()!);
        }

        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await fixture.Client().GetJsonAsync($"/api/v1/events?limit=2{(after is null ? "" : $"&after={after}")}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("id").GetString()!));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.True(made.IsSubsetOf(seen));
        await fixture.Client().GetAsync("/api/v1/events?after=nonsense").ShouldRefuseAsync(HttpStatusCode.BadRequest, "cursor_invalid");
    }
}
