using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>A call whose frames Chromium encrypts in a worker: who has the key sees and hears it, nobody else does, and the recorder says that it cannot.</summary>
[Collection(SharedInstallation.Name)]
public sealed class EncryptionTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Who_has_the_key_sees_and_hears_nobody_else_does_and_the_recorder_says_why_it_cannot()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Encrypted");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await JoinAsync(chromium, session, "Ada", "secret");
        await using var ben = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ben.OpenAsOrganiserAsync(session);
        await UseKeyAsync(ben, "secret");
        await ben.JoinAsync("join-view");
        await ben.SeeOthersAsync(1);
        await ben.SeesMotionAsync(Patience);

        // Byte for byte: a changed one would not open.
        var figures = await ben.MeasureAsync(Window);
        Output.WriteLine($"with the key: {figures}");
        Assert.True(figures is { FramesPerSecond: >= 5, Loudness: > 0.01 }, figures.ToString());
        Assert.Equal(2, await ben.Page.EvaluateAsync<int>("() => window.eventsRtc.participants.flatMap((p) => p.tracks).filter((t) => t.encryption === 'gcm').length"));
        await ben.Page.Locator("[data-testid=tile-encryption][data-state=open]").First.WaitForAsync();

        await using (var cleo = await JoinAsync(chromium, session, "Cleo", key: null, "join-view"))
        {
            await cleo.Page.Locator("[data-testid=tile-encryption][data-state=locked]").First.WaitForAsync();
            var nothing = await cleo.MeasureAsync(Window);
            Output.WriteLine($"without a key: {nothing}");
            Assert.Equal((0, 0, 0), (await MediaAsync(cleo), nothing.FramesPerSecond, nothing.Loudness));
            await cleo.ScreenshotAsync("encrypted-without-key");
            Assert.Empty(cleo.Errors);
        }

        await using (var dora = await JoinAsync(chromium, session, "Dora", "guess", "join-view"))
        {
            await Until.True("encrypted packets reach Dora", Patience, () => dora.Page.EvaluateAsync<bool>(
                "async () => [...(await window.eventsRtc.subscriber.getStats()).values()].filter((s) => s.type === 'inbound-rtp' && s.packetsReceived > 50).length === 2"));
            var noise = await dora.MeasureAsync(Window);
            Output.WriteLine($"with another key: {noise}");
            Assert.True(noise is { FramesPerSecond: 0, Loudness: < 0.001 }, noise.ToString());
            Assert.Equal(0, await dora.FramesDecodedAsync());

            // With the right one the next time: each stay has its own key, and no worker is left of the one before.
            await dora.Find("leave").ClickAsync();
            await dora.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Join again" }).ClickAsync();
            await UseKeyAsync(dora, "secret");
            await dora.JoinAsync("join-view");
            await dora.SeesMotionAsync(Patience);
            Assert.Single(dora.Page.Workers);
            Assert.Empty(dora.Errors);
        }

        // All of it is encrypted: there is nothing to record. With a speaker who encrypts nothing there is.
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => api.StartRecordingAsync(session.Id));
        Assert.Contains("track_encrypted", refusal.Message, StringComparison.Ordinal);
        await ben.Find("record-start").ClickAsync();
        await ben.Page.GetByText("end-to-end encrypted, so there is nothing to record").First.WaitForAsync();
        await ben.ScreenshotAsync("encrypted-recording-refused");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        await using var speaker = await Speaker.StartAsync(Stacks.Default, ticket.MediaUrl, ticket.Room, ticket.Grant);
        await ben.SeeOthersAsync(2);
        await ben.Find("record-start").ClickAsync();
        await ben.Page.Locator("[data-testid=recording-refused][data-code=track_encrypted]").WaitForAsync();
        await ben.ScreenshotAsync("encrypted-recording");
        await Until.True("both of Ada's tracks are told", Patience, async () =>
            (await api.RecordingsAsync(session.Id)).Single()["refused"]!.AsArray().Single() is { } told && (string?)told["code"] == "track_encrypted" && (int)told["tracks"]! == 2);
        var recording = Assert.Single(await api.RecordingsAsync(session.Id));
        Output.WriteLine(recording.ToJsonString());
        Assert.Null(recording["failure"]);
        await api.StopRecordingAsync(PlatformApi.Text(recording, "id"));
        Assert.Empty((string[])[.. ada.Errors, .. ben.Errors]);
    }

    private async Task<RoomPage> JoinAsync(Chromium chromium, DemoSession session, string name, string? key, string door = "join-publish")
    {
        var person = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await person.OpenAsGuestAsync(session, name);
        await UseKeyAsync(person, key);
        await person.JoinAsync(door);
        return person;
    }

    /// <summary>As if the link had it.</summary>
    private static Task UseKeyAsync(RoomPage person, string? key) => person.Page.EvaluateAsync("(key) => history.replaceState(history.state, '', key === null ? '#' : `#e2ee=${key}`)", key);

    private static Task<int> MediaAsync(RoomPage person) => person.Page.EvaluateAsync<int>("() => window.eventsRtc.media.size");
}
