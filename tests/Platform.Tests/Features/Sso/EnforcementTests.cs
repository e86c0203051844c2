using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Platform.Features.Sso;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>An event that demands its company's sign-in lets nobody in by another way.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class EnforcementTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Nothing_but_a_session_of_the_demanded_connection_enters()
    {
        await using var provider = await OidcStandIn.StartAsync();
        await using var second = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        var otherId = (await company.ConnectAsync(second)).GetProperty("id").GetGuid();
        var email = $"ann@{company.Domain}";
        var entry = $"/api/v1/events/{company.Scene.EventId}/entry";

        // Before: a guest and an account get in, and keep their tokens.
        using var guest = await company.Scene.GuestAsync();
        await company.DemandAsync(id);

        async Task RefusedAsync(HttpClient client, object? body = null)
        {
            var problem = await client.PostAsJsonAsync(entry, body ?? new { }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_required");
            Assert.StartsWith($"/sso/{id}/start?next=%2Fe%2F", problem.GetProperty("url").GetString(), StringComparison.Ordinal);
        }

        await RefusedAsync(fixture.Client());
        await RefusedAsync(fixture.Client(), new { name = "Gil Guest" });
        await RefusedAsync(guest);
        await RefusedAsync(company.Admin);
        await RefusedAsync(company.Admin, new { preview = true });
        await RefusedAsync(company.Scene.Organiser);

        // By the other connection of the same organisation.
        using (var elsewhere = fixture.Client())
        {
            using var response = await Company.SignInAsync(elsewhere, second, otherId, "ann", email);
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
            await RefusedAsync(elsewhere);
        }

        // By the demanded one.
        using var browser = fixture.Client();
        using (var response = await Company.SignInAsync(browser, provider, id, "ann", email))
        {
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        }

        var entered = await browser.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        using var holder = fixture.Bearer(entered.GetProperty("token").GetString()!);
        await holder.GetJsonAsync($"/api/v1/events/{company.Scene.EventId}/recordings");

        // Her token alone does not stay fresh without her session; with it, whatever token is shown, she is herself.
        await RefusedAsync(holder);
        using (var request = new HttpRequestMessage(HttpMethod.Post, entry) { Content = Http.Json(new { }) })
        {
            request.Headers.Authorization = guest.DefaultRequestHeaders.Authorization;
            using var refreshed = await browser.SendAsync(request);
            var answer = JsonDocument.Parse(await refreshed.Content.ReadAsStringAsync()).RootElement;
            Assert.Equal(entered.GetProperty("participant").GetProperty("id").GetGuid(), answer.GetProperty("participant").GetProperty("id").GetGuid());
        }

        // The same account, linked with both connections by now, but signed in by the other.
        using (var elsewhere = fixture.Client())
        {
            using var response = await Company.SignInAsync(elsewhere, second, otherId, "ann", email);
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
            await RefusedAsync(elsewhere);
        }

        // The same account by magic link, and by password.
        using var byLink = fixture.Client();
        await byLink.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        await byLink.PostJsonAsync("/api/v1/auth/confirm", new { token = await LinkAsync(email) }, HttpStatusCode.OK);
        Assert.Equal(email, (await byLink.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("email").GetString());
        await RefusedAsync(byLink);
        using (var set = await byLink.PostAsJsonAsync("/api/v1/me/password", new { password = PlatformFixture.Password }))
        {
            Assert.Equal(HttpStatusCode.NoContent, set.StatusCode);
        }

        await RefusedAsync(byLink);
        using var byPassword = await fixture.SignedInAsync(email);
        await RefusedAsync(byPassword);

        // The changed password ended her session of before; a new sign-in enters again, until it is unlinked or the connection is switched off.
        using (var again = await Company.SignInAsync(browser, provider, id, "ann", email))
        {
            Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);
        }

        await browser.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        await company.Admin.PatchJsonAsync($"{company.Path}/connections/{id}", new { enabled = false });
        await RefusedAsync(browser);
        await browser.GetAsync($"/sso/{id}/start").ShouldRefuseAsync(HttpStatusCode.NotFound, "sso_connection_not_found");
        await company.Admin.PatchJsonAsync($"{company.Path}/connections/{id}", new { enabled = true });
        await browser.PostJsonAsync(entry, new { }, HttpStatusCode.OK);
        var account = (await browser.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetGuid();
        using (await company.Admin.DeleteAsync($"{company.Path}/connections/{id}/identities/{account}"))
        {
            await RefusedAsync(browser);
        }

        // A demanded connection cannot be removed; without the demand everyone is let in as before.
        await company.Admin.DeleteAsync($"{company.Path}/connections/{id}").ShouldRefuseAsync(HttpStatusCode.Conflict, "sso_connection_in_use");
        await company.DemandAsync(null);
        using var anybody = fixture.Client();
        await anybody.PostJsonAsync(entry, new { name = "Gus" }, HttpStatusCode.OK);
        // But who went on as her, above, is nobody else any more.
        await guest.PostAsJsonAsync(entry, new { }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "event_token_invalid");
        using var removed = await company.Admin.DeleteAsync($"{company.Path}/connections/{id}");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
    }

    [Fact]
    public void A_sign_in_counts_for_twelve_hours()
    {
        var at = DateTimeOffset.UtcNow;
        var session = new SsoSession(Guid.NewGuid(), at);
        Assert.True(session.CountsAt(at + TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1)));
        Assert.False(session.CountsAt(at + TimeSpan.FromHours(12)));
    }

    [Fact]
    public async Task The_organisations_admin_alone_sets_it_up()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        var (memberId, memberEmail) = await fixture.AddUserAsync();
        await company.ExecuteAsync("insert into platform.organization_members (user_id, organiser_id, role) values (@memberId, @OrganiserId, 'event_admin')", new { memberId, company.Scene.OrganiserId });
        using var member = await fixture.SignedInAsync(memberEmail);
        var stranger = (await fixture.OrganiserAsync()).Client;
        foreach (var (client, status, code) in new[] { (member, HttpStatusCode.Forbidden, "role_not_allowed"), (stranger, HttpStatusCode.NotFound, "organisation_not_found") })
        {
            await client.GetAsync($"{company.Path}/connections").ShouldRefuseAsync(status, code);
            await client.PostAsync($"{company.Path}/connections", Http.Json(new { name = "x", kind = "oidc", domains = new[] { "a.example" }, issuer = provider.Issuer, clientId = "x" })).ShouldRefuseAsync(status, code);
            await client.PatchAsync($"{company.Path}/connections/{id}", Http.Json(new { name = "x" })).ShouldRefuseAsync(status, code);
            await client.DeleteAsync($"{company.Path}/connections/{id}").ShouldRefuseAsync(status, code);
            await client.DeleteAsync($"{company.Path}/connections/{id}/certificates/00").ShouldRefuseAsync(status, code);
            await client.DeleteAsync($"{company.Path}/connections/{id}/identities/{memberId}").ShouldRefuseAsync(status, code);
            await client.GetAsync($"{company.Path}/domains").ShouldRefuseAsync(status, code);
            await client.PostAsync($"{company.Path}/domains", Http.Json(new { domain = "a.example" })).ShouldRefuseAsync(status, code);
            await client.PostAsync($"{company.Path}/domains/{id}/verify", Http.Json(new { code = "x" })).ShouldRefuseAsync(status, code);
            await client.DeleteAsync($"{company.Path}/domains/{id}").ShouldRefuseAsync(status, code);
        }

        await member.PutAsync($"/api/v1/events/{company.Scene.EventId}/sso", Http.Json(new { connectionId = id })).ShouldRefuseAsync(HttpStatusCode.Forbidden, "role_not_allowed");
        await stranger.PutAsync($"/api/v1/events/{company.Scene.EventId}/sso", Http.Json(new { connectionId = id })).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");

        // No event demands another organisation's connection.
        var other = await Company.FoundAsync(fixture);
        await other.Admin.PutAsync($"/api/v1/events/{other.Scene.EventId}/sso", Http.Json(new { connectionId = id })).ShouldRefuseAsync(HttpStatusCode.NotFound, "sso_connection_not_found");
    }

    [Fact]
    public async Task A_client_secret_is_shown_to_nobody_and_kept_encrypted()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var made = await company.ConnectAsync(provider);
        Assert.True(made.GetProperty("hasClientSecret").GetBoolean());
        Assert.DoesNotContain(OidcStandIn.ClientSecret, made.ToString());
        Assert.DoesNotContain(OidcStandIn.ClientSecret, (await company.Admin.GetJsonAsync($"{company.Path}/connections")).ToString());
        var kept = await company.ScalarAsync<string>("select client_secret from platform.sso_connections where id = @Id", new { Id = made.GetProperty("id").GetGuid() });
        Assert.DoesNotContain("secret", kept, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(OidcStandIn.ClientSecret, fixture.Services.GetRequiredService<SsoSecrets>().OpenClientSecret(kept));
    }

    [Fact]
    public async Task The_sign_in_page_learns_what_a_domain_and_an_event_offer()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var anyone = fixture.Client();
        async Task<JsonElement> OptionsAsync(string query) => await anyone.GetJsonAsync($"/api/v1/sso/options?{query}");

        var offered = (await OptionsAsync($"email=somebody@{company.Domain}&next=%2Fe%2Fx"));
        Assert.False(offered.GetProperty("required").GetBoolean());
        Assert.Equal($"/sso/{id}/start?next=%2Fe%2Fx", offered.GetProperty("items")[0].GetProperty("url").GetString());
        Assert.Equal("Company Ltd", offered.GetProperty("items")[0].GetProperty("name").GetString());
        foreach (var query in new[] { "", "email=", "email=@", "email=somebody@nowhere.example", "email=" + new string('a', 5_000), $"event={company.Scene.EventId}", "event=none" })
        {
            Assert.Equal(0, (await OptionsAsync(query)).GetProperty("items").GetArrayLength());
        }

        await company.DemandAsync(id);
        Assert.True((await OptionsAsync($"event={company.Scene.EventId}")).GetProperty("required").GetBoolean());
        await company.ExecuteAsync("update platform.sso_domains set verified_at = null where organiser_id = @OrganiserId", new { company.Scene.OrganiserId });
        Assert.Equal(0, (await OptionsAsync($"email=somebody@{company.Domain}")).GetProperty("items").GetArrayLength());
    }

    /// <summary>The first link's token: the mail of this address that has one, among those that have none.</summary>
    private async Task<string> LinkAsync(string email)
    {
        string? token = null;
        await Eventually.TrueAsync(
            () =>
            {
                token = Mailbox.Texts(fixture.Options.MailDirectory, email).Select(t => t.Split("token=")).Where(p => p.Length > 1).Select(p => p[1][..43]).LastOrDefault();
                return Task.FromResult(token is not null);
            },
            "the link has arrived");
        return token!;
    }
}
