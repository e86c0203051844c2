using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>Who has a part: a host from outside who sets the event up, an organisation with a look of its own, and the door of a room.</summary>
[Collection(SharedInstallation.Name)]
public sealed class PartsTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const float Patience = 60_000;

    [Fact]
    public async Task A_host_from_outside_finds_the_event_edits_it_and_cannot_call_it_off()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Guest Host Days");
        var email = $"hanna-{Guid.NewGuid():N}@people.example";
        await api.CallAsync(HttpMethod.Post, $"/api/v1/events/{fair.EventId}/team", new() { ["email"] = email, ["role"] = "host" });
        var chromium = await Installation.ChromiumAsync();
        await using var host = await chromium.NewPersonAsync(Installation.PlatformUrl);
        host.Page.SetDefaultTimeout(Patience);

        // The invitation signs nobody in; it mails a link that does.
        var invitation = await Mails.LinkAsync(Installation, email, "/auth/confirm");
        await host.Page.GotoAsync(invitation);
        await host.Page.GetByRole(AriaRole.Button).ClickAsync();
        var link = await Until.Some("the link that signs in", TimeSpan.FromSeconds(30), async () => await Mails.LinkAsync(Installation, email, "/auth/confirm") is var latest && latest != invitation ? latest : null);
        await host.Page.GotoAsync(link);
        await host.Page.GetByRole(AriaRole.Button).ClickAsync();
        await host.Find("account-link").WaitForAsync();

        await host.Page.GotoAsync("/organise");
        await host.Find("helping").GetByRole(AriaRole.Link, new() { Name = "Guest Host Days" }).ClickAsync();
        await host.Find("tab-team").WaitForAsync();
        Assert.Equal(0, await host.Find("cancel-event").CountAsync() + await host.Find("preview").CountAsync());
        await host.Find("tab-details").ClickAsync();
        await host.Find("details-description").FillAsync("Run by a guest.");
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await host.Page.GetByText("Saved.").WaitForAsync();
        await host.Find("tab-registrations").ClickAsync();
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Open the order of Astrid Lindqvist" }).ClickAsync();
        await host.Find("ticket-resend").WaitForAsync();
        Assert.Equal(0, await host.Find("order-refund").CountAsync());

        await using var visitor = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        await visitor.Page.GotoAsync($"/e/{fair.Slug}");
        await visitor.Page.GetByText("Run by a guest.").WaitForAsync();
        Assert.Empty((string[])[.. host.Errors, .. visitor.Errors]);
    }

    [Fact]
    public async Task From_outside_a_room_somebody_is_removed_let_in_again_and_the_room_is_closed()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A room with a door");
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        organiser.Page.SetDefaultTimeout(Patience);
        ben.Page.SetDefaultTimeout(Patience);
        await ben.OpenAsGuestAsync(session, "Ben");
        await ben.JoinAsync("join-view");

        await Fair.SignInAsync(organiser, api, $"/organise/events/{session.EventId}/rooms");
        var row = organiser.Page.Locator($"[data-testid=room-row][data-session='{session.Id}']");
        await row.GetByTestId("room-door").ClickAsync();
        await row.GetByTestId("door-capacity").FillAsync("7");
        await row.GetByTestId("door-capacity-set").ClickAsync();
        await organiser.Page.GetByText("At most 7 at once.").WaitForAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Remove Ben" }).ClickAsync();
        await organiser.Page.Locator("dialog[open]").GetByRole(AriaRole.Button, new() { Name = "Remove", Exact = true }).ClickAsync();
        await ben.Page.GetByRole(AriaRole.Heading, new() { Name = "You were removed from this session" }).WaitForAsync();
        await row.GetByTestId("door-readmit").ClickAsync();
        await row.GetByTestId("door-removed").WaitForAsync(new() { State = WaitForSelectorState.Detached });

        // A reloaded page takes its own place again, now that it may.
        await ben.Page.ReloadAsync();
        await ben.Page.Locator("[data-testid=connection-state][data-state=connected]").WaitForAsync();
        await row.GetByTestId("door-close").ClickAsync();
        await organiser.Page.Locator("dialog[open]").GetByRole(AriaRole.Button, new() { Name = "Close the room" }).ClickAsync();
        await ben.Page.GetByRole(AriaRole.Heading, new() { Name = "The session has ended" }).WaitForAsync();
        Assert.Empty((string[])[.. organiser.Errors, .. ben.Errors]);
    }

    [Fact]
    public async Task An_organisation_gives_its_events_their_look()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "House Days");
        var chromium = await Installation.ChromiumAsync();
        await using var admin = await chromium.NewPersonAsync(Installation.PlatformUrl);
        admin.Page.SetDefaultTimeout(Patience);
        await Fair.SignInAsync(admin, api, $"/organise/{fair.OrganisationId}/look");
        await admin.Find("own-colours").CheckAsync();
        await admin.Find("brand-background").FillAsync("#5b2a86");
        await admin.Find("brand-foreground").FillAsync("#ffffff");
        await admin.Find("colours-save").ClickAsync();
        await admin.Page.GetByText("Saved.").WaitForAsync();
        var picture = await Tool.BytesAsync("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=300x200:rate=1", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "pipe:1");
        await admin.Find("logo-file").SetInputFilesAsync(new FilePayload { Name = "a.png", MimeType = "image/png", Buffer = picture });
        await admin.Find("logo-picture").WaitForAsync();

        await using var visitor = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        await visitor.Page.GotoAsync($"/e/{fair.Slug}");
        await visitor.Page.WaitForFunctionAsync("() => document.querySelector('.logo')?.naturalWidth === 128");
        Assert.Equal("rgb(91, 42, 134)", await visitor.Find("register").EvaluateAsync<string>("button => getComputedStyle(button).backgroundColor"));

        // The event's own page says whose look it is, and offers one of its own.
        await admin.Page.GotoAsync(fair.Setup("branding"));
        await admin.Page.GetByText("That of House Days Collective").WaitForAsync();
        Assert.False(await admin.Find("own-colours").IsCheckedAsync());
        Assert.Empty((string[])[.. admin.Errors, .. visitor.Errors]);
    }
}
