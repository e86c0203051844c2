using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Recordings;

/// <summary>
/// A flash and a beep of one instant are one instant in the composite. Chromium's fake camera and microphone files loop on clocks of their
/// own, so they cannot be the measure: one source is our WHIP publisher, whose RTP times are exact; the other a page that draws and plays
/// by one audio clock and publishes through the SDK, which holds within about 20 ms.
/// </summary>
[Collection(SharedInstallation.Name)]
public sealed class LipSyncTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("EVENTS_LONG_TESTS") == "1";

    /// <summary>Long enough to see a drift.</summary>
    private static readonly TimeSpan RecordedFromWhip = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RecordedFromBrowser = TimeSpan.FromSeconds(IsLong ? 60 : 20);
    private static readonly TimeSpan ComposePatience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Picture_and_sound_of_a_WHIP_publisher_stay_together()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Lip sync by WHIP");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        await using var speaker = await Speaker.StartAsync(Stacks.Default, ticket.MediaUrl, ticket.Room, ticket.Grant);

        var skew = await MeasureAsync(api, session, () => Until.True("recorded long enough", RecordedFromWhip * 2, Passed(RecordedFromWhip)));

        Assert.True(skew.Holds(RecordedFromWhip, maxDrift: 34), $"out of bounds: {skew}");
    }

    [Fact]
    public async Task Picture_and_sound_of_a_browser_stay_together()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("Lip sync by browser");
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.OpenAsGuestAsync(session, "Ada");
        await ada.JoinAsync();
        await ada.Page.EvaluateAsync(FlashAndBeep);

        Task<Skew> Measure() => MeasureAsync(
            api, session, () => ada.Page.EvaluateAsync("ms => new Promise((done) => setTimeout(done, ms))", RecordedFromBrowser.TotalMilliseconds));

        // The browser's own picture and sound move against each other by a frame or two, and on a machine that stalls it for a second by
        // more: what it was given is then measured once more, and both are printed.
        const double maxDrift = 67;
        var first = await Measure();
        if (!first.Holds(RecordedFromBrowser, maxDrift))
        {
            Output.WriteLine("Out of bounds; once more.");
            var second = await Measure();
            Assert.True(second.Holds(RecordedFromBrowser, maxDrift), $"twice out of bounds: {first}, then {second}");
        }
    }

    /// <summary>Replaces camera and microphone: the top third of the picture is white, and a tone is heard, in the first tenth of each second.</summary>
    private const string FlashAndBeep = """
        async () => {
          const audio = new AudioContext({ sampleRate: 48000 });
          await audio.resume();
          const out = audio.createMediaStreamDestination();
          const tone = new OscillatorNode(audio, { frequency: 1000 });
          const gate = new GainNode(audio, { gain: 0 });
          tone.connect(gate).connect(out);
          const first = Math.ceil(audio.currentTime + 0.5);
          for (let second = first; second < first + 300; second++) {
            gate.gain.setValueAtTime(0.6, second);
            gate.gain.setValueAtTime(0, second + 0.1);
          }
          tone.start();
          const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
          const picture = canvas.getContext('2d');
          let frame = 0;
          const draw = () => {
            picture.fillStyle = 'black';
            picture.fillRect(0, 0, 640, 360);
            if (audio.currentTime >= first && audio.currentTime % 1 < 0.1) {
              picture.fillStyle = 'white';
              picture.fillRect(0, 0, 640, 120);
            }
            picture.fillStyle = '#888';
            picture.fillRect((frame++ * 8) % 640, 250, 40, 40);
            requestAnimationFrame(draw);
          };
          draw();
          const rtc = window.eventsRtc;
          const local = (source) => rtc.local.find((candidate) => candidate.source === source);
          await rtc.replace(local('camera'), canvas.captureStream(30).getVideoTracks()[0]);
          await rtc.replace(local('microphone'), out.stream.getAudioTracks()[0]);
        }
        """;

    private async Task<Skew> MeasureAsync(PlatformApi api, DemoSession session, Func<Task> wait)
    {
        var id = await api.StartRecordingAsync(session.Id);
        await api.WaitForRecordingAsync(id, "recording", TimeSpan.FromSeconds(10));
        await wait();
        await api.StopRecordingAsync(id);
        await api.WaitForRecordingAsync(id, "ready", ComposePatience);
        var composite = await Composite.ReadAsync(await api.DownloadAsync(id, Installation.DataDirectory));
        var offsets = composite.Offsets();
        Output.WriteLine($"{composite.Flashes.Count} flashes, {composite.Beeps.Count} beeps; flash − beep in ms: {string.Join(' ', offsets.Select(o => o.ToString("0")))}");
        if (offsets.Count == 0)
        {
            return new Skew(0, 0, 0, 0);
        }

        var quarter = Math.Max(1, offsets.Count / 4);
        var skew = new Skew(
            offsets.Count,
            offsets.Order().ElementAt(offsets.Count / 2),
            offsets.Max(Math.Abs),
            offsets.TakeLast(quarter).Average() - offsets.Take(quarter).Average());
        Output.WriteLine($"median {skew.Median:0.0} ms, worst {skew.Worst:0.0} ms, drift (last quarter against first) {skew.Drift:0.0} ms");
        return skew;
    }

    /// <summary>Milliseconds of flash − beep over the pairs found; drift is the last quarter's mean less the first's.</summary>
    private sealed record Skew(int Pairs, double Median, double Worst, double Drift)
    {
        public bool Holds(TimeSpan recorded, double maxDrift) =>
            Pairs >= recorded.TotalSeconds - 3 && Math.Abs(Median) <= 50 && Worst <= 100 && Math.Abs(Drift) <= maxDrift;
    }

    private static Func<bool> Passed(TimeSpan time)
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        return () => System.Diagnostics.Stopwatch.GetElapsedTime(start) >= time;
    }
}
