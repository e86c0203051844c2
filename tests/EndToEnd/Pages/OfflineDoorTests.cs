using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>Two phones at two doors, cut off from the network (pretixscan issue 65): they go on, survive a reload, and agree when they come back.</summary>
[Collection(SharedInstallation.Name)]
public sealed class OfflineDoorTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Serious = """
        async () => {
          const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
          return [...violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`), ...(wide > 0 ? [`${wide} px too wide`] : [])];
        }
        """;

    /// <summary>The worker has kept the page and all its files, and stands before this page.</summary>
    private const string Kept = "async () => { await navigator.serviceWorker.ready; return navigator.serviceWorker.controller !== null && (await caches.keys()).length === 1 && await caches.match('/scan') !== undefined; }";

    private static readonly string Axe = Path.Combine(Repository.Root, "src", "Platform", "Web", "node_modules", "axe-core", "axe.min.js");

    [Fact]
    public async Task Two_phones_offline_let_the_same_ticket_in_and_agree_when_they_are_back()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Gate Days");
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl);
        organiser.Page.SetDefaultTimeout(60_000);
        await Fair.SignInAsync(organiser, api, fair.Setup("check-in"));
        await organiser.Find("add-device").ClickAsync();
        await organiser.Find("device-name").FillAsync("Door A");
        await organiser.Find("device-save").ClickAsync();
        await organiser.Page.Locator(".enrol img").WaitForAsync();
        var enrolA = await organiser.Find("enrol-url").InputValueAsync();
        await organiser.Page.Keyboard.PressAsync("Escape");
        var enrolB = PlatformApi.Text(await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{fair.EventId}/check-in/devices", new() { ["name"] = "Door B" }), "url");

        await using var a = await PhoneAsync(chromium, enrolA, ColorScheme.Light);
        await using var b = await PhoneAsync(chromium, enrolB, ColorScheme.Dark);
        var axe = await File.ReadAllTextAsync(Axe);
        await SayAsync(a, "nonsense", "refused", "malformed");
        await ExpectAccessibleAsync(a);

        // Cut off. One more ticket is sold, of which the phones cannot know.
        foreach (var phone in new[] { a, b })
        {
            await phone.Page.Context.SetOfflineAsync(true);
        }

        var late = await fair.BuyAsync("Bo Late");
        var (first, second) = (CodeOf(fair.Order), CodeOf(late));
        await SayAsync(a, first, "offline");
        await NetAsync(a, "[data-state=offline][data-pending='1']");
        await ExpectAccessibleAsync(a);
        await SayAsync(a, first, "already_in");
        await ExpectAccessibleAsync(a);
        await SayAsync(a, second, "offline");
        await SayAsync(b, first, "offline");
        await ExpectAccessibleAsync(b);

        // A closed tab loses nothing: the page comes from the phone, and so do the list and the scans.
        await a.Page.ReloadAsync();
        await NetAsync(a, "[data-state=offline][data-pending='3']");
        await a.Find("door-search").FillAsync("lindq");
        await a.Find("door-found").GetByRole(AriaRole.Button, new() { Name = "Check Astrid Lindqvist" }).ClickAsync();
        await a.Page.Locator("[data-testid=said][data-shade=already_in]").GetByText("Astrid Lindqvist").WaitForAsync();

        // B comes back first, though it scanned last.
        await b.Page.Context.SetOfflineAsync(false);
        await NetAsync(b, "[data-state=online][data-pending='0']");
        await organiser.Page.Locator("[data-testid=door-counts][data-in='1'][data-conflicts='0']").WaitForAsync();
        await a.Page.Context.SetOfflineAsync(false);
        await NetAsync(a, "[data-state=online][data-pending='0']");
        foreach (var phone in new[] { a, b })
        {
            await phone.Page.Locator("[data-testid=door-conflicts][data-count='1']").GetByText("Door A, and again").WaitForAsync();
            await ExpectAccessibleAsync(phone);
        }

        await b.Page.Locator("[data-testid=door-history] [data-mark=conflict]").WaitForAsync();
        await organiser.Page.Locator("[data-testid=door-counts][data-in='2'][data-conflicts='1']").WaitForAsync();
        var conflict = organiser.Page.Locator("[data-testid=conflict]");
        await conflict.GetByText("Astrid Lindqvist").WaitForAsync();
        Assert.Equal(1, await conflict.CountAsync());
        Assert.Contains("Door B.", await conflict.InnerTextAsync(), StringComparison.Ordinal);

        // Online again, B is told by the platform what A did, and is out of the game once it is revoked.
        await SayAsync(b, second, "already_in");
        await organiser.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke Door B" }).ClickAsync();
        await organiser.Page.Locator("dialog[open]").GetByRole(AriaRole.Button, new() { Name = "Revoke", Exact = true }).ClickAsync();
        await NetAsync(b, "[data-state=revoked][data-listed='0']");
        await SayAsync(b, second, "refused", "device_revoked");

        // What could not be loaded while there was no network is no fault.
        Assert.DoesNotContain((string[])[.. organiser.Errors, .. a.Errors, .. b.Errors], e => !e.Contains("net::ERR_INTERNET_DISCONNECTED", StringComparison.Ordinal) && !e.Contains("status of 401", StringComparison.Ordinal));

        async Task ExpectAccessibleAsync(RoomPage phone)
        {
            await phone.Page.EvaluateAsync(axe);
            var faults = await phone.Page.EvaluateAsync<JsonElement>(Serious);
            Assert.True(faults.GetArrayLength() == 0, faults.ToString());
        }
    }

    private async Task<RoomPage> PhoneAsync(Chromium chromium, string enrolment, ColorScheme scheme)
    {
        var phone = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        phone.Page.SetDefaultTimeout(60_000);
        await phone.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        await phone.Page.GotoAsync(new Uri(enrolment).PathAndQuery + new Uri(enrolment).Fragment);
        await NetAsync(phone, "[data-state=online][data-listed='1']");
        Assert.DoesNotContain("enrol", phone.Page.Url, StringComparison.Ordinal);
        await phone.Page.WaitForFunctionAsync(Kept);
        return phone;
    }

    private static Task NetAsync(RoomPage phone, string state) => phone.Page.Locator($"[data-testid=door-net]{state}").WaitForAsync();

    private static async Task SayAsync(RoomPage phone, string code, string shade, string reason = "")
    {
        var before = await phone.Page.Locator("[data-testid=door-history] li").CountAsync();
        await phone.Find("door-code").FillAsync(code);
        await phone.Find("door-submit").ClickAsync();
        await phone.Page.Locator($"[data-testid=said][data-shade={shade}][data-reason='{reason}']").WaitForAsync();
        await phone.Page.Locator("[data-testid=door-history] li").Nth(before).WaitForAsync();
    }

    private static string CodeOf(JsonObject order) => PlatformApi.Text((JsonObject)order["tickets"]![0]!, "code");
}
