using System.Diagnostics;
using System.Text.Json;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Recordings;

[Collection(SharedInstallation.Name)]
public sealed class RecordingInTheBrowserTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly TimeSpan Recorded = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ComposePatience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_the_organiser_records_is_replayed_and_downloaded()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A recording");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsOrganiserAsync(session);
        await ben.OpenAsGuestAsync(session, "Ben");
        await ada.JoinAsync();
        await ben.JoinAsync();
        await Task.WhenAll(ada.SeeOthersAsync(1), ben.SeeOthersAsync(1));

        await ada.Find("record-start").ClickAsync();
        await ada.Page.Locator("[data-testid=recording-state][data-status=recording]").WaitForAsync();
        await Task.WhenAll(ada.MeasureAsync(Recorded), ben.Page.Locator("[data-testid=recording-state][data-status=recording]").WaitForAsync());
        await ada.Find("record-stop").ClickAsync();
        var stopwatch = Stopwatch.StartNew();
        var id = PlatformApi.Text(Assert.Single(await api.RecordingsAsync(session.Id)), "id");
        var recording = await api.WaitForRecordingAsync(id, "ready", ComposePatience);
        Output.WriteLine($"ready {stopwatch.Elapsed.TotalSeconds:0.0} s after stop: {recording.ToJsonString()}");

        // The two instants as the server knows them; the presses of the buttons differ from them by a round trip.
        var length = Instant(recording, "endedAt") - Instant(recording, "startedAt");
        var directory = Directory.CreateDirectory(Path.Combine(Installation.DataDirectory, "downloads")).FullName;
        var probe = await Probe.ReadAsync(await api.DownloadAsync(id, directory));
        Output.WriteLine($"recorded {length.TotalSeconds:0.000} s; {probe}");
        Assert.Equal(("h264", "aac", 1280, 720), (probe.VideoCodec, probe.AudioCodec, probe.Width, probe.Height));
        Assert.Equal(30, probe.FrameRate, 0.5);
        Assert.Equal(length.TotalSeconds, probe.Duration, 0.5);
        Assert.True(length >= Recorded, "at least what lay between the buttons");
        Assert.Equal(probe.VideoDuration, probe.AudioDuration, 0.2);

        await ReplayAsync(ben, session, id, probe);
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }

    private async Task ReplayAsync(RoomPage person, DemoSession session, string id, Probe probe)
    {
        await person.Page.GotoAsync($"/e/{session.EventSlug}");
        await person.Page.Locator("[data-testid=recordings-item][data-status=ready]").First.WaitForAsync();
        await person.Page.GotoAsync($"/e/{session.EventSlug}/recordings/{id}");
        await person.Find("replay-video").WaitForAsync();
        var played = await person.Page.EvaluateAsync<JsonElement>(
            """
            async () => {
              const video = document.querySelector('[data-testid=replay-video]');
              video.muted = true;
              await video.play();
              const from = video.currentTime;
              await new Promise((done) => setTimeout(done, 3000));
              const advanced = video.currentTime - from;
              video.currentTime = video.duration - 2;
              await new Promise((done) => video.addEventListener('seeked', done, { once: true }));
              const [size, error] = [[video.videoWidth, video.videoHeight], video.error?.message ?? null];
              // As when its address has expired: another one is fetched, and it goes on as it was.
              video.playbackRate = 1.5;
              video.pause();
              const at = video.currentTime;
              const renewed = new Promise((done) => video.addEventListener('loadedmetadata', done, { once: true }));
              video.dispatchEvent(new Event('error'));
              await renewed;
              await new Promise((done) => setTimeout(done, 100));
              return { rate: video.playbackRate, moved: Math.abs(video.currentTime - at), advanced, width: size[0], height: size[1], duration: video.duration, error,
                dropped: video.getVideoPlaybackQuality().droppedVideoFrames };
            }
            """);
        Output.WriteLine($"replayed: {played}");
        Assert.True(played.GetProperty("advanced").GetDouble() > 2);
        Assert.Equal((1280, 720), (played.GetProperty("width").GetInt32(), played.GetProperty("height").GetInt32()));
        Assert.Equal(probe.Duration, played.GetProperty("duration").GetDouble(), 0.1);
        Assert.Equal(JsonValueKind.Null, played.GetProperty("error").ValueKind);
        Assert.Equal((1.5, 0), (played.GetProperty("rate").GetDouble(), Math.Round(played.GetProperty("moved").GetDouble(), 1)));
    }

    private static DateTimeOffset Instant(System.Text.Json.Nodes.JsonObject recording, string name) =>
        DateTimeOffset.Parse(PlatformApi.Text(recording, name), System.Globalization.CultureInfo.InvariantCulture);
}
