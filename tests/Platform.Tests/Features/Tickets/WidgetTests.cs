using System.Net;
using System.Net.Http.Json;
using Events.Platform.Features.Tickets.Widget;
using Events.Tests.Platform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Events.Tests.Platform.Features.Tickets;

[Collection(nameof(PlatformCollection))]
public sealed class WidgetTests(PlatformFixture fixture)
{
    [Fact]
    public async Task A_listed_web_site_sells_tickets_in_a_frame_and_another_one_shows_nothing()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 5);
        await shop.Organiser.PostJsonAsync($"/api/v1/events/{shop.EventId}/questions", new { label = "Meal", kind = "choice", required = true, options = new[] { "soup", "other" } }, HttpStatusCode.Created);
        var html = "";
        await using var listed = await SiteAsync(() => html);
        await using var unlisted = await SiteAsync(() => html);
        html = (await ListAsync(shop, listed.Urls.Single())).GetProperty("html").GetString()!;
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu"] });
        var page = await browser.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        page.SetDefaultTimeout(15_000);
        await page.GotoAsync(listed.Urls.Single());
        var frame = page.FrameLocator("iframe");
        await frame.GetByLabel("Name").FillAsync("Fay Frame");
        await frame.GetByLabel("E-mail").FillAsync("fay@people.example");
        await frame.GetByLabel("Meal *").SelectOptionAsync("soup");
        await frame.GetByRole(AriaRole.Button, new() { Name = "Get the ticket" }).DblClickAsync();
        await frame.GetByText("The ticket is on its way to fay@people.example.").WaitForAsync();
        Assert.Equal(1, await shop.ScalarAsync<int>("select count(*)::int from platform.orders where event_id = @EventId and email = 'fay@people.example' and state = 'confirmed'", new { shop.EventId }));
        await page.WaitForFunctionAsync("() => { const height = document.querySelector('iframe').offsetHeight; return height > 50 && height < 420; }");
        Assert.Empty(errors);

        var elsewhere = await browser.NewPageAsync();
        await elsewhere.GotoAsync(unlisted.Urls.Single());
        await elsewhere.WaitForFunctionAsync("() => document.querySelector('iframe') !== null");
        await Eventually.TrueAsync(() => Task.FromResult(elsewhere.Frames.Count == 2 && elsewhere.Frames[1].Url.StartsWith("chrome-error:", StringComparison.Ordinal)), "the frame is refused");
    }

    [Fact]
    public async Task Only_the_listed_sites_may_frame_the_sale_and_nothing_else_may_be_framed()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 1);
        var slug = (await shop.Organiser.GetJsonAsync($"/api/v1/events/{shop.EventId}")).GetProperty("slug").GetString();
        Assert.EndsWith("frame-ancestors 'none'", await PolicyAsync($"/embed/events/{slug}"));
        var details = await ListAsync(shop, "https://WWW.example.org/", "https://bücher.example:8443");
        Assert.Equal($"{fixture.Url}embed/events/{slug}", details.GetProperty("frameUrl").GetString());
        Assert.EndsWith("frame-ancestors https://www.example.org https://xn--bcher-kva.example:8443", await PolicyAsync($"/embed/events/{slug}"));
        Assert.EndsWith("frame-ancestors 'none'", await PolicyAsync("/api/v1/events"));
        using (var frame = await fixture.Client().GetAsync($"/embed/events/{slug}"))
        {
            Assert.False(frame.Headers.Contains("X-Frame-Options"));
            Assert.DoesNotContain("{{", await frame.Content.ReadAsStringAsync());
        }

        await fixture.Client().GetAsync("/embed/events/no-such-event").ShouldRefuseAsync(HttpStatusCode.NotFound, "event_not_found");
        await shop.Organiser.PutAsJsonAsync($"/api/v1/events/{shop.EventId}/widget", new { origins = new[] { "https://a.example/path" } }).ShouldRefuseAsync(HttpStatusCode.BadRequest, "origins_invalid");
        await fixture.Client().PutAsJsonAsync($"/api/v1/events/{shop.EventId}/widget", new { origins = Array.Empty<string>() }).ShouldRefuseAsync(HttpStatusCode.Unauthorized, "not_signed_in");
        var (stranger, _, _) = await fixture.OrganiserAsync();
        await stranger.PutAsJsonAsync($"/api/v1/events/{shop.EventId}/widget", new { origins = Array.Empty<string>() }).ShouldRefuseAsync(HttpStatusCode.Forbidden, "not_event_admin");
    }

    [Theory]
    [InlineData("https://www.example.org", "https://www.example.org")]
    [InlineData("https://www.example.org:443/", "https://www.example.org")]
    [InlineData("http://localhost:3000", "http://localhost:3000")]
    [InlineData("http://www.example.org", null)]
    [InlineData("https://*.example.org", null)]
    [InlineData("https://a.example; script-src *", null)]
    [InlineData("https://a.example https://b.example", null)]
    [InlineData("https://user@a.example", null)]
    [InlineData("https://a.example/?x", null)]
    [InlineData("'self'", null)]
    [InlineData("*", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void An_origin_is_a_web_site_and_no_policy(string? text, string? origin) => Assert.Equal(origin, TicketWidget.OriginOf(text));

    private async Task<string> PolicyAsync(string path)
    {
        using var response = await fixture.Client().GetAsync(path);
        return response.Headers.GetValues("Content-Security-Policy").Single();
    }

    private static async Task<System.Text.Json.JsonElement> ListAsync(Shop shop, params string[] origins)
    {
        using var response = await shop.Organiser.PutAsJsonAsync($"/api/v1/events/{shop.EventId}/widget", new { origins });
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>();
    }

    /// <summary>Somebody's web site.</summary>
    private static async Task<WebApplication> SiteAsync(Func<string> html)
    {
        var port = PlatformFixture.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var site = builder.Build();
        site.MapGet("/", () => Results.Content($"<!doctype html><title>Our site</title><h1>Our site</h1>{html()}", "text/html"));
        await site.StartAsync();
        return site;
    }
}
