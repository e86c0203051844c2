using System.Text;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>What organisers do with an event that is there: change it beside each other, give it its look, stand at its door, call it off.</summary>
[Collection(SharedInstallation.Name)]
public sealed class OrganiseTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    [Fact]
    public async Task Who_changes_what_somebody_else_changed_is_told_and_shown_it()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Edit Days");
        var chromium = await Installation.ChromiumAsync();
        await using var first = await OrganiserAsync(chromium, api, fair.Setup("programme"));
        await using var second = await OrganiserAsync(chromium, api, fair.Setup("programme"));
        foreach (var (person, headline) in new[] { (first, "Chief of queues"), (second, "Never shown") })
        {
            await person.Page.GetByRole(AriaRole.Button, new() { Name = "Change Mirela Ionescu" }).ClickAsync();
            await person.Find("speaker-headline").FillAsync(headline);
        }

        await first.Find("speaker-add").ClickAsync();
        await first.Find("speakers").GetByText("Chief of queues").WaitForAsync();
        await second.Find("speaker-add").ClickAsync();
        await second.Find("look-again").ClickAsync();
        await second.Find("speakers").GetByText("Chief of queues").WaitForAsync();

        // What was sold stays: the price is locked, and seats are not taken from under anybody.
        await second.Find("tab-tickets").ClickAsync();
        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Change Community" }).ClickAsync();
        Assert.True(await second.Find("type-price").IsDisabledAsync());
        await second.Find("type-name").FillAsync("Friends");
        await second.Find("type-save").ClickAsync();
        await second.Find("types").GetByText("Friends").WaitForAsync();
        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Change the seats “Seats”" }).ClickAsync();
        await second.Find("quota-capacity").EvaluateAsync("input => input.min = 0"); // the browser would stop it; the server must too, at the field
        await second.Find("quota-capacity").FillAsync("0");
        await second.Find("quota-save").ClickAsync();
        await second.Page.Locator(".field--wrong [data-testid=quota-capacity]").WaitForAsync();
        await second.Find("quota-capacity").FillAsync("60");
        await second.Find("quota-save").ClickAsync();
        await second.Find("quotas").GetByText("1 of 60 taken").WaitForAsync();
        Assert.Empty((string[])[.. first.Errors, .. second.Errors]);
    }

    [Fact]
    public async Task Who_registers_appears_by_itself()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Watched Days");
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await OrganiserAsync(chromium, api, fair.Setup("registrations"));
        await Assertions.Expect(organiser.Find("order-row")).ToHaveCountAsync(1);
        await fair.BuyAsync("Sunniva Dahl");
        await organiser.Find("orders").GetByText("Sunniva Dahl").WaitForAsync(new() { Timeout = 20_000 });
        await Assertions.Expect(organiser.Find("order-row")).ToHaveCountAsync(2);
        Assert.Empty(organiser.Errors);
    }

    [Fact]
    public async Task An_event_gets_its_look_and_a_table_its_invitations()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Colour Days");
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await OrganiserAsync(chromium, api, fair.Setup("branding"));
        await organiser.Find("own-colours").CheckAsync();
        await organiser.Find("brand-background").FillAsync("#888888");
        await organiser.Find("brand-foreground").FillAsync("#999999");
        await organiser.Find("contrast").GetByText("too little").WaitForAsync();
        Assert.True(await organiser.Find("colours-save").IsDisabledAsync());
        await organiser.Find("brand-background").FillAsync("#0b5563");
        await organiser.Find("brand-foreground").FillAsync("#ffffff");
        await organiser.Find("colours-save").ClickAsync();
        await organiser.Page.GetByText("Saved.").WaitForAsync();
        var picture = await Tool.BytesAsync("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=800x300:rate=1", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "pipe:1");
        foreach (var kind in new[] { "logo", "cover" })
        {
            await organiser.Find($"{kind}-file").SetInputFilesAsync(new FilePayload { Name = "a.png", MimeType = "image/png", Buffer = picture });
            await organiser.Find($"{kind}-picture").WaitForAsync();
        }

        await using var visitor = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        await visitor.Page.GotoAsync($"/e/{fair.Slug}");
        await visitor.Page.WaitForFunctionAsync("() => [...document.querySelectorAll('.cover__picture, .logo')].filter((image) => image.naturalWidth > 0).length === 2");
        Assert.Equal("rgb(11, 85, 99)", await visitor.Find("register").EvaluateAsync<string>("button => getComputedStyle(button).backgroundColor"));
        await visitor.Page.GotoAsync($"/e/{fair.Slug}/tickets");
        await visitor.Find("more-tickets").First.ClickAsync();
        await visitor.Find("place-order").WaitForAsync();
        Assert.Equal("rgb(11, 85, 99)", await visitor.Find("place-order").EvaluateAsync<string>("button => getComputedStyle(button).backgroundColor"));

        await organiser.Find("tab-tickets").ClickAsync();
        await organiser.Find("import-invitations").ClickAsync();
        await organiser.Find("import-file").SetInputFilesAsync(new FilePayload { Name = "people.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes("Name,Email\nAda,ada@people.example\nBo,bo at people\n") });
        await organiser.Find("import-send").ClickAsync();
        await organiser.Find("import-result").GetByText("One invitation is on its way.").WaitForAsync();
        await organiser.Find("import-result").GetByText("Line 3").WaitForAsync();
        Assert.Empty((string[])[.. organiser.Errors, .. visitor.Errors]);
    }

    [Fact]
    public async Task The_door_reads_a_code_from_the_camera_once_and_the_list_shows_who_is_in()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Door Days");
        var ticket = PlatformApi.Text((JsonObject)fair.Order["tickets"]![0]!, "id");
        var folder = Directory.CreateTempSubdirectory("events-door-").FullName;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tickets/{ticket}/qr.png");
            request.Headers.Add("X-Order-Key", PlatformApi.Text(fair.Order, "key"));
            using var response = await api.Http.SendAsync(request);
            var (code, film) = (Path.Combine(folder, "code.png"), Path.Combine(folder, "camera.y4m"));
            await File.WriteAllBytesAsync(code, await response.Content.ReadAsByteArrayAsync());
            await Tool.BytesAsync("ffmpeg", "-loglevel", "error", "-loop", "1", "-i", code, "-t", "1", "-r", "10", "-vf", "scale=400:400:flags=neighbor,pad=640:480:120:40:white", "-pix_fmt", "yuv420p", film);
            await using var chromium = await Chromium.LaunchAsync(film);
            await using var door = await OrganiserAsync(chromium, api, fair.Setup("check-in"));
            await door.Find("scan").ClickAsync();
            await door.Page.Locator("[data-testid=verdict][data-reason=in]").GetByText("Astrid Lindqvist").WaitForAsync(new() { Timeout = 60_000 });
            await door.Find("scan").ClickAsync();
            await door.Find("check-code").FillAsync(PlatformApi.Text((JsonObject)fair.Order["tickets"]![0]!, "code"));
            await door.Find("check-submit").ClickAsync();
            await door.Page.Locator("[data-testid=verdict][data-reason=already_in]").WaitForAsync();
            await door.Find("check-code").FillAsync("nonsense");
            await door.Find("check-submit").ClickAsync();
            await door.Page.Locator("[data-testid=verdict][data-reason=code_invalid]").WaitForAsync();
            await door.Find("tab-registrations").ClickAsync();
            await door.Find("orders").GetByText("1 ticket, 1 in").WaitForAsync();
            var download = await door.Page.RunAndWaitForDownloadAsync(() => door.Find("orders-export").ClickAsync());
            Assert.EndsWith("-registrations.csv", download.SuggestedFilename, StringComparison.Ordinal);
            Assert.Contains("astrid@people.example", await File.ReadAllTextAsync((await download.PathAsync())!), StringComparison.Ordinal);
            Assert.Empty(door.Errors);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_event_is_called_off_on_its_page_and_everybody_sees_it()
    {
        using var api = Installation.NewApi();
        var fair = await Fair.OpenAsync(api, "Storm Days");
        var chromium = await Installation.ChromiumAsync();
        await using var organiser = await OrganiserAsync(chromium, api, fair.Setup("setup"));
        await organiser.Find("cancel-event").ClickAsync();
        await organiser.Find("cancel-message").FillAsync("The storm has taken the roof.");
        await organiser.Find("cancel-confirm").ClickAsync();
        Assert.Equal(1, await organiser.Page.Locator("dialog[open]").CountAsync()); // not without the tick
        await organiser.Find("cancel-sure").CheckAsync();
        await organiser.Find("cancel-confirm").ClickAsync();
        await organiser.Page.Locator("[data-testid=event-state][data-state=cancelled]").WaitForAsync();
        await organiser.Page.Locator("[data-testid=cancellation][data-state=done]").WaitForAsync(new() { Timeout = 60_000 });

        await using var holder = await chromium.NewPersonAsync(Installation.PlatformUrl, 390, 844, phone: true);
        await holder.Page.GotoAsync($"/e/{fair.Slug}");
        await holder.Find("event-cancelled").WaitForAsync();
        Assert.Equal(0, await holder.Find("enter").CountAsync() + await holder.Find("register").CountAsync());
        await holder.Page.GotoAsync($"/orders/{Fair.Id(fair.Order)}#key={PlatformApi.Text(fair.Order, "key")}");
        await holder.Page.Locator("[data-testid=order][data-state=cancelled]").WaitForAsync();
        await holder.Page.GotoAsync($"/e/{fair.Slug}/reception");
        await holder.Page.GetByText("does not take place").WaitForAsync();
        Assert.Equal(0, await holder.Find("guest-enter").CountAsync());
        Assert.Empty((string[])[.. organiser.Errors, .. holder.Errors]);
    }

    private async Task<RoomPage> OrganiserAsync(Chromium chromium, PlatformApi api, string path)
    {
        var organiser = await chromium.NewPersonAsync(Installation.PlatformUrl);
        organiser.Page.SetDefaultTimeout(60_000);
        await Fair.SignInAsync(organiser, api, path);
        return organiser;
    }
}
