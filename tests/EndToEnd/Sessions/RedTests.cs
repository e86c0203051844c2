using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>Sound with redundancy (RFC 2198) between browsers, and unwrapped to a peer that knows none.</summary>
[Collection(SharedInstallation.Name)]
public sealed class RedTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    [Fact]
    public async Task Browsers_send_and_receive_redundant_sound_and_aiortc_hears_it_without()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Redundant sound");
        var grant = await api.GrantAsync(session.Id, publish: false);
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsGuestAsync(session, "Ada");
        await ben.OpenAsGuestAsync(session, "Ben");
        await ada.JoinAsync();
        await ben.JoinAsync("join-view");
        await ben.SeeOthersAsync(1);

        // Chromium's getStats names the codec inside RED on both sides, so what it does is read of what redundancy does: on a network that loses
        // nothing each packet's repetition is discarded, and the node counts what came with one.
        await Until.True("redundancy reaches Ben", TimeSpan.FromSeconds(30), async () => await InboundAsync(ben) is { Received: > 100 } sound && sound.Discarded > sound.Received / 2);
        var before = (Node: await RedReceivedAsync(), Ben: await InboundAsync(ben));
        var figures = await ben.MeasureAsync(TimeSpan.FromSeconds(3));
        var after = (Node: await RedReceivedAsync(), Ben: await InboundAsync(ben));
        Output.WriteLine($"redundant at the node {before.Node} → {after.Node}, Ben {before.Ben} → {after.Ben}, {figures}");
        Assert.InRange(after.Ben.Discarded - before.Ben.Discarded, (after.Ben.Received - before.Ben.Received) / 2, int.MaxValue);
        Assert.True(after.Node > before.Node, "Ada sends redundancy");
        Assert.True(figures.Loudness > 0.01, $"loudness {figures.Loudness:0.0000}");

        var heard = JsonNode.Parse((await Tool.TextAsync(
            "/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "aiortc", "whep_view.py"), new Uri(grant.MediaUrl, $"/whep/{grant.Room}").AbsoluteUri, "--seconds", "4", "--bearer", grant.Grant))
            .Trim().Split('\n')[^1])!.AsObject();
        Output.WriteLine($"aiortc {heard.ToJsonString()}");
        Assert.True((double)heard["audioRms"]! > 0.01, "the beep is heard");
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }

    private static async Task<Sound> InboundAsync(RoomPage person) => (await person.Page.EvaluateAsync<JsonElement>(
        """
        async () => {
          const audio = [...(await window.eventsRtc.subscriber.getStats()).values()].find((s) => s.type === 'inbound-rtp' && s.kind === 'audio');
          return { received: audio?.packetsReceived ?? 0, discarded: audio?.packetsDiscarded ?? 0 };
        }
        """)).Deserialize<Sound>(JsonSerializerOptions.Web)!;

    private async Task<long> RedReceivedAsync()
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(Installation.MediaUrl, "/metrics"));
        var line = metrics.Split('\n').Single(l => l.StartsWith("events_rtc_audio_red_received", StringComparison.Ordinal));
        return (long)double.Parse(line[line.LastIndexOf(' ')..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <param name="Received">Packets.</param>
    /// <param name="Discarded">Of them and of what they repeat, not played.</param>
    private sealed record Sound(int Received, int Discarded);
}
