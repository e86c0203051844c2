using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

/// <summary>People come, go, come again, mute and change their resolution; the composite shows it when it happened.</summary>
public sealed class RecordingScenarioTests
{
    /// <summary>Lumas of the material: told apart from each other, from the background (about 40) and from placeholders (60 to 100).</summary>
    private const string Bright = "color=0xF0F0F0:s=640x360:r=30";
    private const string Grey = "color=0xA8A8A8:s=320x180:r=30";

    [Fact]
    public async Task Late_joiner_leaver_rejoiner_mute_and_resolution_change_are_right_in_the_composite()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        var bright = await Material.VideoAsync(Codec.Vp8, Bright, 1);
        var small = await Material.VideoAsync(Codec.Vp8, "color=0xF0F0F0:s=160x90:r=30", 1);
        var grey = await Material.VideoAsync(Codec.H264, Grey, 1);
        var tone = await Material.OpusAsync("sine=f=300", 1);
        var ada = new Speaker(relay, "ada", "Ada", 1);
        ada.Join();
        ada.Play(Codec.Opus, tone, 0, NodeTime.Now, loop: true);
        List<CodedFrame> changing = [.. bright, .. small.Select(f => f with { TimestampNs = f.TimestampNs + 1_000_000_000 })];
        ada.Play(Codec.Vp8, changing, 20, NodeTime.Now, loop: true);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path, Title: "Scenario"))).IsOk);
        await MixerFixture.Until(() => mixer.Service.Get("r1")!.StartedAt is not null, "the start");
        var start = NodeTime.FromDate(mixer.Service.Get("r1")!.StartedAt!.Value);
        Task At(double seconds) => MixerFixture.Until(() => NodeTime.Now - start >= (long)(seconds * 1e9), $"second {seconds}");

        var bob = new Speaker(relay, "bob", "Bob", 11);
        await At(3);
        bob.Join();
        bob.Play(Codec.H264, grey, 20, NodeTime.Now, loop: true);
        await At(6);
        bob.Leave();
        await At(8);
        bob = new(relay, "bob2", "Bob", 21);
        bob.Join();
        bob.Play(Codec.H264, grey, 20, NodeTime.Now, loop: true);
        await At(11);
        relay.Mute(ada.Video, true);
        await At(13);
        relay.Mute(ada.Video, false);
        await At(16);
        var (composed, path) = await mixer.FinishAsync("r1");
        ada.StopSending();
        bob.StopSending();

        // Alone: the whole picture. With two: left and right tile, above and below them background.
        var top = await Material.LumaAsync(path, "1280:100:0:20");
        var left = await Material.LumaAsync(path, "300:150:160:280");
        var right = await Material.LumaAsync(path, "300:150:820:280");
        void Shows(double second, byte[] region, int from, int to, string what) =>
            Assert.True(region[(int)(second * 30)] >= from && region[(int)(second * 30)] <= to, $"{what} at {second} s: {region[(int)(second * 30)]}");
        foreach (var second in new[] { 1.5, 2.5, 6.8, 7.5 })
        {
            Shows(second, top, 200, 255, "Ada alone");
        }

        foreach (var second in new[] { 4.2, 5.5, 9.2, 10.5, 14.8, 15.5 })
        {
            Shows(second, top, 16, 60, "background");
            Shows(second, left, 200, 255, "Ada");
            Shows(second, right, 140, 190, "Bob");
        }

        Shows(11.6, left, 50, 130, "Ada's placeholder");
        Shows(12.5, left, 50, 130, "Ada's placeholder");
        Shows(12.5, right, 140, 190, "Bob");
        Assert.All(top, luma => Assert.True(luma > 20, "black"));
        Assert.InRange(composed.DurationMs - (composed.EndedAt - composed.StartedAt).TotalMilliseconds, -40, 40);
        var loudness = await Material.LoudnessAsync(path);
        Assert.True(loudness.Count(l => l > 0.01) >= loudness.Length * 0.98, $"{loudness.Count(l => l > 0.01)} of {loudness.Length} windows with sound");
        Assert.Equal(4, mixer.Service.Get("r1")!.Tracks.Count);
        Assert.True(await mixer.Service.DeleteAsync("r1"));
        Assert.False(Directory.Exists(Path.Combine(mixer.Root, "recordings", "r1")));
        Assert.True(await mixer.Blobs.ExistsAsync(composed.Thumbnail.Sha256));
    }
}
