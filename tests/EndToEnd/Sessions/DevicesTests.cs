using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>What a person's devices and keys do in a room, and what the person is told of it.</summary>
[Collection(SharedInstallation.Name)]
public sealed class DevicesTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    /// <summary>A screen to be shared, as headless browsers have none.</summary>
    private const string Screen = """
        navigator.mediaDevices.getDisplayMedia = async () => {
          const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
          const context = canvas.getContext('2d');
          setInterval(() => { context.fillStyle = `hsl(${Date.now() % 360} 60% 50%)`; context.fillRect(0, 0, 640, 360); }, 50);
          return canvas.captureStream(15);
        };
        """;

    [Fact]
    public async Task A_microphone_that_is_unplugged_is_replaced_and_a_screen_is_shared_again_and_again()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Devices");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.Page.AddInitScriptAsync(Screen);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ben.OpenAsGuestAsync(session, "Ben");
        await ben.JoinAsync();
        await ben.SeeOthersAsync(1);

        await ada.Page.EvaluateAsync("""
            () => {
              const { track } = window.eventsRtc.local.find(({ source }) => source === 'microphone');
              track.stop();
              track.dispatchEvent(new Event('ended'));
            }
            """);
        await ada.Page.GetByText("Your microphone was disconnected.").WaitForAsync();
        await ada.Page.WaitForFunctionAsync("() => window.eventsRtc.local.some(({ source, track }) => source === 'microphone' && track?.readyState === 'live')");
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "true");
        await Until.True("Ben hears Ada again", TimeSpan.FromSeconds(20), async () => (await ben.MeasureAsync(TimeSpan.FromMilliseconds(500))).Loudness > 0.01);

        // A line of the description for each share would fill it within a day.
        var lines = await LinesAsync() + 1;
        for (var i = 0; i < 3; i++)
        {
            await ada.Find("share-screen").ClickAsync();
            await ben.Page.Locator("[data-testid=screen-tile][data-video=true]").WaitForAsync();
            await ben.SeesMotionAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(lines, await LinesAsync());
            await ada.Find("share-screen").ClickAsync();
            await Assertions.Expect(ben.Find("screen-tile")).ToHaveCountAsync(0, new() { Timeout = 20_000 });
            await Until.True("the server knows", TimeSpan.FromSeconds(20), () => ada.Page.EvaluateAsync<bool>("() => window.eventsRtc.publisher.getTransceivers().some((t) => t.currentDirection === 'inactive')"));
        }

        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);

        Task<int> LinesAsync() => ada.Page.EvaluateAsync<int>("() => window.eventsRtc.publisher.getTransceivers().length");
    }

    [Fact]
    public async Task What_the_system_or_a_headset_mutes_is_told_to_its_person_and_marked_for_the_others()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Muted elsewhere");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl, 360, 640, phone: true);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ben.OpenAsGuestAsync(session, "Ben");
        await ben.JoinAsync("join-view");
        await ben.SeeOthersAsync(1);
        var tile = ben.Page.Locator("[data-testid=tile][data-self=false]");
        var silent = ben.Page.Locator("[data-testid=tile][data-self=false][aria-label*='microphone off']");
        await Assertions.Expect(silent).ToHaveCountAsync(0);

        await WithholdAsync("microphone", true);
        await ada.Find("withheld").GetByText("Nobody hears you").WaitForAsync();
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "true"); // it is on, and theirs to mute
        await ada.ScreenshotAsync("microphone-withheld");
        await silent.WaitForAsync();
        await ada.Find("mute-mic").TapAsync();
        await Assertions.Expect(ada.Find("withheld")).ToHaveCountAsync(0);
        await ada.Find("mute-mic").TapAsync();
        await ada.Find("withheld").WaitForAsync();
        await WithholdAsync("camera", true);
        await Assertions.Expect(tile).ToHaveAttributeAsync("data-video", "false");

        await WithholdAsync("microphone", false);
        await ada.Find("withheld").GetByText("Nobody sees you").WaitForAsync();
        await Assertions.Expect(silent).ToHaveCountAsync(0);
        await WithholdAsync("camera", false);
        await Assertions.Expect(ada.Find("withheld")).ToHaveCountAsync(0);
        await Assertions.Expect(tile).ToHaveAttributeAsync("data-video", "true", new() { Timeout = 20_000 });
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);

        Task WithholdAsync(string source, bool muted) => ada.Page.EvaluateAsync(
            """
            ([source, muted]) => {
              const { track } = window.eventsRtc.local.find((local) => local.source === source);
              Object.defineProperty(track, 'muted', { value: muted, configurable: true });
              track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
            }
            """,
            (object[])[source, muted]);
    }

    [Fact]
    public async Task What_a_window_over_the_room_did_is_said_in_it_and_keys_can_be_switched_off()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Windows");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl, 360, 640, phone: true);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ada.Find("roster-toggle").ClickAsync();
        await ada.Find("open-door").ClickAsync();
        await ada.Find("door-lock").ClickAsync();
        await ada.Page.Locator("dialog[open] .toast", new() { HasText = "The room is locked" }).First.WaitForAsync(); // to who locked it, and to all
        await ada.Page.Keyboard.PressAsync("Escape");
        await ada.Page.Locator("dialog").WaitForAsync(new() { State = WaitForSelectorState.Detached });

        await ada.Page.Keyboard.PressAsync("m");
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        await ada.Page.Keyboard.PressAsync("?");
        await ada.Find("keys-on").UncheckAsync();
        await ada.Page.Keyboard.PressAsync("Escape");
        await ada.Page.Keyboard.PressAsync("m");
        await ada.Page.Keyboard.PressAsync("?");
        await Assertions.Expect(ada.Page.Locator("dialog")).ToHaveCountAsync(0);
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        Assert.Empty(ada.Errors);
    }

    [Fact]
    public async Task Who_was_away_for_too_long_is_told_and_stands_at_the_door_again()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Too long");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ada.Page.EvaluateAsync("() => { window.cutSockets(); const real = Date.now; let ahead = 0; Date.now = () => real() + (ahead += 20000); }"); // each attempt takes as long as one may
        await ada.Find("join-again").WaitForAsync(new() { Timeout = 60_000 });
        await ada.Page.EvaluateAsync("() => window.mendSockets()");
        await ada.Find("join-again").ClickAsync();
        await ada.JoinAsync();
        Assert.Empty(ada.Errors);
    }
}
