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

    [Fact]
    public void Two_hundred_cameras_that_come_and_go_for_three_hours_are_planned_in_seconds()
    {
        const int People = 200;
        const int Times = 30;
        var whole = new WallSpan(0, 10_800 * Second);
        var people = Enumerable.Range(0, People).ToList();
        var stays = people.ConvertAll(i => new Stay($"p{i}", $"p{i}", $"Person {i}", "speaker", whole));
        var tracks = people.SelectMany(i => new TrackSpan[]
        {
            new($"a{i}", $"p{i}", "audio", "microphone", "opus", whole, [whole]),
            new($"v{i}", $"p{i}", "video", "camera", "vp8", whole, [whole]),
        }).ToList();
        var segments = people.SelectMany(i => Enumerable.Range(0, Times).Select(k =>
        {
            var from = (k * 360 * Second) + (i * Second);
            return new TrackSegment($"{i}-{k}.mkv", $"v{i}", $"p{i}", "vp8", 640, 360, new(from, from + (100 * Second)));
        })).ToList();
        var timeline = new Timeline(new() { Type = ManifestEntryType.Created }, 0, whole.To, stays, tracks, segments, 0, null, null);
        var watch = Stopwatch.StartNew();
        var scenes = ScenePlan.Build(timeline, 0, whole.To);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"{watch.Elapsed}");

        // Whom nobody sees makes room for who is seen.
        Assert.Equal(16, scenes[^1].Tiles.Count);
        Assert.All(scenes, s => Assert.Equal(Math.Min(16, people.Count(i => Shows(i, s))), s.Tiles.Count(t => t.TrackId is not null)));

        static bool Shows(int person, Scene scene) => (scene.FromFrame + scene.ToFrame) / 2 / ScenePlan.FrameRate % 360 is var at && at >= person && at < person + 100;
    }
}
