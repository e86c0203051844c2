using System.Text.Json.Nodes;
using Events.Tests.EndToEnd.Installation;
using Events.Tests.EndToEnd.Media;
using Xunit.Abstractions;

namespace Events.Tests.EndToEnd.Faults;

/// <summary>
/// <c>kill -9</c> while recording. The picture bears the second's number, so what was published up to the kill, and up to the stop, can be
/// looked up in the composite: at most one second of either may be missing.
/// </summary>
[Collection(HarmedInstallation.Name)]
public sealed class KillsWhileRecordingTests(RunningInstallation installation, ITestOutputHelper output) : InstallationTest(installation, output)
{
    private static readonly TimeSpan Healing = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ComposePatience = TimeSpan.FromSeconds(60);

    /// <summary>Seconds on either side of the kill.</summary>
    private const double Before = 4, After = 4;

    protected override bool MayComplain => true;

    [Fact]
    public async Task Killing_the_platform_ends_no_call_and_no_recording()
    {
        await using var scene = await RecordAsync();
        await using var viewer = await Viewer.StartAsync(Stacks.Default, scene.Ticket.MediaUrl, scene.Ticket.Room, scene.Viewing.Grant);
        await Until.True("the viewer sees frames", TimeSpan.FromSeconds(5), () => viewer.Frames > 5);
        viewer.Forget();

        await KillAsync("platform");
        await scene.RunUntilAsync(scene.Speaker.Position + After);

        Output.WriteLine($"the viewer's longest gap: {viewer.LongestGap.TotalMilliseconds:0} ms");
        Assert.False(viewer.HasEnded);
        Assert.True(viewer.LongestGap < TimeSpan.FromMilliseconds(500), $"{viewer.LongestGap}");
        Assert.Equal(1, scene.Speaker.Connections);
        var composite = await StopAndReadAsync(scene);
        AssertComplete(composite, scene.StartedAt, scene.StoppedAt);
    }

    [Fact]
    public async Task Killing_the_mixer_loses_at_most_a_second_before_the_kill()
    {
        await using var scene = await RecordAsync();
        var killedAt = await KillAsync("mixer", scene);
        await scene.RunUntilAsync(scene.Speaker.Position + After + 2);

        var composite = await StopAndReadAsync(scene);
        AssertComplete(composite, scene.StartedAt, killedAt);
        AssertEndsAt(composite, scene.StoppedAt);
        Output.WriteLine($"killed at {killedAt:0.00}, without picture for {composite.LongestHole(killedAt - 1, scene.StoppedAt):0.00} s");
    }

    [Fact]
    public async Task Killing_the_media_role_loses_at_most_a_second_before_the_kill_and_the_recording_goes_on()
    {
        await using var scene = await RecordAsync();
        var present = await PresentAsync(scene);
        Assert.InRange(present, 1, 2); // The speaker, and perhaps the recorder.
        var killedAt = await KillAsync("media", scene);
        await Until.True("the speaker is back", Healing, () => scene.Speaker.Connections == 2);
        await Until.True("nobody is there twice", TimeSpan.FromSeconds(5), async () => await PresentAsync(scene) == present);
        await scene.RunUntilAsync(scene.Speaker.Position + After);

        var composite = await StopAndReadAsync(scene);
        AssertComplete(composite, scene.StartedAt, killedAt);
        AssertEndsAt(composite, scene.StoppedAt);
        Output.WriteLine($"killed at {killedAt:0.00}, without picture for {composite.LongestHole(killedAt - 1, scene.StoppedAt):0.00} s");
    }

    [Fact]
    public async Task Killing_FFmpeg_while_it_composes_is_made_good()
    {
        await using var scene = await RecordAsync();
        await scene.RunUntilAsync(scene.Speaker.Position + After);
        await StopAsync(scene);
        var mixer = Installation.Process.PidOf("mixer");
        var ffmpeg = await Until.Some("FFmpeg writes the composite", Healing, () => Task.FromResult(
            ProcessTable.TreeOf(mixer).FirstOrDefault(p => p.Pid != mixer && p.Arguments.Count > 0 && p.Arguments[0].EndsWith("ffmpeg", StringComparison.Ordinal) && p.Mentions("libx264"))));
        ProcessTable.Send(ffmpeg.Pid, Signal.Kill);
        Output.WriteLine($"killed ffmpeg {ffmpeg.Pid}: {string.Join(' ', ffmpeg.Arguments.TakeLast(3))}");

        AssertComplete(await ReadAsync(scene), scene.StartedAt, scene.StoppedAt);
    }

    [Fact]
    public async Task Killing_the_supervisor_and_starting_again_on_the_same_data_finishes_the_recording()
    {
        await using var scene = await RecordAsync();
        var tree = ProcessTable.TreeOf(Installation.Process.Pid);
        var killedAt = scene.Speaker.Position;
        Installation.Process.Signal(Signal.Kill);
        await Until.True("everything that it started is gone", TimeSpan.FromSeconds(10), () => tree.All(p => !ProcessTable.Lives(p.Pid)));

        await Installation.StartAsync();
        Output.WriteLine($"started again in {Installation.Process.StartTime.TotalSeconds:0.0} s");
        await Until.True("the speaker is back", Healing, () => scene.Speaker.Connections == 2);
        await scene.RunUntilAsync(scene.Speaker.Position + After);

        var composite = await StopAndReadAsync(scene);
        AssertComplete(composite, scene.StartedAt, killedAt);
        AssertEndsAt(composite, scene.StoppedAt);
        Output.WriteLine($"killed at {killedAt:0.00}, without picture for {composite.LongestHole(killedAt - 1, scene.StoppedAt):0.00} s");
    }

    private async Task<Scene> RecordAsync()
    {
        var api = Installation.NewApi();
        var session = await api.OrganiseAsync("A kill");
        var ticket = await api.GrantAsync(session.Id, publish: true);
        var speaker = await Speaker.StartAsync(Stacks.Default, ticket.MediaUrl, ticket.Room, ticket.Grant);
        var id = await api.StartRecordingAsync(session.Id);
        await api.WaitForRecordingAsync(id, "recording", Healing);
        var scene = new Scene(api, session, ticket, await api.GrantAsync(session.Id, publish: false), speaker, id) { StartedAt = speaker.Position };
        await scene.RunUntilAsync(speaker.Position + Before);
        return scene;
    }

    private static async Task<int> PresentAsync(Scene scene)
    {
        var sessions = (await scene.Api.CallAsync(HttpMethod.Get, $"/api/v1/events/{scene.Session.EventId}"))["sessions"]!.AsArray();
        return (int)sessions.Single(s => (string?)s!["id"] == scene.Session.Id)!["participants"]!;
    }

    private async Task<double> KillAsync(string role, Scene? scene = null)
    {
        var pid = Installation.Process.PidOf(role);
        var position = scene?.Speaker.Position ?? 0;
        ProcessTable.Send(pid, Signal.Kill);
        await Until.True($"another {role} role runs", Healing, () => Installation.Process.TryPidOf(role) is { } next && next != pid);
        return position;
    }

    private async Task<Composite> StopAndReadAsync(Scene scene)
    {
        await StopAsync(scene);
        return await ReadAsync(scene);
    }

    private static async Task StopAsync(Scene scene)
    {
        await scene.Api.PatientlyAsync("the platform takes the stop", Healing, () => scene.Api.StopRecordingAsync(scene.RecordingId));
        scene.StoppedAt = scene.Speaker.Position;
    }

    private async Task<Composite> ReadAsync(Scene scene)
    {
        var recording = await scene.Api.WaitForRecordingAsync(scene.RecordingId, "ready", ComposePatience);
        Assert.Contains(scene.RecordingId, (await scene.Api.RecordingsAsync(scene.Session.Id)).Select(r => PlatformApi.Text(r, "id")));
        var path = await scene.Api.DownloadAsync(scene.RecordingId, Installation.DataDirectory);
        Output.WriteLine($"recorded from {scene.StartedAt:0.00} to {scene.StoppedAt:0.00}: {Brief(recording)}; {await Probe.ReadAsync(path)}");
        return await Composite.ReadAsync(path);
    }

    private static string Brief(JsonObject recording) => $"{recording["status"]} {recording["durationMs"]} ms";

    /// <summary>Everything between the two positions is there, but for at most one second at the end.</summary>
    private void AssertComplete(Composite composite, double from, double to)
    {
        var (missing, hole) = (composite.MissingBefore(to), composite.LongestHole(from + 1, to));
        Output.WriteLine($"{from:0.00} to {to:0.00}: the last {missing * 1000:0} ms are missing; longest hole {hole * 1000:0} ms");
        Assert.InRange(missing, 0, 1);
        Assert.InRange(hole, 0, 0.2);
    }

    private void AssertEndsAt(Composite composite, double stoppedAt)
    {
        Output.WriteLine($"before the stop at {stoppedAt:0.00}: {composite.MissingBefore(stoppedAt) * 1000:0} ms are missing");
        Assert.InRange(composite.MissingBefore(stoppedAt), 0, 1);
    }

    /// <summary>A recording of one speaker.</summary>
    private sealed record Scene(PlatformApi Api, DemoSession Session, RoomTicket Ticket, RoomTicket Viewing, Speaker Speaker, string RecordingId) : IAsyncDisposable
    {
        public double StartedAt { get; init; }

        public double StoppedAt { get; set; }

        public Task RunUntilAsync(double position) => Until.True($"position {position:0.0}", TimeSpan.FromSeconds(60), () => Speaker.Position >= position);

        public async ValueTask DisposeAsync()
        {
            await Speaker.DisposeAsync();
            Api.Dispose();
        }
    }
}
