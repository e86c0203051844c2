using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>Signing in by a provider that we have not written: npm's certified oidc-provider.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class OidcProviderTests(PlatformFixture fixture)
{
    [Theory]
    [InlineData("RS256", "client_secret_basic")]
    [InlineData("PS256", "client_secret_post")]
    [InlineData("ES256", "none")]
    public async Task A_person_signs_in_by_a_real_provider(string algorithm, string clientAuthentication)
    {
        var port = PlatformFixture.FreePort();
        await using var provider = await ChildProgram.StartAsync("node", ChildProgram.Source("oidcProvider.mjs"), port.ToString());
        var issuer = $"http://127.0.0.1:{port}";
        var company = await Company.FoundAsync(fixture);
        var connection = await company.Admin.PostJsonAsync($"{company.Path}/connections", new { name = "Real", kind = "oidc", domains = new[] { company.Domain }, issuer, clientId = "not yet" }, HttpStatusCode.Created);
        var id = connection.GetProperty("id").GetGuid();
        await RegisterAsync(company, issuer, connection, algorithm, clientAuthentication);

        using var browser = fixture.Client();
        var email = $"alice@{company.Domain}";
        var back = await LogInAsync(browser, await Company.StartAsync(browser, id, "/e/some-event"), email);
        Assert.StartsWith($"{fixture.Url}sso/{id}/callback?code=", back.AbsoluteUri, StringComparison.Ordinal);
        using var response = await browser.GetAsync(back);
        Assert.True(response.StatusCode == HttpStatusCode.Redirect, $"{await response.Content.ReadAsStringAsync()}\n{provider.Errors}");
        Assert.Equal("/e/some-event", response.Headers.Location!.OriginalString);
        var me = await browser.GetJsonAsync("/api/v1/me");
        Assert.Equal(email, me.GetProperty("user").GetProperty("email").GetString());
        Assert.Equal("Person alice", me.GetProperty("user").GetProperty("name").GetString());

        // Its code works once: in a browser that asks a second time the state is gone already.
        await browser.GetAsync(back).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_state_invalid");

        // The same person on another machine is the same account.
        using var other = fixture.Client();
        using var again = await other.GetAsync(await LogInAsync(other, await Company.StartAsync(other, id), email));
        Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);
        Assert.Equal(me.GetProperty("user").GetProperty("id").GetGuid(), (await other.GetJsonAsync("/api/v1/me")).GetProperty("user").GetProperty("id").GetGuid());

        using var stranger = fixture.Client();
        await stranger.GetAsync(await LogInAsync(stranger, await Company.StartAsync(stranger, id), $"unverified@{company.Domain}")).ShouldRefuseAsync(HttpStatusCode.Forbidden, "sso_email_unverified");
    }

    private static async Task RegisterAsync(Company company, string issuer, JsonElement connection, string algorithm, string clientAuthentication)
    {
        using var http = new HttpClient();
        var client = await http.PostJsonAsync($"{issuer}/reg", new
        {
            redirect_uris = new[] { connection.GetProperty("redirectUri").GetString() },
            id_token_signed_response_alg = algorithm,
            token_endpoint_auth_method = clientAuthentication,
        }, HttpStatusCode.Created);
        var secret = client.TryGetProperty("client_secret", out var given) ? given.GetString() : null;
        using var response = await company.Admin.PatchAsJsonAsync($"{company.Path}/connections/{connection.GetProperty("id").GetGuid()}", new { clientId = client.GetProperty("client_id").GetString(), clientSecret = secret });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>Goes through the provider's own pages: log in, agree, and be led back.</summary>
    private async Task<Uri> LogInAsync(HttpClient browser, Uri at, string email)
    {
        for (var step = 0; step < 12; step++)
        {
            if (at.Port == fixture.Url.Port)
            {
                return at;
            }

            using var response = await browser.GetAsync(at);
            if (response.StatusCode is HttpStatusCode.OK)
            {
                var page = await response.Content.ReadAsStringAsync();
                var fields = page.Contains("value=\"login\"", StringComparison.Ordinal)
                    ? new Dictionary<string, string> { ["prompt"] = "login", ["login"] = email, ["password"] = "any" }
                    : new Dictionary<string, string> { ["prompt"] = "consent" };
                using var posted = await browser.PostAsync(at, new FormUrlEncodedContent(fields));
                Assert.True(posted.Headers.Location is not null, $"{posted.StatusCode} {await posted.Content.ReadAsStringAsync()}");
                at = new Uri(at, posted.Headers.Location);
            }
            else
            {
                Assert.True(response.Headers.Location is not null, $"{at}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
                at = new Uri(at, response.Headers.Location);
            }
        }

        throw new InvalidOperationException($"The provider still leads about, at {at}.");
    }
}
