using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>A browser sends its camera in layers of 240, 480 and 960 pixels; another gets the one that fits the tile it shows it in.</summary>
[Collection(SharedInstallation.Name)]
public sealed class LayersTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    /// <summary>libwebrtc begins with the lowest layer at 300 kbit/s and grows to the top one; on a busy machine that takes a while.</summary>
    private static readonly TimeSpan RampUp = TimeSpan.FromSeconds(60);

    /// <summary>A switch is a keyframe away; a paused layer is resumed before. On an idle machine all of it takes a few hundred milliseconds.</summary>
    private static readonly TimeSpan Switch = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData("vp8")]
    [InlineData("h264")]
    [InlineData("vp9")]
    [InlineData("av1")]
    public async Task The_width_that_is_received_follows_the_size_of_the_tile(string codec)
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync($"Layers in {codec}");
        await using var chromium = await Chromium.LaunchAsync(await Footage.LargeCaptureFileAsync());
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl, 1280, 900);
        await ada.OpenAsGuestAsync(session, "Ada", codec);
        await ben.OpenAsGuestAsync(session, "Ben");
        await ada.JoinAsync();
        await ben.JoinAsync("join-view");
        try
        {
            await ben.SeeWidthAsync(960, RampUp);
            Output.WriteLine($"at the start: {await ada.SentLayersAsync()}");

            await ben.Page.SetViewportSizeAsync(260, 420);
            await ben.SeeWidthAsync(240, Switch);
            Output.WriteLine($"small tile: {await ada.SentLayersAsync()}");
            if (codec is "vp8" or "h264")
            {
                await ada.SendsLayerAsync("h", false, Switch);
                Output.WriteLine($"unwatched: {await ada.SentLayersAsync()}");
            }

            await ben.Page.SetViewportSizeAsync(1280, 900);
            await ben.SeeWidthAsync(960, RampUp); // The path has to prove anew that it carries it.
            Output.WriteLine($"large tile: {await ada.SentLayersAsync()}");
        }
        finally
        {
            Output.WriteLine($"sent: {await ada.SentLayersAsync()}");
            Output.WriteLine($"received: {await ben.MeasureAsync(TimeSpan.FromSeconds(1))}");
            Output.WriteLine((await api.CallAsync(HttpMethod.Get, $"/api/v1/sessions/{session.Id}/room/stats")).ToJsonString());
        }

        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }
}
