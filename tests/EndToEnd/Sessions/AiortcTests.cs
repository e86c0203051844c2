using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>A peer that shares no code with us or with libwebrtc, and speaks AES128_CM only.</summary>
[Collection(SharedInstallation.Name)]
public sealed class AiortcTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task Aiortc_publishes_by_WHIP_and_watches_by_WHEP()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Aiortc");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        var watcher = await api.GrantAsync(session.Id, publish: false);
        var check = await api.GrantAsync(session.Id, publish: false);

        var publishing = RunAsync("whip_publish.py", new Uri(ticket.MediaUrl, $"/whip/{ticket.Room}"), 9, ticket.Grant);
        await Until.True("the publisher's frames reach a viewer of ours", TimeSpan.FromSeconds(15), async () =>
        {
            try
            {
                await using var viewer = await Viewer.StartAsync(Stacks.Default, check.MediaUrl, check.Room, check.Grant);
                await Until.True("a frame", TimeSpan.FromSeconds(3), () => viewer.Frames > 0);
                return true;
            }
            catch (Rtc.Client.Signalling.SignallingException e) when (e.Code == "room_not_found")
            {
                return false;
            }
        });
        var seen = await RunAsync("whep_view.py", new Uri(watcher.MediaUrl, $"/whep/{watcher.Room}"), 4, watcher.Grant);
        var sent = await publishing;

        Output.WriteLine($"published {sent.ToJsonString()}");
        Output.WriteLine($"watched   {seen.ToJsonString()}");
        Assert.True((bool)sent["connected"]!);
        Assert.True((bool)seen["connected"]!);
        Assert.True((int)seen["videoFrames"]! >= 40, "at least 40 frames in 4 s at 25 frames/s");
        Assert.True((double)seen["videoMotion"]! > 0, "the picture moves");
        Assert.True((double)seen["audioRms"]! > 0.05, "the tone is heard");
    }

    private static async Task<JsonObject> RunAsync(string script, Uri url, int seconds, string grant)
    {
        var printed = await Tool.TextAsync(
            Python, Path.Combine(AppContext.BaseDirectory, "aiortc", script), url.AbsoluteUri, "--seconds", $"{seconds}", "--bearer", grant);
        return JsonNode.Parse(printed.Trim().Split('\n')[^1])!.AsObject();
    }
}
