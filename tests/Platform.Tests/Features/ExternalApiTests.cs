using System.Net;
using System.Net.Http.Json;
using Dapper;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class ExternalApiTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_token_reads_its_own_organisations_events_and_every_read_of_people_is_audited()
    {
        var scene = await fixture.SceneAsync();
        var foreign = await fixture.SceneAsync();
        using var guest = await scene.GuestAsync("Gil Guest");
        using var staff = await fixture.StaffAsync();
        var created = await staff.PostJsonAsync($"/api/v1/staff/organisations/{scene.OrganiserId}/api-tokens", new { name = "CRM", scopes = new[] { "events:read", "participants:read" } }, HttpStatusCode.Created);
        var tokenId = created.GetProperty("details").GetProperty("id").GetGuid();
        using var api = fixture.Bearer(created.GetProperty("token").GetString()!);
        Assert.Equal(scene.EventId, Assert.Single((await api.GetJsonAsync("/external/v1/events")).GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Equal(2, (await api.GetJsonAsync($"/external/v1/events/{scene.EventId}")).GetProperty("sessions").GetArrayLength());
        var page = await api.GetJsonAsync($"/external/v1/events/{scene.EventId}/participants?limit=1");
        var rest = await api.GetJsonAsync($"/external/v1/events/{scene.EventId}/participants?limit=1&after={page.GetProperty("next").GetString()}");
        Assert.Equal("Gil Guest", rest.GetProperty("items")[0].GetProperty("name").GetString());
        await api.GetAsync($"/external/v1/events/{foreign.EventId}").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await api.GetAsync($"/external/v1/events/{foreign.EventId}/participants").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await api.GetAsync("/external/v1/users").ShouldRefuseAsync(HttpStatusCode.NotFound, "route_not_found");

        var audit = (await scene.Account.GetJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/audit")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(2, audit.Count(a => a.GetProperty("action").GetString() == "participants.read" && a.GetProperty("actorId").GetGuid() == tokenId));
        Assert.Contains(audit, a => a.GetProperty("action").GetString() == "api_token.issued" && a.GetProperty("actorKind").GetString() == "staff");

        var listed = Assert.Single((await scene.Account.GetJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/api-tokens")).GetProperty("items").EnumerateArray());
        Assert.NotEqual(System.Text.Json.JsonValueKind.Null, listed.GetProperty("lastUsedAt").ValueKind);
        Assert.DoesNotContain("evk_", listed.GetRawText());
        Assert.Equal(HttpStatusCode.NoContent, (await scene.Account.DeleteAsync($"/api/v1/organisations/{scene.OrganiserId}/api-tokens/{tokenId}")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await scene.Account.DeleteAsync($"/api/v1/organisations/{scene.OrganiserId}/api-tokens/{tokenId}")).StatusCode);
        await api.GetAsync("/external/v1/events").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "api_token_revoked");
    }

    [Fact]
    public async Task A_token_has_only_its_scopes_and_ends_when_it_says()
    {
        var scene = await fixture.SceneAsync();
        using var staff = await fixture.StaffAsync();
        var created = await staff.PostJsonAsync($"/api/v1/staff/organisations/{scene.OrganiserId}/api-tokens", new { name = "Listing", scopes = new[] { "events:read" } }, HttpStatusCode.Created);
        using var api = fixture.Bearer(created.GetProperty("token").GetString()!);
        await api.GetJsonAsync("/external/v1/events");
        await api.GetAsync($"/external/v1/events/{scene.EventId}/participants").ShouldRefuseAsync(HttpStatusCode.Forbidden, "scope_missing");
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("update platform.api_tokens set expires_at = now() where organiser_id = @OrganiserId", scene);
        await api.GetAsync("/external/v1/events").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "api_token_expired");
    }

    [Fact]
    public async Task Staff_reads_people_for_a_reason_that_the_organisation_can_see()
    {
        var (admin, userId, id) = await fixture.OrganiserAsync();
        await using var connection = await fixture.Database.OpenAsync(default);
        var email = await connection.QuerySingleAsync<string>("select email from platform.users where id = @userId", new { userId });
        using var staff = await fixture.StaffAsync();
        await staff.GetAsync($"/api/v1/staff/users?email={email}").ShouldRefuseAsync(HttpStatusCode.BadRequest, "reason_missing");
        var found = await staff.GetJsonAsync($"/api/v1/staff/users?email={email}&reason=ticket%204711");
        Assert.Equal(userId, found.GetProperty("id").GetGuid());
        await staff.GetJsonAsync($"/api/v1/staff/organisations/{id}/members?reason=ticket%204711");
        var audit = (await admin.GetJsonAsync($"/api/v1/organisations/{id}/audit")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["members.read", "user.read"], audit.Select(a => a.GetProperty("action").GetString()));
        Assert.All(audit, a => Assert.Equal("ticket 4711", a.GetProperty("detail").GetProperty("reason").GetString()));
        await admin.GetAsync($"/api/v1/staff/users?email={email}&reason=ticket%204711").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_staff");
        await admin.PostAsJsonAsync($"/api/v1/staff/organisations/{id}/api-tokens", new { name = "x", scopes = new[] { "events:read" } }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_staff");
    }

    [Fact]
    public async Task Analytics_counts_who_entered_and_who_is_there()
    {
        var scene = await fixture.SceneAsync();
        using var guest = await scene.GuestAsync();
        await using var connection = await fixture.Database.OpenAsync(default);
        var room = await connection.QuerySingleAsync<string>("select room from platform.sessions where id = @SessionId", scene);
        using var node = fixture.Node();
        await node.PostJsonAsync(
            $"/internal/nodes/n-{Guid.NewGuid():N}/events",
            new { epoch = Guid.NewGuid(), events = new[] { new { seq = 1, at = DateTimeOffset.UtcNow, type = "participant.joined", data = new { room, participantId = Guid.NewGuid().ToString(), identity = "i", name = "n", role = "attendee" } } } },
            HttpStatusCode.OK);
        var answer = await scene.Account.PostJsonAsync($"/api/v1/organisations/{scene.OrganiserId}/analytics-token", new { }, HttpStatusCode.OK);
        using var analytics = fixture.Bearer(answer.GetProperty("token").GetString()!);
        Assert.Equal(scene.OrganiserId, (await analytics.GetJsonAsync("/analytics/v1/ping")).GetProperty("organiserId").GetGuid());
        var count = await analytics.GetJsonAsync($"/analytics/v1/events/{scene.EventId}/participants");
        Assert.Equal((2, 1), (count.GetProperty("entered").GetInt32(), count.GetProperty("present").GetInt32()));
        var foreign = await fixture.SceneAsync();
        await analytics.GetAsync($"/analytics/v1/events/{foreign.EventId}/participants").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await connection.ExecuteAsync("update platform.organization_members set role = 'regular_member' where organiser_id = @OrganiserId", scene);
        await analytics.GetAsync("/analytics/v1/ping").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "analytics_token_revoked");
    }
}

internal static class StaffClient
{
    /// <summary>A signed-in admin user of the operator.</summary>
    public static async Task<HttpClient> StaffAsync(this PlatformFixture fixture)
    {
        var (userId, email) = await fixture.AddUserAsync("Stan Staff");
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("insert into platform.admin_users (user_id) values (@userId)", new { userId });
        return await fixture.SignedInAsync(email);
    }

    /// <summary>The account that administers a scene's organisation.</summary>
    public static async Task<Guid> AdminOfAsync(this PlatformFixture fixture, Scene scene)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.QuerySingleAsync<Guid>("select user_id from platform.organization_members where organiser_id = @OrganiserId", scene);
    }
}
