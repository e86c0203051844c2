using Events.Tests.EndToEnd.Installation;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

[Collection(SharedInstallation.Name)]
public sealed class TwoPeopleTalkTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    /// <summary>libwebrtc starts at 320 pixels and 300 kbit/s and grows; frames come at once.</summary>
    private static readonly TimeSpan RampUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Two_people_see_and_hear_each_other_and_a_third_joins_within_two_seconds()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Two people talk");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsOrganiserAsync(session);
        await ben.OpenAsGuestAsync(session, "Ben");
        await ada.JoinAsync();
        await ben.JoinAsync();
        await Task.WhenAll(ada.SeeOthersAsync(1), ben.SeeOthersAsync(1));
        await ada.MeasureAsync(RampUp);

        var figures = await Task.WhenAll(ada.MeasureAsync(Window), ben.MeasureAsync(Window));

        foreach (var (name, figure) in new[] { "organiser", "guest" }.Zip(figures))
        {
            Output.WriteLine($"{name}: {figure}");
        }

        Assert.All(figures, figure =>
        {
            Assert.Equal(1, figure.VideoTracks);
            Assert.True(figure.FramesPerSecond >= 20, $"{figure.FramesPerSecond:0.0} frames/s");
            Assert.True(figure.Loudness > 0.01, $"loudness {figure.Loudness:0.0000}");
            // Chromium writes it with and without a prefix, by version.
            Assert.EndsWith("AEAD_AES_128_GCM", figure.SendCipher, StringComparison.Ordinal);
            Assert.EndsWith("AEAD_AES_128_GCM", figure.ReceiveCipher, StringComparison.Ordinal);
        });

        // Chromium reports what arrives, so the node soon knows more of each path than the 300 kbit/s that it begins with.
        var estimate = 0.0;
        await Until.True("both paths carry more than they begin with", TimeSpan.FromSeconds(15), async () => (estimate = await EstimateAsync()) > 700_000);
        Output.WriteLine($"estimate of both paths: {estimate / 1_000:0} kbit/s");

        await using var cleo = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await cleo.OpenAsGuestAsync(session, "Cleo");
        var firstPicture = await cleo.JoinTimedAsync("join-view");
        Output.WriteLine($"late joiner: first picture after {firstPicture:0} ms");
        Assert.True(firstPicture < 2_000, $"{firstPicture:0} ms");
        await cleo.SeeOthersAsync(2);
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors, .. cleo.Errors]);
    }

    private async Task<double> EstimateAsync()
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(Installation.MediaUrl, "/metrics"));
        var line = metrics.Split('\n').Single(l => l.StartsWith("events_rtc_viewers_estimate", StringComparison.Ordinal));
        return double.Parse(line[line.LastIndexOf(' ')..], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Losing_the_hub_for_seconds_leaves_the_call_alone_and_for_longer_rejoins()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A socket is lost");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        var chromium = await Installation.ChromiumAsync();
        await using var speaker = await Media.Speaker.StartAsync(Media.Stacks.Default, ticket.MediaUrl, ticket.Room, ticket.Grant);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ben.OpenAsGuestAsync(session, "Ben");
        await ben.JoinAsync("join-view");
        await ben.SeeOthersAsync(1);
        var before = await ben.ParticipantIdAsync();

        Assert.Equal(1, await ben.CutSocketsAsync());
        await StateAsync(ben, "reconnecting");
        var cut = await ben.MeasureAsync(TimeSpan.FromSeconds(4));
        await ben.MendSocketsAsync();
        await StateAsync(ben, "connected");
        Output.WriteLine($"without a hub for 4 s: {cut}");
        Assert.Equal(before, await ben.ParticipantIdAsync());
        Assert.True(cut.FramesPerSecond >= 20, $"{cut.FramesPerSecond:0.0} frames/s while the hub was gone");

        await ben.CutSocketsAsync();
        await StateAsync(ben, "reconnecting");
        // The server keeps a participant without a socket for 10 s; after 13 s it is gone for certain.
        await ben.MeasureAsync(TimeSpan.FromSeconds(13));
        await ben.MendSocketsAsync();
        await StateAsync(ben, "connected");
        Assert.NotEqual(before, await ben.ParticipantIdAsync());
        await ben.SeeOthersAsync(1);
        Assert.True((await ben.MeasureAsync(TimeSpan.FromSeconds(2))).FramesPerSecond >= 20);
        Assert.Empty(ben.Errors);
    }

    [Fact]
    public async Task Others_see_who_reconnects_until_it_is_back()
    {
        var patience = TimeSpan.FromSeconds(60);
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("One reconnects");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsGuestAsync(session, "Ada");
        await ben.OpenAsGuestAsync(session, "Ben");
        await ada.JoinAsync();
        await ben.JoinAsync();
        await ben.SeeOthersAsync(1);
        await ben.Find("roster-toggle").ClickAsync();

        await ada.CutSocketsAsync();
        await ben.Page.Locator("[data-testid=tile][data-reconnecting=true]").WaitForAsync();
        await ben.Page.Locator("[data-testid=roster-item][data-reconnecting=true]").WaitForAsync();
        await ben.ScreenshotAsync("one-reconnects");
        await ada.MendSocketsAsync();
        await StateAsync(ada, "connected");

        await Until.True("the mark is gone", patience, async () => await ben.Page.Locator("[data-reconnecting=true]").CountAsync() == 0);
        await ben.SeeOthersAsync(1);
        await ben.SeesMotionAsync(patience);
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }

    private static Task StateAsync(Browsers.RoomPage person, string state) =>
        person.Page.Locator($"[data-testid=connection-state][data-state={state}]").WaitForAsync();
}
