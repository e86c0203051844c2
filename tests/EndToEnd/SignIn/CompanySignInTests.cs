using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.SignIn;

/// <summary>
/// Company sign-in in a real browser. Its rules for SameSite cookies decide whether a response that a foreign site posts finds its
/// way back to who asked for it: the provider is on localhost, the platform on 127.0.0.1, which are two sites.
/// </summary>
[Collection(SharedInstallation.Name)]
public sealed class CompanySignInTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Domain = "company.example";

    [Fact]
    public async Task A_person_is_led_to_the_company_and_back_into_the_event()
    {
        using var provider = new SamlStandIn();
        await using var site = await ProviderSiteAsync(provider);
        using var api = Installation.NewApi();
        var slug = await DemandAsync(api, provider.Metadata().Replace("https://idp.example/sso?tenant=1", $"http://localhost:{Port(site)}/sso", StringComparison.Ordinal));

        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync($"/sign-in?next=/e/{slug}");
        await person.Find("company-sign-in").GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await person.Page.WaitForURLAsync($"**/e/{slug}");

        var me = JsonNode.Parse(await person.Page.EvaluateAsync<string>("async () => (await fetch('/api/v1/me')).text()"))!;
        Assert.Equal($"sam@{Domain}", me["user"]?["email"]?.GetValue<string>());
        var eventId = JsonNode.Parse(await api.Http.GetStringAsync($"/api/v1/events/{slug}"))!["id"]!.GetValue<string>();
        var entry = $"async () => (await fetch('/api/v1/events/{eventId}/entry', {{ method: 'POST', headers: {{ 'X-Events-Csrf': '1', 'Content-Type': 'application/json' }}, body: '{{}}' }})).status";
        Assert.Equal(200, await person.Page.EvaluateAsync<int>(entry));

        // A stranger in another browser is shown the door, and where it leads.
        using var stranger = Installation.NewApi();
        using var refused = await stranger.Http.PostAsJsonAsync($"/api/v1/events/{eventId}/entry", new { name = "Guest" });
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("sso_required", JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["code"]!.GetValue<string>());
        Assert.Empty(person.Errors);
    }

    /// <summary>An organisation with a proven domain and an event that demands its connection; the event's slug.</summary>
    private async Task<string> DemandAsync(PlatformApi api, string metadata)
    {
        await api.OrganiseAsync("Company sign-in");
        api.Http.DefaultRequestHeaders.Add("X-Events-Csrf", "1");
        var organisation = await SendAsync(api, HttpMethod.Post, "/api/v1/organisations", new { name = "Company" });
        var at = $"/api/v1/organisations/{organisation["id"]}";
        var domain = await SendAsync(api, HttpMethod.Post, $"{at}/sso/domains", new { domain = Domain });
        var code = await Until.Some("the postmaster has the code", TimeSpan.FromSeconds(20), () => Task.FromResult(Code()));
        await SendAsync(api, HttpMethod.Post, $"{at}/sso/domains/{domain["id"]}/verify", new { code });
        var connection = await SendAsync(api, HttpMethod.Post, $"{at}/sso/connections", new { name = "Company", kind = "saml", domains = new[] { Domain }, metadata });
        var made = await SendAsync(api, HttpMethod.Post, $"{at}/events", new { name = "Company day", timeZone = "Europe/Zurich", startsAt = DateTimeOffset.UtcNow, endsAt = DateTimeOffset.UtcNow.AddDays(1), state = "live" });
        await SendAsync(api, HttpMethod.Put, $"/api/v1/events/{made["id"]}/sso", new { connectionId = connection["id"]!.GetValue<string>() });
        return made["slug"]!.GetValue<string>();
    }

    private static async Task<JsonNode> SendAsync(PlatformApi api, HttpMethod method, string path, object body)
    {
        using var response = await api.Http.SendAsync(new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) });
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    /// <summary>The line of 43 characters in the plain part of the postmaster's mail.</summary>
    private string? Code()
    {
        var mails = Path.Combine(Installation.DataDirectory, "mail");
        return !Directory.Exists(mails) ? null : Directory.GetFiles(mails, "*.eml").Select(File.ReadAllText).Where(m => m.Contains($"\r\nTo: postmaster@{Domain}\r\n", StringComparison.Ordinal))
            .Select(m => m[m.IndexOf("text/plain", StringComparison.Ordinal)..].Split("\r\n\r\n")[1].Split("\r\n--")[0])
            .SelectMany(b => Encoding.UTF8.GetString(Convert.FromBase64String(b)).Split('\n')).Select(l => l.Trim()).LastOrDefault(l => l.Length == 43);
    }

    /// <summary>The provider's page: says at once who the person is, and posts it.</summary>
    private static async Task<WebApplication> ProviderSiteAsync(SamlStandIn provider)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var site = builder.Build();
        site.MapGet("/sso", (HttpContext context) =>
        {
            using var packed = new MemoryStream(Convert.FromBase64String(context.Request.Query["SAMLRequest"].ToString()));
            using var reader = new StreamReader(new DeflateStream(packed, CompressionMode.Decompress));
            var request = SamlStandIn.Parse(reader.ReadToEnd()).DocumentElement!;
            var response = provider.Signed(new SamlClaims(request.GetAttribute("AssertionConsumerServiceURL"), request["saml:Issuer"]!.InnerText, request.GetAttribute("ID"), $"sam@{Domain}"));
            return Results.Content(
                $"""
                <!doctype html><title>Company</title><body onload="document.forms[0].submit()"><form method="post" action="{request.GetAttribute("AssertionConsumerServiceURL")}">
                <input name="SAMLResponse" value="{Convert.ToBase64String(SamlStandIn.Bytes(response))}"><input name="RelayState" value="{context.Request.Query["RelayState"]}"></form></body>
                """,
                "text/html");
        });
        await site.StartAsync();
        return site;
    }

    private static int Port(WebApplication site) => new Uri(site.Urls.Single()).Port;
}
