using System.Text.Json;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>Another camera, microphone or speaker is chosen in the room, by the keyboard and on a phone, in browsers that have several of each.</summary>
[Collection(SharedInstallation.Name)]
public sealed class DeviceChoiceTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    /// <summary>Notes what is opened and where sound goes; a device in <c>refuses</c> refuses by that name, and with <c>oneCamera</c> no second one runs beside the first.</summary>
    private const string Devices = """
        (() => {
          window.opened = [];
          window.sinks = [];
          window.refuses = {};
          window.oneCamera = false;
          const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          const cameras = [];
          navigator.mediaDevices.getUserMedia = async (wanted) => {
            const id = (wanted.video || wanted.audio).deviceId?.exact ?? '';
            if (window.refuses[id]) throw new DOMException('', window.refuses[id]);
            if (wanted.video && window.oneCamera && cameras.some(({ readyState }) => readyState === 'live')) throw new DOMException('', 'NotReadableError');
            const stream = await real(wanted);
            window.opened.push(id);
            cameras.push(...stream.getVideoTracks());
            return stream;
          };
          const sink = HTMLMediaElement.prototype.setSinkId;
          HTMLMediaElement.prototype.setSinkId = function (id) { window.sinks.push(id); return sink.call(this, id); };
        })();
        """;

    private const string Audit = """
        async () => {
          const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string Axe = Path.Combine(Repository.Root, "src", "Platform", "Web", "node_modules", "axe-core", "axe.min.js");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Others_see_and_hear_another_camera_and_microphone_without_a_negotiation_muted_ones_too(bool encrypted)
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Other devices");
        await using var chromium = await Chromium.LaunchAsync(null);
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.Page.AddInitScriptAsync(Devices);
        await ada.OpenAsOrganiserAsync(session);
        await ben.OpenAsGuestAsync(session, "Ben");
        foreach (var person in encrypted ? new[] { ada, ben } : [])
        {
            await person.Page.EvaluateAsync("() => history.replaceState(history.state, '', '#e2ee=secret')");
        }

        await ada.JoinAsync();
        await ben.JoinAsync("join-view");
        await ben.SeeOthersAsync(1);
        var offer = await OfferAsync(ada);

        // By the keyboard alone: the list opens, takes the next microphone, and gives the focus back.
        await ada.Find("mute-mic").FocusAsync();
        await ada.Page.Keyboard.PressAsync("d");
        await ada.Find("own-devices").WaitForAsync();
        var microphones = await IdsAsync(ada, "pick-microphone");
        var cameras = await IdsAsync(ada, "pick-camera");
        Output.WriteLine($"cameras {string.Join(", ", cameras)}; microphones {string.Join(", ", microphones)}");
        await AccessibleAsync(ada);
        await ada.Find("pick-microphone").FocusAsync();
        await ada.Page.Keyboard.PressAsync("ArrowDown");
        await SendsAsync(ada, "microphone", microphones[1]);
        await ada.Find("pick-camera").SelectOptionAsync(cameras[2]);
        await SendsAsync(ada, "camera", cameras[2]);
        await ada.ScreenshotAsync("device-choice");
        await ada.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(ada.Find("mute-mic")).ToBeFocusedAsync();
        await ben.SeesMotionAsync(Patience);
        await HearsAsync(ben);
        Assert.Equal(offer, await OfferAsync(ada));
        Assert.Equal(1, await ada.Page.EvaluateAsync<int>("() => window.eventsRtc.local.filter(({ source, track }) => source === 'camera' && track.readyState === 'live').length"));

        // What is muted stays so with another device, and is heard when it is unmuted, also for as long as a key is held.
        await ada.Page.EvaluateAsync("() => document.activeElement.blur()");
        await ada.Page.Keyboard.PressAsync("m");
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        await ada.Page.Keyboard.PressAsync("v");
        await Assertions.Expect(ada.Find("mute-cam")).ToHaveAttributeAsync("data-on", "false");
        var opened = await OpenedAsync(ada);
        await ada.Page.Keyboard.PressAsync("d");
        await ada.Find("pick-camera").SelectOptionAsync(cameras[0]);
        await ada.Find("pick-microphone").SelectOptionAsync(microphones[2]);
        await SendsAsync(ada, "microphone", microphones[2]);
        Assert.Equal(opened + 1, await OpenedAsync(ada)); // no camera: that is off
        Assert.False(await ada.Page.EvaluateAsync<bool>("() => window.eventsRtc.local.find(({ source }) => source === 'microphone').track.enabled"));
        await ada.Page.Keyboard.PressAsync("Escape");
        await ada.Page.Locator("dialog").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await ada.Page.EvaluateAsync("() => document.activeElement.blur()");
        await ada.Page.Keyboard.DownAsync(" ");
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "true");
        await HearsAsync(ben);
        await ada.Page.Keyboard.UpAsync(" ");
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        await ada.Page.Keyboard.PressAsync("v");
        await SendsAsync(ada, "camera", cameras[0]);
        await ben.SeesMotionAsync(Patience);
        Assert.Equal(offer, await OfferAsync(ada));

        // The next time it is the same again: here a reloaded page.
        await ada.Page.ReloadAsync();
        await SendsAsync(ada, "camera", cameras[0]);
        await Assertions.Expect(ada.Find("mute-mic")).ToHaveAttributeAsync("data-on", "false");
        await ada.Find("mute-mic").ClickAsync();
        await SendsAsync(ada, "microphone", microphones[2]);
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }

    [Fact]
    public async Task On_a_phone_it_is_said_why_a_device_is_not_to_be_had_and_the_one_before_goes_on()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Busy devices");
        await using var chromium = await Chromium.LaunchAsync(null);
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl, 360, 640, phone: true);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.Page.AddInitScriptAsync(Devices);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ben.OpenAsGuestAsync(session, "Ben");
        await ben.JoinAsync();
        await ben.SeeOthersAsync(1);
        var all = await ada.Page.Locator(".bar .control:visible").EvaluateAllAsync<int[]>("all => all.map((one) => Math.min(one.offsetHeight, one.offsetWidth))");
        Assert.All(all, size => Assert.True(size >= 40, string.Join(", ", all))); // WCAG 2.5.8 asks for 24
        await ada.Find("devices").TapAsync();
        var cameras = await IdsAsync(ada, "pick-camera");
        var microphones = await IdsAsync(ada, "pick-microphone");
        var (camera, microphone) = (await SentAsync(ada, "camera"), await SentAsync(ada, "microphone"));
        var other = cameras.Last(id => id != camera);

        await RefuseAsync(microphones[1], "NotReadableError");
        await ada.Find("pick-microphone").SelectOptionAsync(microphones[1]);
        await ada.Page.GetByText("The microphone is in use by another program.").WaitForAsync();
        await RefuseAsync(other, "NotAllowedError");
        await ada.Find("pick-camera").SelectOptionAsync(other);
        await ada.Page.GetByText("Your browser blocks the camera.").WaitForAsync();
        await RefuseAsync(other, "OverconstrainedError");
        await ada.Find("pick-camera").SelectOptionAsync(other);
        await ada.Page.GetByText("This camera is not connected any more.").WaitForAsync();
        await ada.ScreenshotAsync("device-choice-phone");
        await AccessibleAsync(ada);
        await SendsAsync(ada, "microphone", microphone);
        await SendsAsync(ada, "camera", camera);
        Assert.Equal((camera, microphone), (await ada.Find("pick-camera").InputValueAsync(), await ada.Find("pick-microphone").InputValueAsync()));
        await ben.SeesMotionAsync(Patience);
        await HearsAsync(ben);

        // Phones run one camera at a time: the first goes for the second, and comes back when that does not run.
        await ada.Page.EvaluateAsync("() => { window.oneCamera = true; window.refuses = {}; }");
        await ada.Find("pick-camera").SelectOptionAsync(other);
        await SendsAsync(ada, "camera", other);
        await RefuseAsync(camera, "NotReadableError");
        await ada.Find("pick-camera").SelectOptionAsync(camera);
        await ada.Page.GetByText("The camera is in use by another program.").WaitForAsync();
        await SendsAsync(ada, "camera", other);
        await ben.SeesMotionAsync(Patience);

        var speakers = await IdsAsync(ada, "pick-speaker");
        await ada.Find("pick-speaker").SelectOptionAsync(speakers[1]);
        await Until.True("sound goes there", Patience, () => ada.Page.EvaluateAsync<bool>("id => window.sinks.includes(id)", speakers[1]));
        await Until.True("it is remembered", Patience, () => ada.Page.EvaluateAsync<bool>("id => localStorage.getItem('events.device.speaker') === id", speakers[1]));
        Assert.True(await ada.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0);
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);

        Task RefuseAsync(string device, string name) => ada.Page.EvaluateAsync("([device, name]) => { window.refuses = { [device]: name }; }", (object[])[device, name]);
    }

    private static async Task<string[]> IdsAsync(RoomPage person, string picker)
    {
        await person.Page.WaitForFunctionAsync("id => document.querySelectorAll(`[data-testid=${id}] option`).length > 1", picker);
        return await person.Find(picker).Locator("option").EvaluateAllAsync<string[]>("all => all.map(({ value }) => value)");
    }

    /// <summary>The line of the last offer that counts them.</summary>
    private static Task<string> OfferAsync(RoomPage person) => person.Page.EvaluateAsync<string>("() => window.eventsRtc.publisher.localDescription.sdp.match(/^o=.*$/m)[0]");

    private static Task<int> OpenedAsync(RoomPage person) => person.Page.EvaluateAsync<int>("() => window.opened.length");

    private static Task<string> SentAsync(RoomPage person, string source) => person.Page.EvaluateAsync<string>(
        "source => window.eventsRtc.local.find((local) => local.source === source).track.getSettings().deviceId", source);

    /// <summary>Waits until a device is what the person's connection sends from.</summary>
    private static Task SendsAsync(RoomPage person, string source, string device) => Until.True($"the {source} {device} is sent", Patience, () => person.Page.EvaluateAsync<bool>(
        """
        ([source, device]) => {
          const local = window.eventsRtc?.local.find((local) => local.source === source);
          const { track } = local?.sender ?? {};
          return track?.readyState === 'live' && track.getSettings().deviceId === device;
        }
        """,
        (object[])[source, device]));

    private static Task HearsAsync(RoomPage person) =>
        Until.True("sound is heard", Patience, async () => (await person.MeasureAsync(TimeSpan.FromMilliseconds(500))).Loudness > 0.01);

    private static async Task AccessibleAsync(RoomPage person)
    {
        await person.Page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
        var found = await person.Page.EvaluateAsync<JsonElement>(Audit);
        Assert.True(found.GetArrayLength() == 0, found.ToString());
    }
}
