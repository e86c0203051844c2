using System.Text.Json;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>Three people in browsers: one runs the room, one is invited, muted, demoted and removed, one comes too late.</summary>
[Collection(SharedInstallation.Name)]
public sealed class RunningARoomTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Audit = """
        async () => {
          const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Axe = Path.Combine(Repository.Root, "src", "Platform", "Web", "node_modules", "axe-core", "axe.min.js");

    [Fact]
    public async Task A_viewer_is_invited_to_the_stage_publishes_is_muted_demoted_and_removed_and_a_locked_room_refuses_a_third()
    {
        using var api = Installation.NewApi();
        var stage = await api.OrganiseAsync("A stage that is run", kind: "stage");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var cleo = await chromium.NewPersonAsync(Installation.PlatformUrl);
        foreach (var person in new[] { ada, ben, cleo })
        {
            person.Page.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        }

        Assertions.SetDefaultExpectTimeout((float)Patience.TotalMilliseconds);

        await ada.OpenAsOrganiserAsync(stage);
        await ada.JoinAsync();
        await ListenAsync(ada);
        await ben.OpenAsGuestAsync(stage, "Ben");
        await ben.JoinAsync("join-view");
        await ListenAsync(ben);
        await ben.SeeOthersAsync(1);
        var id = await ben.ParticipantIdAsync();
        await Assertions.Expect(ben.Find("mute-mic")).ToHaveCountAsync(0);

        // Ben asks to speak; Ada invites him, with the keyboard alone.
        await ben.Page.Keyboard.PressAsync("h");
        await Assertions.Expect(ben.Find("raise-hand")).ToHaveAttributeAsync("data-on", "true");
        await ada.Page.Keyboard.PressAsync("p");
        var line = ada.Page.Locator($"[data-testid=roster-item][data-participant='{id}']");
        await line.GetByTestId("hand").WaitForAsync();
        await ada.ScreenshotAsync("running-hand-raised");
        await line.GetByTestId("person-actions").FocusAsync();
        await ada.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(ada.Find("do-invite")).ToBeFocusedAsync();
        await AccessibleAsync(ada, "the list of people with its actions");
        await ada.ScreenshotAsync("running-actions");
        await ada.Page.Keyboard.PressAsync("Enter");
        await ben.Find("accept-invitation").WaitForAsync();
        await AccessibleAsync(ben, "the invitation");
        await ben.ScreenshotAsync("running-invited");
        await Assertions.Expect(line.GetByTestId("person-actions")).ToBeFocusedAsync();
        await ben.Find("accept-invitation").ClickAsync();

        // On stage his hand is down, and he is seen and heard once he turns his devices on.
        await Assertions.Expect(ben.Find("raise-hand")).ToHaveAttributeAsync("data-on", "false");
        await SaysAsync(ben, "You are on stage");
        await SaysAsync(ada, "Ben comes on stage");
        await ben.Find("mute-cam").ClickAsync();
        await ben.Find("mute-mic").ClickAsync();
        await ada.SeeOthersAsync(1);
        await TracksAsync(ada, id, "camera on, microphone on");
        Assert.Equal(id, await ben.ParticipantIdAsync());
        await ben.ScreenshotAsync("running-on-stage");

        // Muted: he cannot open the microphone by himself, and can when he is asked to.
        await ActAsync(ada, line, "do-mic-off");
        await SaysAsync(ben, "A moderator muted you");
        await Assertions.Expect(ben.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        await TracksAsync(ada, id, "camera on, microphone muted");
        await ben.Find("mute-mic").ClickAsync();
        await Assertions.Expect(ben.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        await TracksAsync(ada, id, "camera on, microphone muted");
        await ActAsync(ada, line, "do-mic-ask");
        await ben.Find("accept-unmute").ClickAsync();
        await Assertions.Expect(ben.Find("mute-mic")).ToHaveAttributeAsync("data-on", "true");
        await TracksAsync(ada, id, "camera on, microphone on");

        // Taken off the stage: devices stop, the picture is gone, and he goes on watching in the same stay.
        await ActAsync(ada, line, "do-demote");
        await SaysAsync(ben, "took you off the stage");
        await Assertions.Expect(ben.Find("mute-cam")).ToHaveCountAsync(0);
        await TracksAsync(ada, id, "");
        await ben.ScreenshotAsync("running-demoted");
        await ben.SeeOthersAsync(1);
        Assert.Equal(id, await ben.ParticipantIdAsync());
        Assert.Equal("connected", await ben.Page.EvaluateAsync<string>("() => window.eventsRtc.state"));

        // Brought back without being asked: the second time works like the first.
        await ActAsync(ada, line, "do-promote");
        await ben.Find("mute-cam").ClickAsync();
        await TracksAsync(ada, id, "camera on");
        await ada.SeeOthersAsync(1);
        Assert.Equal(id, await ben.ParticipantIdAsync());

        // Locked: a third is told why, and comes in when the room is open again.
        await ada.Find("lock-room").ClickAsync();
        await ben.Find("room-locked").WaitForAsync();
        await cleo.OpenAsGuestAsync(stage, "Cleo");
        await cleo.Find("join-view").ClickAsync();
        await cleo.Page.GetByText("The room is locked; ask its hosts to let you in.").WaitForAsync();
        await cleo.ScreenshotAsync("running-locked-out");
        await ada.Find("lock-room").ClickAsync();
        await Assertions.Expect(ada.Find("room-locked")).ToHaveCountAsync(0);
        await cleo.JoinAsync("join-view");

        // Removed: asked twice, told why, and not let in again.
        await line.GetByTestId("person-actions").ClickAsync();
        await ada.Find("do-remove").ClickAsync();
        await ada.Page.Locator("dialog[open]").WaitForAsync();
        await AccessibleAsync(ada, "the question before a removal");
        await ada.ScreenshotAsync("running-remove");
        await ada.Page.Locator("dialog[open]").GetByRole(AriaRole.Button, new() { Name = "Remove", Exact = true }).ClickAsync();
        await ben.Page.GetByRole(AriaRole.Heading, new() { Name = "You were removed from this session" }).WaitForAsync();
        await AccessibleAsync(ben, "the page of who was removed");
        await ben.ScreenshotAsync("running-removed");
        await Assertions.Expect(line).ToHaveCountAsync(0);
        await ben.Page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();
        await ben.Page.GetByRole(AriaRole.Button, new() { Name = "Join again" }).ClickAsync();
        await ben.Find("join-view").ClickAsync();
        await ben.Page.GetByText("The organisers removed you from this").WaitForAsync();

        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors, .. cleo.Errors]);
    }

    /// <summary>Opens what can be done with a person and does one thing of it.</summary>
    private static async Task ActAsync(RoomPage moderator, ILocator line, string what)
    {
        await line.GetByTestId("person-actions").ClickAsync();
        await moderator.Find(what).ClickAsync();
        await Assertions.Expect(moderator.Find(what)).ToHaveCountAsync(0);
    }

    /// <summary>Notes what the page says: a toast may be gone before a slow test looks.</summary>
    private static Task ListenAsync(RoomPage person) => person.Page.EvaluateAsync(
        """
        () => {
          window.said = [];
          const note = () => document.querySelectorAll('.toast').forEach(({ textContent }) => window.said.push(textContent));
          new MutationObserver(note).observe(document.querySelector('.toasts'), { childList: true, subtree: true });
        }
        """);

    private static Task SaysAsync(RoomPage person, string text) => Until.True(
        $"the page says '{text}'", Patience, () => person.Page.EvaluateAsync<bool>("text => window.said.some((said) => said.includes(text))", text));

    /// <summary>What a person publishes, as another one's page knows it.</summary>
    private static Task TracksAsync(RoomPage viewer, string participantId, string expected) => Until.True(
        $"tracks are '{expected}'",
        Patience,
        async () => expected == await viewer.Page.EvaluateAsync<string>(
            "id => (window.eventsRtc.roster.get(id)?.tracks ?? []).map((t) => `${t.source} ${t.muted ? 'muted' : 'on'}`).sort().join(', ')", participantId));

    private static async Task AccessibleAsync(RoomPage person, string what)
    {
        await person.Page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
        var found = await person.Page.EvaluateAsync<JsonElement>(Audit);
        Assert.True(found.GetArrayLength() == 0, $"{what}: {found}");
    }
}
