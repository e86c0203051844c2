using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Browsers;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>
/// How long who comes to watch sees nothing, or the past. The publisher makes a keyframe at each full second and no other, whoever asks; each of its
/// pictures says of which instant it is.
/// </summary>
[Collection(SharedInstallation.Name)]
public sealed class FirstFrameTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private const int Joins = 9;

    /// <summary>Twice what an idle machine is to take at most; that is checked by benchmarks/compare.sh too, without a decoder.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(240);

    /// <summary>A picture no older than what is shown all the time, but for two frames, is the present.</summary>
    private const double Frames = 2.0 / Footage.FrameRate;

    [Fact]
    public async Task A_browser_that_joins_between_two_keyframes_shows_the_present_at_once()
    {
        using var api = Installation.NewApi();
        var session = await api.OrganiseAsync("First frames");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        await using var speaker = await Speaker.StartAsync(Stacks.Default, ticket.MediaUrl, ticket.Room, ticket.Grant);
        var watching = await api.GrantAsync(session.Id, publish: false);
        var chromium = await Installation.ChromiumAsync();
        await using var ada = await chromium.NewPersonAsync(Installation.PlatformUrl);
        await ada.Page.GotoAsync("/");

        var times = new List<double>();
        for (var i = 0; i <= Joins; i++)
        {
            var join = await WatchAsync(ada, watching, speaker);
            Output.WriteLine($"{join.Text}: first frame after {join.First * 1000:0} ms, the present after {join.Present * 1000:0} ms, usual age {join.Age * 1000:0} ms");
            if (i > 0) // The first one loads the browser's decoder.
            {
                times.Add(join.Present);
            }
        }

        times.Sort();
        Output.WriteLine($"the present after {times[0] * 1000:0} … {times[Joins / 2] * 1000:0} … {times[^1] * 1000:0} ms");
        Assert.InRange(times[Joins / 2], 0, Limit.TotalSeconds);
    }

    [Fact]
    public async Task The_media_role_is_ready_once_it_has_rehearsed()
    {
        using var http = new HttpClient();
        var ready = JsonNode.Parse(await http.GetStringAsync(new Uri(Installation.MediaUrl, "/readyz")))!;
        Assert.Equal("ready", (string)ready["status"]!);
        Assert.Equal("ok", (string)ready["checks"]!["rehearsal"]!);
        Assert.DoesNotContain(Installation.LogSince(0), l => l.Contains("MediaRehearsal", StringComparison.Ordinal));
    }

    private static async Task<Join> WatchAsync(RoomPage person, RoomTicket ticket, Speaker speaker)
    {
        // The page's clock and ours are one machine's.
        var zero = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds - speaker.Position;
        var seen = (await person.Page.EvaluateAsync<JsonElement>(WatchByWhep, new object[] { new Uri(ticket.MediaUrl, $"/whep/{ticket.Room}").AbsoluteUri, ticket.Grant }))
            .Deserialize<Seen>(JsonSerializerOptions.Web)!;
        var frames = seen.Frames.Select(f => (After: f.At - seen.Offered, Age: Wrapped(f.At - zero - f.Position))).ToList();
        var usual = frames.Where(f => f.After > 1).Select(f => f.Age).Order().ToList();
        var age = usual[usual.Count / 2];
        return new(frames[0].After, frames.First(f => f.Age <= age + Frames).After, age, $"offered at {(seen.Offered - zero) % 1:0.00} s");
    }

    /// <summary>The footage begins anew after <see cref="Footage.Seconds"/>.</summary>
    private static double Wrapped(double age) => age - (Math.Round(age / Footage.Seconds) * Footage.Seconds);

    private sealed record Join(double First, double Present, double Age, string Text);

    /// <summary>Seconds since 1970, but for positions in the footage.</summary>
    private sealed record Seen(double Offered, IReadOnlyList<SeenFrame> Frames);

    private sealed record SeenFrame(double At, double Position);

    /// <summary>Watches for two seconds and reads of each picture shown which one it is: rows of cells of 40 pixels, the second's bits in one, the frame's in another.</summary>
    private const string WatchByWhep = """
        async ([url, grant]) => {
          const now = () => (performance.timeOrigin + performance.now()) / 1000;
          const pc = new RTCPeerConnection();
          const video = Object.assign(document.createElement('video'), { muted: true, autoplay: true });
          document.body.append(video);
          const canvas = new OffscreenCanvas(320, 180).getContext('2d', { willReadFrequently: true });
          const frames = [];
          const bits = (row, count) => {
            const { data } = canvas.getImageData(0, row + 20, 320, 1);
            return Array.from({ length: count }, (_, i) => (data[(i * 40 + 20) * 4] > 128 ? 1 << i : 0)).reduce((a, b) => a + b);
          };
          const look = () => {
            const at = now();
            canvas.drawImage(video, 0, 0, 320, 180);
            frames.push({ at, position: bits(80, 7) + bits(120, 5) / 30 });
            video.requestVideoFrameCallback(look);
          };
          video.requestVideoFrameCallback(look);
          pc.ontrack = ({ track }) => { if (track.kind === 'video') video.srcObject = new MediaStream([track]); };
          pc.addTransceiver('audio', { direction: 'recvonly' });
          pc.addTransceiver('video', { direction: 'recvonly' });
          await pc.setLocalDescription();
          const offered = now();
          const answer = await fetch(url, { method: 'POST', body: pc.localDescription.sdp, headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${grant}` } });
          if (!answer.ok) throw new Error(await answer.text());
          await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
          await new Promise((done) => setTimeout(done, 2000 + 700 * Math.random()));
          await fetch(new URL(answer.headers.get('Location'), url), { method: 'DELETE', headers: { Authorization: `Bearer ${grant}` } });
          pc.close();
          video.remove();
          return { offered, frames };
        }
        """;
}
