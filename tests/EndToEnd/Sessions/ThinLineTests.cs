using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>A browser on a line that becomes thin and wide again: the layer follows, and the page says which one it is.</summary>
[Collection(SharedInstallation.Name)]
public sealed class ThinLineTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    /// <summary>libwebrtc grows to its top layer in 10 s on an idle machine, and a busy one takes long to encode.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task The_layer_goes_down_with_the_line_and_comes_back()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A thin line");
        await using var chromium = await Chromium.LaunchAsync(await Footage.LargeCaptureFileAsync());
        await using var line = new ThinLine(Enumerable.Range(Installation.Ports.Rtc, PortPlan.Workers));
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl, 1280, 900);
        await ben.Page.AddInitScriptAsync(line.Script);
        await ada.OpenAsGuestAsync(session, "Ada", "vp8");
        await ben.OpenAsGuestAsync(session, "Ben");
        await ada.JoinAsync();
        await ben.JoinAsync("join-view");
        try
        {
            await ben.SeeWidthAsync(960, Patience);
            await ben.SaysSizeAsync(size => size >= 500, Patience);

            line.BitsPerSecond = 250_000;
            await ben.SaysSizeAsync(size => size is > 0 and < 200, Patience);
            await ben.SeeWidthAsync(240, Patience);
            await ben.ScreenshotAsync("thin-line");

            line.BitsPerSecond = 100_000_000;
            await ben.SeeWidthAsync(960, Patience);
            await ben.SaysSizeAsync(size => size >= 500, Patience);
            await ben.ScreenshotAsync("wide-line");
        }
        finally
        {
            Output.WriteLine($"sent: {await ada.SentLayersAsync()}; queued on the line: {line.Queued}, dropped: {line.Dropped}");
            Output.WriteLine($"received: {await ben.MeasureAsync(TimeSpan.FromSeconds(1))}");
            Output.WriteLine((await api.CallAsync(HttpMethod.Get, $"/api/v1/sessions/{session.Id}/room/stats")).ToJsonString());
        }

        Assert.True(line.Queued > 0, "nothing ever waited at the line: the page did not take it");
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }
}
