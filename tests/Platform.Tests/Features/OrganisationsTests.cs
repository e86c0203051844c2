using System.Net;
using System.Net.Http.Json;
using Dapper;
using Events.Tests.Platform.Testing;
using Npgsql;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class OrganisationsTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Whoever_makes_an_organisation_is_its_admin()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = await fixture.SignedInAsync(email);
        var made = await client.PostJsonAsync("/api/v1/organisations", new { name = "Chess club" }, HttpStatusCode.Created);
        var id = made.GetProperty("id").GetGuid();
        Assert.Equal("organization_admin", (await client.GetJsonAsync($"/api/v1/organisations/{id}")).GetProperty("role").GetString());
        var (_, other) = await fixture.AddUserAsync();
        using var stranger = await fixture.SignedInAsync(other);
        await stranger.GetAsync($"/api/v1/organisations/{id}").ShouldRefuseAsync(HttpStatusCode.NotFound, "organisation_not_found");
        await stranger.GetAsync($"/api/v1/organisations/{id}/audit").ShouldRefuseAsync(HttpStatusCode.NotFound, "organisation_not_found");
        var audit = await client.GetJsonAsync($"/api/v1/organisations/{id}/audit");
        Assert.Equal("organisation.created", audit.GetProperty("items")[0].GetProperty("action").GetString());
    }

    [Fact]
    public async Task An_invitation_is_accepted_from_the_mailbox_and_signs_nobody_in()
    {
        var (admin, _, id) = await fixture.OrganiserAsync();
        var email = $"{Guid.NewGuid():N}@people.example";
        var first = await admin.PostJsonAsync($"/api/v1/organisations/{id}/invitations", new { email, role = "regular_member" }, HttpStatusCode.Accepted);
        var old = await fixture.TokenAsync(email);
        var second = await admin.PostJsonAsync($"/api/v1/organisations/{id}/invitations", new { email, role = "event_admin" }, HttpStatusCode.Accepted);
        Assert.Equal(first.GetProperty("id").GetGuid(), second.GetProperty("id").GetGuid());
        var token = await fixture.TokenAsync(email, mails: 2);
        using var guest = fixture.Client();
        await guest.PostAsJsonAsync("/api/v1/auth/confirm", new { token = old }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "link_used");
        Assert.Equal("accepted", (await guest.PostJsonAsync("/api/v1/auth/confirm", new { token }, HttpStatusCode.OK)).GetProperty("status").GetString());
        await guest.GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        await guest.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email, mails: 3) }, HttpStatusCode.OK);
        Assert.Equal("event_admin", (await guest.GetJsonAsync($"/api/v1/organisations/{id}")).GetProperty("role").GetString());
        await guest.PostAsJsonAsync($"/api/v1/organisations/{id}/invitations", new { email, role = "regular_member" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "role_not_allowed");
    }

    [Fact]
    public async Task An_invitation_that_was_taken_back_gives_nothing()
    {
        var (admin, _, id) = await fixture.OrganiserAsync();
        var email = $"{Guid.NewGuid():N}@people.example";
        var invitation = await admin.PostJsonAsync($"/api/v1/organisations/{id}/invitations", new { email, role = "organization_admin" }, HttpStatusCode.Accepted);
        var token = await fixture.TokenAsync(email);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/api/v1/organisations/{id}/invitations/{invitation.GetProperty("id").GetGuid()}")).StatusCode);
        await fixture.Client().PostAsJsonAsync("/api/v1/auth/confirm", new { token }).ShouldRefuseAsync(HttpStatusCode.Gone, "invitation_revoked");
    }

    [Fact]
    public async Task The_last_admin_stays_even_when_two_remove_each_other()
    {
        var (one, oneId, id) = await fixture.OrganiserAsync();
        await one.DeleteAsync($"/api/v1/organisations/{id}/members/{oneId}").ShouldRefuseAsync(HttpStatusCode.Conflict, "last_admin");
        var (twoId, email) = await fixture.AddUserAsync();
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("insert into platform.organization_members (user_id, organiser_id, role) values (@twoId, @id, 'organization_admin')", new { twoId, id });
        using var two = await fixture.SignedInAsync(email);
        await Task.WhenAll(one.DeleteAsync($"/api/v1/organisations/{id}/members/{twoId}"), two.DeleteAsync($"/api/v1/organisations/{id}/members/{oneId}"));
        Assert.Equal(1, await connection.QuerySingleAsync<int>("select count(*)::int from platform.organization_members where organiser_id = @id", new { id }));
    }

    [Fact]
    public async Task A_cohost_is_invited_per_event_and_runs_that_event_only()
    {
        var scene = await fixture.SceneAsync();
        var other = await fixture.SceneAsync();
        var (userId, email) = await fixture.AddUserAsync("Coco");
        await scene.Account.PostAsJsonAsync($"/api/v1/events/{scene.EventId}/team", new { email, role = "organiser" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "role_invalid");
        await scene.Account.PostJsonAsync($"/api/v1/events/{scene.EventId}/team", new { email, role = "cohost" }, HttpStatusCode.Accepted);
        using var coco = await fixture.SignedInAsync(email);
        Assert.Equal("signed_in", (await coco.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email) }, HttpStatusCode.OK)).GetProperty("status").GetString());
        Assert.Equal("cohost", await RoleAsync(coco, scene.EventId));
        Assert.Equal("attendee", await RoleAsync(coco, other.EventId));
        await coco.PostAsJsonAsync($"/api/v1/events/{scene.EventId}/team", new { email, role = "host" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "role_not_allowed");
        var team = await scene.Account.GetJsonAsync($"/api/v1/events/{scene.EventId}/team");
        Assert.Equal(userId, team.GetProperty("members")[0].GetProperty("userId").GetGuid());
        Assert.Equal(HttpStatusCode.NoContent, (await scene.Account.DeleteAsync($"/api/v1/events/{scene.EventId}/team/{userId}")).StatusCode);
        Assert.Equal("attendee", await RoleAsync(coco, scene.EventId));
    }

    [Fact]
    public async Task Nobody_changes_the_audit_log()
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        foreach (var statement in new[] { "update platform.audit_log set action = 'x'", "delete from platform.audit_log", "truncate platform.audit_log" })
        {
            await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(statement));
        }
    }

    private static async Task<string?> RoleAsync(HttpClient client, Guid eventId) =>
        (await client.PostJsonAsync($"/api/v1/events/{eventId}/entry", new { }, HttpStatusCode.OK)).GetProperty("participant").GetProperty("role").GetString();
}
