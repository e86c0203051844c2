using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Pages;

/// <summary>
/// Walks through the pages as a person does, on a desk and on a phone: no script error, nothing wider than the screen. With
/// <c>EVENTS_SCREENSHOTS</c> set, each stop is photographed into TestResults, to be looked at.
/// </summary>
[Collection(SharedInstallation.Name)]
public sealed class PagesTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly bool Photographs = Environment.GetEnvironmentVariable("EVENTS_SCREENSHOTS") is not (null or "");

    [Theory]
    [InlineData("desk", 1280, 800, false)]
    [InlineData("phone", 390, 844, true)]
    public async Task Every_page_fits_the_screen_and_runs_without_errors(string device, int width, int height, bool phone)
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Opening keynote");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        await using var speaker = await Speaker.StartAsync(Stacks.Default, ticket.MediaUrl, ticket.Room, ticket.Grant);
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl, width, height, phone);

        await person.Page.GotoAsync("/");
        await StopAsync(person, device, "listing", () => person.Page.GetByRole(Microsoft.Playwright.AriaRole.Heading, new() { Name = "Demo event" }).First.WaitForAsync());
        await person.Page.GotoAsync("/sign-in");
        await StopAsync(person, device, "sign-in", () => person.Find("sign-in-demo").WaitForAsync());
        await person.OpenAsOrganiserAsync(session);
        await StopAsync(person, device, "door", () => person.Page.Locator("video").First.WaitForAsync());
        await person.JoinAsync();
        await StopAsync(person, device, "room", () => person.SeeOthersAsync(1));
        await person.Find("record-start").ClickAsync();
        await person.Page.Locator("[data-testid=recording-state][data-status=recording]").WaitForAsync();
        await person.Find("roster-toggle").ClickAsync();
        await StopAsync(person, device, "room-recording-with-people", () => person.Find("roster-item").First.WaitForAsync());
        await person.Page.GetByLabel("Close the list of people").ClickAsync();
        await person.Find("record-stop").ClickAsync();
        var id = PlatformApi.Text(Assert.Single(await api.RecordingsAsync(session.Id)), "id");
        await person.Find("leave").ClickAsync();
        await StopAsync(person, device, "left", () => person.Find("left").WaitForAsync());
        await api.WaitForRecordingAsync(id, "ready", TimeSpan.FromSeconds(40));
        await person.Page.GotoAsync($"/e/{session.EventSlug}");
        await StopAsync(person, device, "event", () => person.Page.Locator("[data-testid=recordings-item][data-status=ready]").First.WaitForAsync());
        await person.Page.GotoAsync($"/e/{session.EventSlug}/recordings/{id}");
        await StopAsync(person, device, "replay", () => person.Page.WaitForFunctionAsync("() => document.querySelector('[data-testid=replay-video]')?.readyState >= 2"));
        await person.Page.GotoAsync("/no/such/page");
        await StopAsync(person, device, "not-found", () => person.Page.GetByRole(Microsoft.Playwright.AriaRole.Heading).First.WaitForAsync());

        Assert.Empty(person.Errors);
    }

    /// <summary>Participants are what is billed: a link that is opened is none, and who signs in by a link in a mail, which opens a tab of its own, is no second one.</summary>
    [Fact]
    public async Task A_guest_is_nobody_before_saying_a_name_and_one_person_after_signing_in_in_another_tab()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Counted once");
        var before = await EnteredAsync();
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync($"/e/{session.EventSlug}/recordings/{Guid.NewGuid()}");
        await person.Find("guest-name").WaitForAsync();
        Assert.Equal(before, await EnteredAsync());
        await person.Find("guest-name").FillAsync("Gil Guest");
        await person.Find("guest-enter").ClickAsync();
        await person.Page.GetByText("The recording could not be loaded").WaitForAsync();
        Assert.Equal(before + 1, await EnteredAsync());

        var mailed = await person.Page.Context.NewPageAsync();
        await mailed.GotoAsync("/sign-in");
        await mailed.GetByTestId("sign-in-demo").ClickAsync();
        await Until.True("the guest's tab goes on as the account", TimeSpan.FromSeconds(20), async () => await EnteredAsync() == before);

        async Task<int> EnteredAsync() =>
            (await api.Http.GetFromJsonAsync<JsonObject>($"/api/v1/events/{session.EventId}/dashboard"))!["people"]!["entered"]!.GetValue<int>();
    }

    /// <summary>What every other test relies on when it finds no errors: a violation of the page's policy would be one.</summary>
    [Fact]
    public async Task What_the_policy_refuses_does_not_run_and_is_noticed()
    {
        var chromium = await Installation.ChromiumAsync();
        await using var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.Page.GotoAsync("/");
        Assert.Empty(person.Errors);
        Assert.False(await person.Page.EvaluateAsync<bool>("""
            () => {
              const script = document.createElement('script');
              script.textContent = 'window.ran = true';
              document.body.append(script);
              return window.ran === true;
            }
            """));
        await Until.Some("the violation is noticed", TimeSpan.FromSeconds(30), () => Task.FromResult(person.Errors.FirstOrDefault(e => e.Contains("script-src", StringComparison.Ordinal))));
    }

    private async Task StopAsync(RoomPage person, string device, string name, Func<Task> shown)
    {
        await shown();
        if (Photographs)
        {
            await person.ScreenshotAsync($"{device}-{name}");
        }

        var overflow = await person.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Output.WriteLine($"{device} {name}: {person.Page.Url}");
        Assert.True(overflow <= 0, $"{name} is {overflow} pixels wider than the screen");
    }
}
