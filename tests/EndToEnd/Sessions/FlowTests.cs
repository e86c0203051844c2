using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>Two people in browsers, one of whom runs the room: she sees how media flows between them, in figures that their browsers confirm.</summary>
[Collection(SharedInstallation.Name)]
public sealed partial class FlowTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
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
    public async Task Who_runs_a_room_sees_what_is_published_and_received_and_nobody_else_is_offered_to()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A session that is watched over");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        ada.Page.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        ben.Page.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        Assertions.SetDefaultExpectTimeout((float)Patience.TotalMilliseconds);
        await ada.OpenAsOrganiserAsync(session);
        await ada.JoinAsync();
        await ben.OpenAsGuestAsync(session, "Ben");
        await ben.JoinAsync();
        await ada.SeeOthersAsync(1);
        await ben.SeeOthersAsync(1);
        Assert.Equal(0, await ben.Find("flow-open").CountAsync());

        // By the keyboard: the window has the focus, and Escape gives it back.
        await ada.Find("flow-open").FocusAsync();
        await ada.Page.Keyboard.PressAsync("Enter");
        var id = await ben.ParticipantIdAsync();
        var camera = ada.Page.Locator($"[data-testid=flow-published][data-participant='{id}'][data-source=camera]");
        var viewer = ada.Page.Locator($"[data-testid=flow-viewer][data-participant='{id}']");
        await Until.True("Ben's camera is told with a size and a rate", Patience, async () =>
            Size().IsMatch(await TextAsync(camera, "picture")) && Kilobits(await TextAsync(camera, "bitrate")) > 20);
        await Until.True("what Ben receives is told with a layer, a rate and a round trip", Patience, async () =>
            Size().IsMatch(await TextAsync(viewer, "pictures")) && Kilobits(await TextAsync(viewer, "bitrate")) > 20 && Milliseconds(await TextAsync(viewer, "round-trip")) is > 0 and < 5_000);
        Assert.Contains("Ben", await camera.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(2, await ada.Find("flow-viewer").CountAsync());
        Assert.Equal(4, await ada.Find("flow-published").CountAsync());

        // The figures are the browser's own.
        await Until.True("the size is one that Ben's browser decodes", Patience, async () =>
        {
            var width = await ben.Page.EvaluateAsync<int>(
                "async () => [...(await window.eventsRtc.subscriber.getStats()).values()].find((s) => s.type === 'inbound-rtp' && s.kind === 'video')?.frameWidth ?? 0");
            return (await TextAsync(viewer, "pictures")).StartsWith(width.ToString(CultureInfo.InvariantCulture) + "×", StringComparison.Ordinal);
        });
        await ada.Page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
        var found = await ada.Page.EvaluateAsync<JsonElement>(Audit);
        Assert.True(found.GetArrayLength() == 0, found.ToString());
        await ada.ScreenshotAsync("flow");

        // It goes on by itself: Ben leaves, and is gone from it.
        await ben.Find("leave").ClickAsync();
        await Assertions.Expect(viewer).ToHaveCountAsync(0);
        await Assertions.Expect(camera).ToHaveCountAsync(0);
        await ada.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(ada.Find("flow")).ToHaveCountAsync(0);
        await Assertions.Expect(ada.Find("flow-open")).ToBeFocusedAsync();
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }

    /// <summary>Empty while there is no such row yet.</summary>
    private static async Task<string> TextAsync(ILocator row, string column) =>
        string.Join(' ', await row.Locator($"[data-column={column}]").AllInnerTextsAsync());

    private static double Kilobits(string text) =>
        Rate().Match(text) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * (match.Groups[2].Value == "M" ? 1_000 : 1) : 0;

    private static double Milliseconds(string text) =>
        Time().Match(text) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(\d+)×(\d+)")]
    private static partial Regex Size();

    [GeneratedRegex(@"^([\d.]+) (k|M)bit/s")]
    private static partial Regex Rate();

    [GeneratedRegex(@"^([\d.]+) ms")]
    private static partial Regex Time();
}
