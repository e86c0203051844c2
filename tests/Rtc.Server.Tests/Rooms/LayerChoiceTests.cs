using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class LayerChoiceTests
{
    [Fact]
    public async Task The_highest_layer_within_size_and_limit_is_wanted_and_the_nearest_that_arrives_is_given()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        await publisher.SendUntilAsync(() => LayersAsync().Result.Count == 3, "three layers are known");
        var layers = await LayersAsync();

        Assert.Equal((2, 2), Choose(new LayerChoice()));
        Assert.Equal((1, 1), Choose(new LayerChoice { MaxWidth = 1_279 }));
        Assert.Equal((0, 0), Choose(new LayerChoice { MaxWidth = 1_280, MaxHeight = 100 }));
        Assert.Equal((0, 0), Choose(new LayerChoice { MaxWidth = 10 }));
        Assert.Equal((1, 1), Choose(new LayerChoice { LayerLimit = 1 }));
        Assert.Equal((0, 0), Choose(new LayerChoice { LayerLimit = 1, MaxWidth = 320 }));
        Assert.Equal((-1, -1), Choose(new LayerChoice { Paused = PauseReasons.Bandwidth }));
        Assert.Equal(1, new LayerChoice { TemporalLimit = 1 }.Choose(layers, out _).Temporal);

        layers[2].IsActive = false;
        Assert.Equal((1, 2), Choose(new LayerChoice()));
        layers[1].IsActive = layers[0].IsActive = false;
        layers[2].IsActive = true;
        Assert.Equal((2, 0), Choose(new LayerChoice { MaxWidth = 320 }));

        (int Given, int Wanted) Choose(LayerChoice choice) => (choice.Choose(layers, out var wanted).Encoding, wanted);

        async Task<IReadOnlyList<VideoLayer>> LayersAsync() =>
            await node.Server.InvokeOnRoomAsync("room", room => room?.Tracks.FirstOrDefault(t => t.Kind == TrackKind.Video)?.Layers.All) ?? [];
    }

    [Fact]
    public async Task A_limit_of_the_path_moves_the_viewer_and_costs_are_known_for_each_layer()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = new SimulcastPublisher(await node.WhipAsync(plan: SimulcastPublisher.Plan));
        // One that tells nothing of its path: nobody else limits it.
        var viewer = await node.WhepAsync(plan: ClientMediaPlan.View with { TransportCc = false, Remb = false });
        await publisher.SendUntilAsync(() => Layer() == 2, "the highest layer");
        foreach (var limit in new[] { 0, 1, 2 })
        {
            await LimitAsync(limit);
            await publisher.SendUntilAsync(() => Layer() == limit, $"limit {limit}");
        }

        await LimitAsync(-1);
        await publisher.SendForAsync(TimeSpan.FromMilliseconds(200));
        var count = viewer.Video.Count;
        await publisher.SendForAsync(TimeSpan.FromMilliseconds(300));
        Assert.Equal(count, viewer.Video.Count);
        await LimitAsync(2);
        await publisher.SendUntilAsync(() => viewer.Video.Count > count, "it resumes");
        var costs = await node.Server.InvokeOnRoomAsync("room", room =>
        {
            var track = room!.Tracks.First(t => t.Kind == TrackKind.Video);
            return Enumerable.Range(0, 3).Select(i => (Base: track.Layers.BitrateOf(i, 0), All: track.Layers.BitrateOf(i, 2))).ToList();
        });
        Assert.All(costs, c => Assert.True(c.Base > 0 && c.All > c.Base * 1.5, $"{c}"));
        Assert.True(costs[2].All > costs[0].All);

        int Layer() => viewer.Video.IsEmpty ? -1 : SimulcastPublisher.LayerOf(viewer.Video.Last().Payload);

        Task<bool> LimitAsync(int layer) => node.Server.InvokeOnRoomAsync("room", room =>
        {
            foreach (var participant in room!.Participants)
            {
                foreach (var subscription in participant.Subscriber?.Subscriptions.AsEnumerable() ?? [])
                {
                    if (subscription.Track.Kind == TrackKind.Video)
                    {
                        subscription.Limit(layer, LayerTarget.AllLayers);
                    }
                }
            }

            return true;
        });
    }
}
