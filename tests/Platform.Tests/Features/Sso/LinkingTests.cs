using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>Which account a sign-in opens: never one that its company could not have opened anyway.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class LinkingTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Nobody_is_signed_in_by_an_address_whose_domain_is_not_proven()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture, isVerified: false);
        var (victim, email) = await fixture.AddUserAsync();
        await company.ExecuteAsync("update platform.users set email = @Email where id = @victim", new { Email = email = $"victim@{company.Domain}", victim });
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        await Company.SignInAsync(browser, provider, id, "s1", email).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_verified");
        await Company.SignInAsync(browser, provider, id, "s2", $"new@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_verified");

        // Somebody else's proof is not this organisation's.
        await using var others = await OidcStandIn.StartAsync();
        var owner = await Company.FoundAsync(fixture);
        await owner.ExecuteAsync("update platform.sso_domains set domain = @Domain where organiser_id = @OrganiserId", new { company.Domain, owner.Scene.OrganiserId });
        await Company.SignInAsync(browser, provider, id, "s1", email).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_verified");

        // A proof of more than a year ago is none.
        await owner.ExecuteAsync("update platform.sso_domains set organiser_id = @To, verified_at = now() - interval '366 days' where organiser_id = @From", new { To = company.Scene.OrganiserId, From = owner.Scene.OrganiserId });
        await Company.SignInAsync(browser, provider, id, "s1", email).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_verified");
        await browser.GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        Assert.Equal(0, await company.ScalarAsync<int>("select count(*)::int from platform.sso_identities where connection_id = @id", new { id }));
    }

    [Fact]
    public async Task An_address_of_another_domain_is_refused_even_if_the_organisation_has_proven_it()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        await company.ExecuteAsync("insert into platform.sso_domains (id, organiser_id, domain, verified_at) values (@Id, @OrganiserId, @Domain, now())", new { Id = Guid.CreateVersion7(), company.Scene.OrganiserId, Domain = "x" + company.Domain });
        using var browser = fixture.Client();
        await Company.SignInAsync(browser, provider, id, "s", $"a@x{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_allowed");
        await Company.SignInAsync(browser, provider, id, "s", $"a@{company.Domain}.evil.example").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_allowed");
    }

    [Fact]
    public async Task A_first_sign_in_links_the_proven_address_tells_its_owner_and_ends_what_strangers_had()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();

        // A proven account keeps its password; one that nobody ever proved loses it, with whoever set it.
        var proven = await AccountAsync(company, "proven", isProven: true);
        var unproven = await AccountAsync(company, "unproven", isProven: false);
        foreach (var (user, email) in new[] { proven, unproven })
        {
            using var browser = fixture.Client();
            using var response = await Company.SignInAsync(browser, provider, id, $"subject of {email}", email.ToUpperInvariant());
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
            Assert.Equal(user, (await browser.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetGuid());
            await Eventually.TrueAsync(() => Task.FromResult(Mailbox.Texts(fixture.Options.MailDirectory, email).Any(t => t.Contains("Company Ltd", StringComparison.Ordinal))), "the owner is told");
        }

        using var known = await fixture.SignedInAsync(proven.Email);
        await fixture.Client().PostAsJsonAsync("/api/v1/auth/sign-in", new { email = unproven.Email, password = PlatformFixture.Password }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
    }

    [Fact]
    public async Task A_subject_stays_its_account_when_addresses_change_hands()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        using var first = await Company.SignInAsync(browser, provider, id, "old", $"jo@{company.Domain}");
        var account = (await browser.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetGuid();

        // The subject with another address, even one of a domain that is not allowed, is the same account.
        using var moved = await Company.SignInAsync(browser, provider, id, "old", "jo@elsewhere.example");
        Assert.Equal(HttpStatusCode.Redirect, moved.StatusCode);
        Assert.Equal(account, (await browser.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetGuid());

        // Another subject with the old address does not get the account, until an admin has parted the two.
        using var successor = fixture.Client();
        await Company.SignInAsync(successor, provider, id, "new", $"jo@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_subject_changed");
        using (var parted = await company.Admin.DeleteAsync($"{company.Path}/connections/{id}/identities/{account}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, parted.StatusCode);
        }

        using var let = await Company.SignInAsync(successor, provider, id, "new", $"jo@{company.Domain}");
        Assert.Equal(HttpStatusCode.Redirect, let.StatusCode);
        await Company.SignInAsync(browser, provider, id, "old", $"jo@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_subject_changed");
    }

    [Fact]
    public async Task The_same_subject_of_another_connection_is_somebody_else()
    {
        await using var provider = await OidcStandIn.StartAsync();
        await using var evil = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var attacker = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        var evilId = (await attacker.ConnectAsync(evil)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        using var first = await Company.SignInAsync(browser, provider, id, "alice", $"alice@{company.Domain}");
        using var eve = fixture.Client();
        await Company.SignInAsync(eve, evil, evilId, "alice", $"alice@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_allowed");
        await attacker.Admin.PatchJsonAsync($"{attacker.Path}/connections/{evilId}", new { domains = new[] { company.Domain } });
        await Company.SignInAsync(eve, evil, evilId, "alice", $"alice@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_domain_not_verified");
    }

    [Fact]
    public async Task Staff_and_disabled_accounts_are_not_entered_by_company_sign_in()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        var staff = await AccountAsync(company, "staff", isProven: true);
        await company.ExecuteAsync("insert into platform.admin_users (user_id) values (@User)", new { staff.User });
        using var browser = fixture.Client();
        await Company.SignInAsync(browser, provider, id, "s", staff.Email).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_account_not_linkable");

        // Also when it became staff after it was linked.
        using var first = await Company.SignInAsync(browser, provider, id, "promoted", $"promoted@{company.Domain}");
        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        await company.ExecuteAsync("insert into platform.admin_users (user_id) select id from platform.users where email = @Email", new { Email = $"promoted@{company.Domain}" });
        await Company.SignInAsync(browser, provider, id, "promoted", $"promoted@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_account_not_linkable");

        using var fine = await Company.SignInAsync(browser, provider, id, "gone", $"gone@{company.Domain}");
        Assert.Equal(HttpStatusCode.Redirect, fine.StatusCode);
        await company.ExecuteAsync("update platform.users set disabled_at = now() where email = @Email", new { Email = $"gone@{company.Domain}" });
        await Company.SignInAsync(browser, provider, id, "gone", $"gone@{company.Domain}").ShouldRefuseAsync(HttpStatusCode.Forbidden, "account_disabled");
    }

    [Fact]
    public async Task Of_many_first_sign_ins_at_once_one_account_comes()
    {
        await using var provider = await OidcStandIn.StartAsync();
        var company = await Company.FoundAsync(fixture);
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            using var browser = fixture.Client();
            using var response = await Company.SignInAsync(browser, provider, id, i % 2 == 0 ? "even" : "odd", $"jo@{company.Domain}");
            return response.StatusCode;
        }));
        Assert.Equal(6, answers.Count(a => a == HttpStatusCode.Redirect));
        Assert.Equal(6, answers.Count(a => a == HttpStatusCode.Forbidden));
        Assert.Equal(1, await company.ScalarAsync<int>("select count(*)::int from platform.sso_identities where connection_id = @id", new { id }));
    }

    [Fact]
    public async Task A_domain_is_proven_by_the_code_that_its_postmaster_got()
    {
        var company = await Company.FoundAsync(fixture, isVerified: false);
        async Task<string> CodeAsync(int mails)
        {
            List<string> texts = [];
            await Eventually.TrueAsync(() => Task.FromResult((texts = Mailbox.Texts(fixture.Options.MailDirectory, $"postmaster@{company.Domain}")).Count >= mails), "the postmaster has mail");
            return texts[^1].Split('\n').Select(l => l.Trim()).Last(l => l.Length == 43);
        }

        var asked = await company.Admin.PostJsonAsync($"{company.Path}/domains", new { domain = company.Domain.ToUpperInvariant() }, HttpStatusCode.Accepted);
        var path = $"{company.Path}/domains/{asked.GetProperty("id").GetGuid()}";
        Assert.Equal(JsonValueKind.Null, asked.GetProperty("verifiedAt").ValueKind);
        var stale = await CodeAsync(1);
        await company.Admin.PostJsonAsync($"{company.Path}/domains", new { domain = company.Domain }, HttpStatusCode.Accepted);
        var code = await CodeAsync(2);
        await company.Admin.PostAsJsonAsync($"{path}/verify", new { code = stale }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "sso_domain_code_invalid");

        // Another organisation's admin has no use for the code.
        var other = await Company.FoundAsync(fixture);
        await other.Admin.PostAsJsonAsync($"{other.Path}/domains/{asked.GetProperty("id").GetGuid()}/verify", new { code }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "sso_domain_code_invalid");
        Assert.NotEqual(JsonValueKind.Null, (await company.Admin.PostJsonAsync($"{path}/verify", new { code }, HttpStatusCode.OK)).GetProperty("verifiedAt").ValueKind);
        await company.Admin.PostAsJsonAsync($"{path}/verify", new { code }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "sso_domain_code_invalid");
        await company.Admin.PostAsJsonAsync($"{company.Path}/domains", new { domain = "localhost" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "domain_invalid");

        await using var provider = await OidcStandIn.StartAsync();
        var id = (await company.ConnectAsync(provider)).GetProperty("id").GetGuid();
        using var browser = fixture.Client();
        using var response = await Company.SignInAsync(browser, provider, id, "ann", $"ann@{company.Domain}");
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal(
            ["sso.account_created", "sso.connection_created", "sso.domain_asked", "sso.domain_verified", "sso.signed_in"],
            (await company.Admin.GetJsonAsync($"/api/v1/organisations/{company.Scene.OrganiserId}/audit?limit=100")).GetProperty("items").EnumerateArray()
                .Select(i => i.GetProperty("action").GetString()!).Where(a => a.StartsWith("sso.", StringComparison.Ordinal)).Distinct().Order());
    }

    private async Task<(Guid User, string Email)> AccountAsync(Company company, string name, bool isProven)
    {
        var (user, _) = await fixture.AddUserAsync();
        var email = $"{name}@{company.Domain}";
        await company.ExecuteAsync("update platform.users set email = @email, email_verified_at = case when @isProven then now() end where id = @user", new { user, email, isProven });
        return (user, email);
    }
}
