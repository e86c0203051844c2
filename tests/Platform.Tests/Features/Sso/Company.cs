using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Sso;

/// <summary>An organisation with an event, a mail domain of its own, and a connection to an identity provider.</summary>
internal sealed record Company(PlatformFixture Fixture, Scene Scene, string Domain)
{
    public HttpClient Admin => Scene.Account;

    public string Path => $"/api/v1/organisations/{Scene.OrganiserId}/sso";

    /// <param name="fixture">The platform.</param>
    /// <param name="isVerified">Proven in the database; the way by mail has a test of its own.</param>
    public static async Task<Company> FoundAsync(PlatformFixture fixture, bool isVerified = true)
    {
        var company = new Company(fixture, await fixture.SceneAsync(), $"c{Guid.NewGuid():N}.example");
        if (isVerified)
        {
            await company.ExecuteAsync("insert into platform.sso_domains (id, organiser_id, domain, verified_at) values (@Id, @OrganiserId, @Domain, now())", new { Id = Guid.CreateVersion7(), company.Scene.OrganiserId, company.Domain });
        }

        return company;
    }

    public async Task<int> ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Fixture.Database.OpenAsync(CancellationToken.None);
        return await connection.ExecuteAsync(sql, parameters);
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Fixture.Database.OpenAsync(CancellationToken.None);
        return await connection.QuerySingleAsync<T>(sql, parameters);
    }

    public Task<JsonElement> ConnectAsync(OidcStandIn provider, string? clientSecret = OidcStandIn.ClientSecret) => Admin.PostJsonAsync(
        $"{Path}/connections", new { name = "Company Ltd", kind = "oidc", domains = new[] { Domain }, issuer = provider.Issuer, clientId = OidcStandIn.ClientId, clientSecret }, HttpStatusCode.Created);

    public Task<JsonElement> ConnectAsync(string metadata) => Admin.PostJsonAsync(
        $"{Path}/connections", new { name = "Company SAML", kind = "saml", domains = new[] { Domain }, metadata }, HttpStatusCode.Created);

    public async Task DemandAsync(Guid? connectionId)
    {
        using var response = await Admin.PutAsJsonAsync($"/api/v1/events/{Scene.EventId}/sso", new { connectionId });
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    /// <summary>Begins a sign-in in this browser; where it is sent to.</summary>
    public static async Task<Uri> StartAsync(HttpClient browser, Guid connectionId, string? next = null)
    {
        using var response = await browser.GetAsync($"/sso/{connectionId}/start" + (next is null ? "" : $"?next={Uri.EscapeDataString(next)}"));
        Assert.True(response.StatusCode == HttpStatusCode.Redirect, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return response.Headers.Location!;
    }

    /// <summary>The browser comes back from the stand-in with a code for this ID token.</summary>
    public static Task<HttpResponseMessage> ReturnAsync(HttpClient browser, OidcStandIn provider, Guid connectionId, Uri authorization, string idToken, string accessToken = "access") =>
        browser.GetAsync($"/sso/{connectionId}/callback?code={provider.Code(authorization, idToken, accessToken)}&state={OidcStandIn.Parameter(authorization, "state")}&iss={Uri.EscapeDataString(provider.Issuer)}");

    /// <summary>A whole sign-in by the stand-in.</summary>
    public static async Task<HttpResponseMessage> SignInAsync(HttpClient browser, OidcStandIn provider, Guid connectionId, string subject, string email, Action<Dictionary<string, object>>? change = null)
    {
        var authorization = await StartAsync(browser, connectionId);
        var claims = provider.Claims(authorization, subject, email);
        change?.Invoke(claims);
        return await ReturnAsync(browser, provider, connectionId, authorization, provider.SignEs256(claims));
    }
}
