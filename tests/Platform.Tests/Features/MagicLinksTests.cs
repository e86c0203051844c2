using System.Net;
using System.Net.Http.Json;
using Dapper;
using Events.Platform.Features.Accounts;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features;

[Collection(nameof(PlatformCollection))]
public sealed class MagicLinksTests(PlatformFixture fixture)
{
    [Fact]
    public async Task Signing_up_makes_an_account_only_when_the_mailbox_is_proven()
    {
        var email = NewEmail();
        using var client = fixture.Client();
        await client.PostJsonAsync("/api/v1/auth/sign-up", new { email, name = "Nia New" }, HttpStatusCode.Accepted);
        Assert.Equal(0, await CountAsync(email));
        var token = await fixture.TokenAsync(email);
        await client.PostAsJsonAsync("/api/v1/auth/confirm", new { token, password = "password123" }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "password_guessable");
        var answer = await client.PostJsonAsync("/api/v1/auth/confirm", new { token, password = PlatformFixture.Password }, HttpStatusCode.OK);
        Assert.Equal("signed_in", answer.GetProperty("status").GetString());
        Assert.True((await client.GetJsonAsync("/api/v1/me/profile")).GetProperty("emailVerified").GetBoolean());
        using var again = await fixture.SignedInAsync(email);
    }

    [Fact]
    public async Task A_link_works_once_and_opening_it_is_not_using_it()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = fixture.Client(csrf: false);
        await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        var token = await fixture.TokenAsync(email);
        for (var i = 0; i < 3; i++)
        {
            using var page = await client.GetAsync($"/auth/confirm?token={token}");
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.Equal("no-store", page.Headers.CacheControl?.ToString());
            Assert.False(page.Headers.Contains("Set-Cookie"));
        }

        var form = new Dictionary<string, string> { ["token"] = token };
        await client.PostAsync("/auth/confirm", new FormUrlEncodedContent(form)).ShouldRefuseAsync(HttpStatusCode.Forbidden, "origin_refused");
        using var press = new HttpRequestMessage(HttpMethod.Post, "/auth/confirm") { Content = new FormUrlEncodedContent(form) };
        press.Headers.Add("Origin", fixture.Url.GetLeftPart(UriPartial.Authority));
        using var pressed = await client.SendAsync(press);
        Assert.Equal(HttpStatusCode.Redirect, pressed.StatusCode);
        await client.GetJsonAsync("/api/v1/me");
        await fixture.Client().PostAsJsonAsync("/api/v1/auth/confirm", new { token }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "link_used");
    }

    [Fact]
    public async Task Of_many_who_press_at_once_one_gets_in()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = fixture.Client();
        await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        var token = await fixture.TokenAsync(email);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => fixture.Client().PostAsJsonAsync("/api/v1/auth/confirm", new { token })));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_unknown_address_gets_the_same_answer_and_no_mail()
    {
        var (_, known) = await fixture.AddUserAsync();
        var unknown = NewEmail();
        using var client = fixture.Client();
        using var first = await client.PostAsJsonAsync("/api/v1/auth/links", new { email = known });
        using var second = await client.PostAsJsonAsync("/api/v1/auth/links", new { email = unknown });
        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        await fixture.TokenAsync(known);
        Assert.Empty(Mailbox.Texts(fixture.Options.MailDirectory, unknown));
        Assert.Empty(Mailbox.Texts(fixture.Options.MailDirectory, "nobody@address.invalid"));
    }

    [Fact]
    public async Task A_sixth_link_within_ten_minutes_is_refused()
    {
        using var client = fixture.Client();
        var email = NewEmail();
        for (var i = 0; i < 5; i++)
        {
            await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        }

        await client.PostAsJsonAsync("/api/v1/auth/links", new { email }).ShouldRefuseAsync(HttpStatusCode.TooManyRequests, "too_many_attempts");
    }

    [Fact]
    public async Task An_expired_link_and_an_invented_one_open_nothing()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = fixture.Client();
        await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        var token = await fixture.TokenAsync(email);
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("update platform.magic_links set expires_at = now() where email = @email", new { email });
        await client.PostAsJsonAsync("/api/v1/auth/confirm", new { token }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "link_expired");
        foreach (var invented in new string?[] { null, "", "x", new('A', 43), new('A', 4_000) })
        {
            await client.PostAsJsonAsync("/api/v1/auth/confirm", new { token = invented }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "link_invalid");
        }

        Assert.Equal(0, await connection.QuerySingleAsync<int>("select count(*)::int from platform.magic_links where encode(token_hash, 'escape') like '%' || @token || '%'", new { token }));
    }

    [Fact]
    public async Task A_changed_password_ends_every_other_session()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var here = await fixture.SignedInAsync(email);
        using var elsewhere = await fixture.SignedInAsync(email);
        await here.PostAsJsonAsync("/api/v1/me/password", new { current = "wrong", password = "four unrelated words here" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "current_password_wrong");
        using var changed = await here.PostAsJsonAsync("/api/v1/me/password", new { current = PlatformFixture.Password, password = "four unrelated words here" });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        await here.GetJsonAsync("/api/v1/me");
        await elsewhere.GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        Assert.Equal(HttpStatusCode.NoContent, (await here.PostAsync("/api/v1/me/sessions/end", null)).StatusCode);
        await here.GetAsync("/api/v1/me").ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
    }

    [Fact]
    public async Task A_fresh_link_sets_a_forgotten_password()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = fixture.Client();
        await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        await client.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email) }, HttpStatusCode.OK);
        using var changed = await client.PostAsJsonAsync("/api/v1/me/password", new { password = "four unrelated words here" });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        await client.PostAsJsonAsync("/api/v1/me/password", new { password = "five unrelated words here" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "current_password_wrong");
    }

    [Fact]
    public async Task A_link_that_is_used_while_signed_in_proves_the_mailbox_anew()
    {
        var (_, email) = await fixture.AddUserAsync();
        using var client = await fixture.SignedInAsync(email);
        await client.PostAsJsonAsync("/api/v1/me/password", new { password = "four unrelated words here" }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "current_password_wrong");
        await client.PostJsonAsync("/api/v1/auth/links", new { email }, HttpStatusCode.Accepted);
        await client.PostJsonAsync("/api/v1/auth/confirm", new { token = await fixture.TokenAsync(email) }, HttpStatusCode.OK);
        using var changed = await client.PostAsJsonAsync("/api/v1/me/password", new { password = "four unrelated words here" });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
    }

    [Theory]
    [InlineData("short", "password_length")]
    [InlineData("password123", "password_guessable")]
    [InlineData("aaaaaaaaaaaaaaaa", "password_guessable")]
    [InlineData("1234567890", "password_guessable")]
    [InlineData("Welcome2026!", "password_guessable")]
    [InlineData("annabella12", "password_guessable")]
    [InlineData("correct horse battery", null)]
    [InlineData("x7Kq-22vLp", null)]
    public void A_password_is_long_and_not_the_first_to_be_guessed(string password, string? code) =>
        Assert.Equal(code, Passwords.Refusal(password, "annabella@people.example")?.Code);

    private static string NewEmail() => $"{Guid.NewGuid():N}@people.example";

    private async Task<int> CountAsync(string email)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.QuerySingleAsync<int>("select count(*)::int from platform.users where lower(email) = lower(@email)", new { email });
    }
}
