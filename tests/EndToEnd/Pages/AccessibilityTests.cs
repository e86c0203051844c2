using System.Text.Json;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>
/// Every page outside the room, by day on a desk and by night on the narrowest phone: axe-core (npm, pinned) finds no serious violation of WCAG 2.1
/// A and AA, nothing is wider than the screen, no script fails, and the page has one heading of the first level.
/// </summary>
[Collection(SharedInstallation.Name)]
public sealed class AccessibilityTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Audit = """
        async () => {
          const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} ${any.map(({ message }) => message).join(' ')}`).join(' | ')}`);
        }
        """;

    private const string Settled = "() => document.querySelector('main h1') && !document.querySelector('[aria-busy=true], .waiting')";

    private static readonly string Axe = Path.Combine(Repository.Root, "src", "Platform", "Web", "node_modules", "axe-core", "axe.min.js");

    [Theory]
    [InlineData(1280, 800, false, ColorScheme.Light)]
    [InlineData(360, 640, true, ColorScheme.Dark)]
    public async Task Every_page_is_accessible_and_fits_the_screen(int width, int height, bool phone, ColorScheme scheme)
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Queue Days");
        var chromium = await Installation.ChromiumAsync();
        var axe = await File.ReadAllTextAsync(Axe);
        var faults = new List<string>();

        await using var guest = await chromium.NewPersonAsync(Installation.PlatformUrl, width, height, phone);
        await guest.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        string[] open =
        [
            "/", "/?text=nothinglikeit", $"/e/{fair.Slug}", $"/e/{fair.Slug}/tickets", $"/e/{fair.Slug}/tickets#invitation={fair.InvitationKey}", $"/e/{fair.Slug}/reception",
            $"/orders/{Fair.Id(fair.Order)}#key={PlatformApi.Text(fair.Order, "key")}", "/my/tickets", "/sign-in", "/sign-up", "/account", "/organise", "/e/none", "/no/such/page", "/auth/confirm?token=none", "/scan",
        ];
        foreach (var path in open)
        {
            await LookAsync(guest, path, null);
        }

        await using var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl, width, height, phone);
        await organiser.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        await Fair.SignInAsync(organiser, api, "/organise");
        var organisation = $"/organise/{fair.OrganisationId}";
        (string Path, string? Opens)[] mine =
        [
            ("/account", "privacy-erasure"), ("/my/tickets", null), ($"/e/{fair.Slug}/reception", null), ("/organise", "new-organisation"), ($"{organisation}/new-event", null), (organisation, null),
            ($"{organisation}/members", "invite-member"), ($"{organisation}/audit", null), ($"{organisation}/tokens", null), ($"{organisation}/look", null), ($"{organisation}/sign-in", "connection-add"), ($"{organisation}/settings", null), (fair.Setup("setup"), "move-on"), (fair.Setup("details"), null),
            (fair.Setup("setup"), "cancel-event"), (fair.Setup("branding"), null), (fair.Setup("programme"), "add-item"), (fair.Setup("tickets"), "add-type"), (fair.Setup("tickets"), "import-invitations"),
            (fair.Setup("registrations"), null), (fair.Setup("check-in"), "add-device"), (fair.Setup("rooms"), null), (fair.Setup("team"), "invite-team"),
        ];
        foreach (var (path, opens) in mine)
        {
            await LookAsync(organiser, path, opens);
        }

        Assert.True(faults.Count == 0, string.Join("\n", faults));
        Assert.Empty((string[])[.. guest.Errors, .. organiser.Errors]);

        // The page, and then its dialog if it has one.
        async Task LookAsync(RoomPage person, string path, string? opens)
        {
            await person.Page.GotoAsync(path);
            await person.Page.WaitForFunctionAsync(Settled);
            await person.Page.EvaluateAsync(axe);
            await CheckAsync(path);
            if (opens is not null)
            {
                await person.Find(opens).ClickAsync();
                await person.Page.Locator("dialog[open]").WaitForAsync();
                await CheckAsync($"{path} with {opens}");
            }

            async Task CheckAsync(string what)
            {
                var found = await person.Page.EvaluateAsync<JsonElement>(Audit);
                faults.AddRange(found.EnumerateArray().Select(v => $"{what}: {v.GetString()}"));
                var overflow = await person.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
                if (overflow > 0)
                {
                    faults.Add($"{what}: {overflow} pixels wider than the screen");
                }

                var headings = await person.Page.Locator("h1").CountAsync();
                if (headings != 1)
                {
                    faults.Add($"{what}: {headings} headings of the first level");
                }
            }
        }
    }

    [Fact]
    public async Task The_keyboard_skips_to_the_content_and_goes_into_a_dialog_and_back()
    {
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl);
        using var api = Installation.NewApi();
        await Fair.SignInAsync(organiser, api, "/organise");
        await organiser.Find("new-organisation").WaitForAsync();
        await organiser.Page.ReloadAsync();
        await organiser.Find("new-organisation").WaitForAsync();
        await organiser.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await FocusedAsync());
        await organiser.Page.Keyboard.PressAsync("Enter");
        await organiser.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("New organisation", await FocusedAsync());
        await organiser.Page.Keyboard.PressAsync("Enter");
        await organiser.Page.Locator("dialog[open]").WaitForAsync();
        for (var i = 0; i < 6; i++)
        {
            // Around it goes: the page behind is out of reach.
            Assert.True(await organiser.Page.EvaluateAsync<bool>("() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"));
            await organiser.Page.Keyboard.PressAsync("Tab");
        }

        await organiser.Page.Keyboard.PressAsync("Escape");
        await organiser.Page.Locator("dialog").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Equal("New organisation", await FocusedAsync());
        Assert.Empty(organiser.Errors);

        Task<string> FocusedAsync() => organiser.Page.EvaluateAsync<string>("() => document.activeElement.innerText.trim()");
    }
}
