using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Platform.Features.Organisations;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

/// <summary>The permission table, at the doors: what each role in an event does with it through the API.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class EventRolesTests(PlatformFixture fixture)
{
    /// <summary>Of every action that the account API has: requests that it opens. Each is refused before anything is done, or changes nothing that the others need.</summary>
    private static readonly (EventAction Action, string Method, string Path, object? Body)[] Doors =
    [
        (EventAction.EditEvent, "PATCH", "", new { description = "Changed." }),
        (EventAction.EditEvent, "POST", "/state", new { state = "live" }),
        (EventAction.EditEvent, "POST", "/sessions", new { name = "Talk", kind = "session" }),
        (EventAction.EditEvent, "POST", "/areas", new { name = "Hall", kind = "stage" }),
        (EventAction.EditEvent, "POST", "/speakers", new { name = "Ada" }),
        (EventAction.EditEvent, "POST", "/schedule", new { title = "Opening", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-01T09:00:00Z" }),
        (EventAction.EditEvent, "POST", "/quotas", new { name = "Seats", capacity = 1 }),
        (EventAction.EditEvent, "POST", "/questions", new { label = "Why?", kind = "text" }),
        (EventAction.EditEvent, "PUT", "/consent", new { storing = "We keep your name.", sharing = "" }),
        (EventAction.EditEvent, "POST", "/vouchers", new { code = "HALF-PRICE", percentOff = 50, maxUses = 1 }),
        (EventAction.EditEvent, "PUT", "/branding", new { background = "#1a5f7a" }),
        (EventAction.EditEvent, "PUT", "/widget", new { origins = Array.Empty<string>() }),
        (EventAction.EditEvent, "GET", "/invitations", null),
        (EventAction.ManageTeam, "GET", "/team", null),
        (EventAction.ManageTeam, "POST", "/team", new { email = "nobody", role = "speaker" }),
        (EventAction.ReadRegistrations, "GET", "/orders", null),
        (EventAction.ReadRegistrations, "GET", "/registrations.csv", null),
        (EventAction.ReadRegistrations, "GET", "/dashboard", null),
        (EventAction.ReadRegistrations, "GET", "/quotas", null),
        (EventAction.ReadRegistrations, "GET", "/ticket-types", null),
        (EventAction.EndOrders, "POST", "/cancellation/refunds", null),
    ];

    public static TheoryData<string> Roles() => [.. Permissions.EventRoles.Order()];

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_role_opens_the_doors_that_the_table_says_and_no_other(string role)
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        var order = await shop.BuyAsync();
        var ticket = order.GetProperty("tickets")[0];
        using var person = await PersonAsync(shop, role);
        foreach (var (action, method, path, body) in Doors)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v1/events/{shop.EventId}{path}") { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await person.SendAsync(request);
            var refused = response.StatusCode == HttpStatusCode.Forbidden;
            Assert.True(refused != Permissions.Allows(role, action), $"{role} {action} {method} {path}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        // At the door, and what cannot be undone.
        using (var check = await person.PostAsJsonAsync("/api/v1/tickets/check", new { code = ticket.GetProperty("code").GetString(), eventId = shop.EventId }))
        {
            Assert.Equal(Permissions.Allows(role, EventAction.CheckIn) ? HttpStatusCode.OK : HttpStatusCode.Forbidden, check.StatusCode);
        }

        var orderPath = $"/api/v1/orders/{order.GetProperty("id").GetGuid()}";
        using (var read = await person.GetAsync(orderPath))
        {
            Assert.Equal(Permissions.Allows(role, EventAction.ReadRegistrations) ? HttpStatusCode.OK : HttpStatusCode.NotFound, read.StatusCode);
        }

        var ends = Permissions.Allows(role, EventAction.EndOrders);
        foreach (var path in new[] { $"/api/v1/tickets/{ticket.GetProperty("id").GetGuid()}/revoke", $"{orderPath}/refund", $"{orderPath}/cancel" })
        {
            using var ended = await person.PostAsync(path, null);
            Assert.True(ended.StatusCode == HttpStatusCode.NotFound != ends, $"{role} {path}: {ended.StatusCode}");
        }

        using var cancelled = await person.PostAsJsonAsync($"/api/v1/events/{shop.EventId}/cancellation", new { });
        Assert.Equal(ends ? HttpStatusCode.Accepted : HttpStatusCode.Forbidden, cancelled.StatusCode);

        var rights = await person.GetJsonAsync($"/api/v1/events/{shop.EventId}/rights");
        Assert.Equal(role, rights.GetProperty("role").GetString());
        Assert.Equal(
            Enum.GetValues<EventAction>().Where(a => Permissions.Allows(role, a)).Select(a => JsonNamingPolicy.SnakeCaseLower.ConvertName(a.ToString())),
            rights.GetProperty("actions").EnumerateArray().Select(a => a.GetString()));
    }

    [Fact]
    public async Task Who_has_a_part_finds_the_event_while_it_is_a_draft_and_a_stranger_does_not()
    {
        var (organiser, _, organiserId) = await fixture.OrganiserAsync();
        var made = await organiser.PostJsonAsync(
            $"/api/v1/organisations/{organiserId}/events", new { name = "Secret", timeZone = "Europe/Zurich", startsAt = "2026-05-01T08:00:00Z", endsAt = "2026-05-02T08:00:00Z", state = "draft" }, HttpStatusCode.Created);
        var eventId = made.GetProperty("id").GetGuid();
        var shop = new Shop(fixture, organiser, organiserId, eventId, default, default);
        using var host = await PersonAsync(shop, "host");
        using var stranger = await PersonAsync(shop, "attendee");
        foreach (var path in new[] { $"/api/v1/events/{eventId}", $"/api/v1/events/{eventId}/schedule", $"/api/v1/events/{eventId}/rights" })
        {
            await host.GetJsonAsync(path);
            using var response = await stranger.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }

        await stranger.PatchAsJsonAsync($"/api/v1/events/{eventId}", new { name = "Mine" }).ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await host.PatchJsonAsync($"/api/v1/events/{eventId}", new { name = "Ours" });
        var part = Assert.Single((await host.GetJsonAsync("/api/v1/me/events")).GetProperty("items").EnumerateArray());
        Assert.Equal(("host", "Ours"), (part.GetProperty("role").GetString(), part.GetProperty("event").GetProperty("name").GetString()));
        Assert.Empty((await organiser.GetJsonAsync("/api/v1/me/events")).GetProperty("items").EnumerateArray());
        Assert.Empty((await stranger.GetJsonAsync("/api/v1/me/events")).GetProperty("items").EnumerateArray());

        // What the host changed stands in the organisation's audit log, by the host.
        var audit = (await organiser.GetJsonAsync($"/api/v1/organisations/{organiserId}/audit")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["event.changed", "event.created"], audit.Select(i => i.GetProperty("action").GetString()));
        Assert.Equal((await host.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetString(), audit[0].GetProperty("actorId").GetString());
    }

    [Fact]
    public async Task A_part_ends_with_its_removal_at_the_next_request()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        using var host = await PersonAsync(shop, "host");
        await host.PatchJsonAsync($"/api/v1/events/{shop.EventId}", new { description = "Before." });
        var userId = (await host.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetGuid();
        using (var removed = await shop.Organiser.DeleteAsync($"/api/v1/events/{shop.EventId}/team/{userId}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await host.PatchAsJsonAsync($"/api/v1/events/{shop.EventId}", new { description = "After." }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
    }

    private async Task<HttpClient> PersonAsync(Shop shop, string role)
    {
        var (userId, email) = await fixture.AddUserAsync();
        if (role == Permissions.Organiser)
        {
            await shop.ScalarAsync<int>("insert into platform.organization_members (user_id, organiser_id, role) values (@userId, @OrganiserId, 'event_admin'); select 1", new { userId, shop.OrganiserId });
        }
        else if (role != Permissions.Attendee)
        {
            await shop.ScalarAsync<int>("insert into platform.event_roles (event_id, user_id, role) values (@EventId, @userId, @role); select 1", new { shop.EventId, userId, role });
        }

        return await fixture.SignedInAsync(email);
    }
}
