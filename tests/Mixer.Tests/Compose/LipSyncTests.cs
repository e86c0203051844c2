using Events.MediaRegistry.Ffmpeg;
using Events.Mixer;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Compose;

public sealed class LipSyncTests
{
    [Fact]
    public async Task Flash_and_beep_stay_together_when_video_takes_60_ms_longer()
    {
        await using var mixer = new MixerFixture();
        using var relay = new FakeRelay(mixer.RelayPath);
        var video = await Material.VideoAsync(Codec.Vp8, Material.Flash, 12);
        var audio = await Material.OpusAsync(Material.Beep, 12);
        var speaker = new Speaker(relay, "p1", "Ada Lovelace", 1);
        speaker.Join();
        var start = NodeTime.Now;
        speaker.Play(Codec.Opus, audio, 0, start);
        speaker.Play(Codec.Vp8, video, 60, start);
        Assert.True((await mixer.Service.StartAsync(new("r1", "room", relay.Path, Title: "Test"))).IsOk);
        await MixerFixture.Until(() => NodeTime.Now - start > 10_000_000_000, "ten seconds of media");
        var (composed, path) = await mixer.FinishAsync("r1");
        speaker.StopSending();

        var flashes = Material.Onsets(await Material.LumaAsync(path), v => v > 110, 1 / 30.0);
        var beeps = Material.Onsets(await Material.LoudnessAsync(path), v => v > 0.05, 0.005);
        Assert.True(flashes.Count >= 8, $"{flashes.Count} flashes");
        var skews = flashes.Select(f => beeps.Min(b => Math.Abs(b - f))).Order().ToList();
        Assert.True(skews[skews.Count / 2] < 0.05, $"median {skews[skews.Count / 2]:F3} s of {string.Join(' ', skews.Select(s => s.ToString("F3")))}");
        Assert.True(skews[^1] < 0.1, $"worst {skews[^1]:F3} s");

        var probe = await Probe.FileAsync("ffprobe", path);
        Assert.Equal("h264", probe.Video!.Codec);
        Assert.Equal("aac", probe.Audio!.Codec);
        Assert.Equal((1280, 720, 30.0), (probe.Video.Width, probe.Video.Height, probe.Video.FrameRate));
        Assert.InRange(probe.Duration.TotalSeconds - (composed.EndedAt - composed.StartedAt).TotalSeconds, -0.1, 0.1);
    }
}
