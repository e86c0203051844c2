using System.Diagnostics;
using Events.Mixer.Recording;
using Events.Mixer.Scenes;

namespace Events.Tests.Mixer.Tests.Scenes;

public sealed class ScenePlanTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Fifteen_thousand_who_only_watch_a_stage_cost_its_plan_nothing()
    {
        const int Attendees = 15_000;
        var whole = new WallSpan(0, 7_200 * Second);
        var speakers = Enumerable.Range(0, 4).Select(i => new Stay($"s{i}", $"s{i}", $"Speaker {i}", "speaker", whole));
        var watching = Enumerable.Range(0, Attendees).Select(i => new Stay($"a{i}", $"a{i}", $"Attendee {i}", "attendee", new(i * Second / 10, (5_000 * Second) + (i * Second / 10))));
        var tracks = Enumerable.Range(0, 4).Select(i => new TrackSpan($"t{i}", $"s{i}", "audio", "microphone", "opus", whole, [whole])).ToList();
        var timeline = new Timeline(new() { Type = ManifestEntryType.Created }, 0, whole.To, [.. speakers, .. watching], tracks, [], 0, null, null);
        var watch = Stopwatch.StartNew();
        Assert.Equal(4, Assert.Single(ScenePlan.Build(timeline, 0, whole.To)).Tiles.Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"{watch.Elapsed}");
    }
}
