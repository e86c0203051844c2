using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Links;
using Events.Platform.Features.Privacy;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Events.Tests.Platform.Features.Privacy;

[Collection(nameof(PlatformCollection))]
public sealed class PrivacyRequestsTests(PlatformFixture fixture)
{
    private readonly string _email = $"{Guid.NewGuid():N}@people.example";

    [Fact]
    public async Task Asking_answers_the_same_for_every_address_and_keeps_nothing_but_the_link()
    {
        var (_, known) = await fixture.AddUserAsync();
        await fixture.AskAsync(known, "access");
        await fixture.AskAsync(_email, "erasure");
        Assert.Equal(0, await CountAsync("select count(*)::int from platform.privacy_requests where lower(email) in (@Email, @known)", known));
        await AskAsync("nobody", "access").ShouldRefuseAsync(HttpStatusCode.BadRequest, "email_invalid");
        await AskAsync(_email, "everything").ShouldRefuseAsync(HttpStatusCode.BadRequest, "kind_unknown");
    }

    [Fact]
    public async Task A_mailbox_is_not_filled_by_strangers()
    {
        for (var i = 0; i < 5; i++)
        {
            using var admitted = await AskAsync(_email, "access");
            Assert.Equal(HttpStatusCode.Accepted, admitted.StatusCode);
        }

        await AskAsync(_email.ToUpperInvariant(), "erasure").ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
    }

    [Fact]
    public async Task The_link_works_by_an_explicit_click_and_once()
    {
        var token = await fixture.AskAsync(_email, "erasure");
        using var client = fixture.Client();
        var page = await client.GetStringAsync($"/auth/confirm?token={token}");
        Assert.Contains("Erase everything about me", page);
        Assert.Equal(0, await CountAsync("select count(*)::int from platform.privacy_requests where email = @Email"));
        using var press = new HttpRequestMessage(HttpMethod.Post, "/auth/confirm") { Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["token"] = token }) };
        press.Headers.Add("Origin", fixture.Url.GetLeftPart(UriPartial.Authority));
        using var pressed = await client.SendAsync(press);
        Assert.Contains("Your request is queued", await pressed.Content.ReadAsStringAsync());
        Assert.False(pressed.Headers.Contains("Set-Cookie"));

        // Its row goes with the erasure: from then on it is no link of ours.
        using var again = await client.PostAsJsonAsync("/api/v1/auth/confirm", new { token });
        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
    }

    [Fact]
    public async Task Two_links_confirmed_are_one_request_while_it_is_open()
    {
        var (first, second) = (await fixture.AskAsync(_email, "access"), await fixture.AskAsync(_email, "access"));
        await using var connection = await fixture.Database.OpenAsync(default);
        await using var blocking = await connection.BeginTransactionAsync();

        // Which the export reads, and nothing before it.
        await connection.ExecuteAsync("lock table platform.payments in access exclusive mode", transaction: blocking);
        Assert.Equal(await ConfirmedAsync(first), await ConfirmedAsync(second));
        await blocking.RollbackAsync();
    }

    [Fact]
    public async Task The_last_admin_is_told_what_to_do_and_keeps_the_link()
    {
        var (userId, email) = await fixture.AddUserAsync("Lea Last");
        var organiserId = await fixture.AddOrganisationAsync((userId, "organization_admin"));
        var token = await fixture.AskAsync(email, "erasure");
        var problem = await fixture.Client().PostAsJsonAsync("/api/v1/auth/confirm", new { token }).ShouldRefuseAsync(HttpStatusCode.Conflict, "last_admin");
        Assert.Contains("Make another member its admin", problem.GetProperty("detail").GetString());
        var (other, _) = await fixture.AddUserAsync();
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("insert into platform.organization_members (user_id, organiser_id, role) values (@other, @organiserId, 'organization_admin')", new { other, organiserId });
        var request = (await fixture.ConfirmAsync(token)).GetProperty("request");
        await fixture.Client().EventuallyAsync($"/api/v1/privacy/requests/{request.GetProperty("id").GetGuid()}", r => r.GetProperty("state").GetString() == "done");
    }

    [Fact]
    public async Task Who_became_the_last_admin_since_the_click_is_mailed_why_nothing_was_erased()
    {
        var (userId, email) = await fixture.AddUserAsync("Lea Later");
        await fixture.AddOrganisationAsync((userId, "organization_admin"));
        var request = await ConfirmInsideAsync(email, MagicLinks.PrivacyErasure, (_, _) => Task.CompletedTask);
        var settled = await fixture.Client().EventuallyAsync($"/api/v1/privacy/requests/{request.Id}", r => r.GetProperty("settledAt").ValueKind != JsonValueKind.Null);
        Assert.Equal(("refused", "last_admin"), (settled.GetProperty("state").GetString(), settled.GetProperty("code").GetString()));
        await Eventually.TrueAsync(() => Task.FromResult(Mailbox.Texts(fixture.Options.MailDirectory, email).Any(m => m.Contains("Make another member its admin", StringComparison.Ordinal))), "the refusal is mailed");
        using var still = await fixture.SignedInAsync(email);
    }

    [Fact]
    public async Task An_erasure_overtakes_an_access_request_that_still_waits()
    {
        var access = await ConfirmInsideAsync(_email, MagicLinks.PrivacyAccess, (transaction, id) =>
            TimerTable.SetAsync(transaction, "privacy-request", id.ToString(), DateTimeOffset.UtcNow.AddHours(1)));
        await fixture.SettleAsync(_email, "erasure");
        Assert.Equal("cancelled", (await fixture.Client().GetJsonAsync($"/api/v1/privacy/requests/{access.Id}")).GetProperty("state").GetString());
        Assert.Equal(0, await CountAsync($"select count(*)::int from platform.timers where key = '{access.Id}'"));
        Assert.Equal(0, await CountAsync("select count(*)::int from platform.privacy_requests where email = @Email"));
    }

    [Fact]
    public async Task An_account_that_was_made_since_the_click_is_erased_too()
    {
        var (userId, email) = await fixture.AddUserAsync("Ann After");
        var request = await ConfirmInsideAsync(email, MagicLinks.PrivacyErasure, (transaction, id) =>
            transaction.Connection!.ExecuteAsync("update platform.privacy_requests set user_id = null where id = @id", new { id }));
        await fixture.Client().EventuallyAsync($"/api/v1/privacy/requests/{request.Id}", r => r.GetProperty("state").GetString() == "done");
        Assert.Equal(1, await CountAsync($"select count(*)::int from platform.users where id = '{userId}' and name = 'Erased person'"));
    }

    [Fact]
    public async Task Staff_are_erased_only_after_they_are_none()
    {
        var token = await fixture.AskAsync(PlatformFixture.StaffEmail, "erasure");
        await fixture.Client().PostAsJsonAsync("/api/v1/auth/confirm", new { token }).ShouldRefuseAsync(HttpStatusCode.Conflict, "staff_account");
    }

    [Fact]
    public async Task Erasure_ends_every_session_and_doing_it_twice_is_doing_it_once()
    {
        var (_, email) = await fixture.AddUserAsync("Sue Session");
        using var client = await fixture.SignedInAsync(email);
        Assert.Equal("done", (await fixture.SettleAsync(email, "erasure")).GetProperty("state").GetString());
        await client.GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        await fixture.Client().PostAsJsonAsync("/api/v1/auth/sign-in", new { email, password = PlatformFixture.Password }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        Assert.Equal("done", (await fixture.SettleAsync(email, "erasure")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task The_queue_is_seen_without_contents_by_those_it_concerns()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 3);
        await shop.BuyAsync(shop.Order(_email));
        var id = (await fixture.SettleAsync(_email, "access")).GetProperty("id").GetString();
        var queue = (await shop.Organiser.GetJsonAsync($"/api/v1/organisations/{shop.OrganiserId}/privacy/requests")).GetProperty("items");
        Assert.Equal(id, Assert.Single(queue.EnumerateArray()).GetProperty("id").GetString());
        Assert.DoesNotContain(_email, queue.GetRawText());
        var audit = await shop.Organiser.GetJsonAsync($"/api/v1/organisations/{shop.OrganiserId}/audit");
        Assert.Contains(audit.GetProperty("items").EnumerateArray(), a => a.GetProperty("action").GetString() == "privacy.access_done" && a.GetProperty("subjectId").GetString() == id);
        Assert.DoesNotContain(_email, audit.GetRawText());
        using var staff = await Person.StaffAsync(fixture);
        Assert.Contains((await staff.GetJsonAsync("/api/v1/staff/privacy/requests?limit=200")).GetProperty("items").EnumerateArray(), r => r.GetProperty("id").GetString() == id);

        var (stranger, _, other) = await fixture.OrganiserAsync();
        await stranger.GetAsync($"/api/v1/organisations/{shop.OrganiserId}/privacy/requests").ShouldRefuseAsync(HttpStatusCode.NotFound, "organisation_not_found");
        Assert.Empty((await stranger.GetJsonAsync($"/api/v1/organisations/{other}/privacy/requests")).GetProperty("items").EnumerateArray());
        await stranger.GetAsync("/api/v1/staff/privacy/requests").ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_staff");
        Assert.Empty((await stranger.GetJsonAsync("/api/v1/me/privacy/requests")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task The_audit_log_takes_no_other_change_than_a_reason_without_its_words()
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("insert into platform.audit_log (id, actor_kind, action, detail) values (@Id, 'system', 'test', '{\"reason\": \"why\"}')", new { Id = Guid.CreateVersion7() });
        foreach (var change in new[] { "actor_id = gen_random_uuid()", "action = 'other'", "detail = jsonb_set(detail, '{count}', '1')" })
        {
            await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync($"begin; set local platform.erasing = 'reason'; update platform.audit_log set {change} where action = 'test'; commit"));
            await connection.ExecuteAsync("rollback");
        }

        await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync("update platform.audit_log set detail = '{}' where action = 'test'"));
        await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync("begin; set local platform.erasing = 'reason'; delete from platform.audit_log where action = 'test'; commit"));
        await connection.ExecuteAsync("rollback");
    }

    /// <summary>A click that the worker sees only together with what else happens.</summary>
    private Task<PrivacyRequest> ConfirmInsideAsync(string email, string purpose, Func<NpgsqlTransaction, Guid, Task> besides) => fixture.Database.InTransactionAsync(
        async transaction =>
        {
            var link = new MagicLink(purpose, email, null, null, null, DateTimeOffset.UtcNow.AddHours(1));
            var request = await fixture.Services.GetRequiredService<PrivacyRequests>().ConfirmAsync(transaction, link);
            await besides(transaction, request.Id);
            return request;
        },
        default);

    private Task<HttpResponseMessage> AskAsync(string email, string kind) => fixture.Client().PostAsJsonAsync("/api/v1/privacy/requests", new { email, kind });

    private async Task<Guid> ConfirmedAsync(string token) => (await fixture.ConfirmAsync(token)).GetProperty("request").GetProperty("id").GetGuid();

    private async Task<int> CountAsync(string sql, string? known = null)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.ExecuteScalarAsync<int>(sql, new { Email = _email, known });
    }
}
