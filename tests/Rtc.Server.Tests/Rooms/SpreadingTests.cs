using Events.Rtc;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>One room's viewers on several workers. What a viewer gets there is held by the forwarding tests, which run for both.</summary>
public class SpreadingTests
{
    [Fact]
    public async Task A_large_rooms_viewers_are_spread_once_its_worker_is_full_and_a_small_rooms_are_not()
    {
        await using var node = new TestNode(o => o with { SpreadFromParticipants = 4 });
        var publisher = await node.WhipAsync();
        var viewers = new List<TestViewer>();
        for (var i = 0; i < 3; i++)
        {
            viewers.Add(await node.WhepAsync(identity: $"near{i}"));
        }

        Assert.Equal(0, (await node.Server.MeasureAsync()).Branches);
        for (var i = 0; i < 6; i++)
        {
            viewers.Add(await node.WhepAsync(identity: $"far{i}"));
        }

        Assert.Equal(1, (await node.Server.MeasureAsync()).Branches);
        Assert.Equal(4, viewers.Count(v => v.Endpoint!.RemotePort == HomePort(node)));
        await publisher.SendUntilAsync(() => viewers.All(v => v.Video.Count > 20 && v.Audio.Count > 20));
        Assert.Single(await node.Server.RoomsAsync());
    }

    [Fact]
    public async Task With_the_last_viewer_there_the_branch_ends_and_with_the_last_of_all_the_room()
    {
        await using var node = new TestNode(spread: true);
        var publisher = await node.WhipAsync();
        for (var round = 0; round < 5; round++)
        {
            var viewer = await node.WhepAsync();
            Assert.NotEqual(HomePort(node), viewer.Endpoint!.RemotePort);
            await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty);
            Assert.Equal(1, (await node.Server.MeasureAsync()).Branches);
            await viewer.Participant.LeaveAsync("test");
            Assert.Equal(0, (await node.Server.MeasureAsync()).Branches);
        }

        // In whatever order they go.
        var last = await node.WhepAsync();
        await publisher.Participant.LeaveAsync("test");
        Assert.Equal("room_not_found", (await node.Server.WhepAsync(TestNode.Rights(identity: "late"), "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")).Error!.Code);
        var another = await node.WhipAsync(identity: "another");
        await another.SendUntilAsync(() => !last.Video.IsEmpty);
        await another.Participant.LeaveAsync("test");
        await last.Participant.LeaveAsync("test");
        await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "the room has ended");
        var after = await node.Server.MeasureAsync();
        Assert.Equal((0, 0L, 0L), (after.Branches, after.Routes, after.Faults));
    }

    [Fact]
    public async Task With_a_branch_its_tracks_and_their_caches_end()
    {
        await using var node = new TestNode(spread: true);
        var publisher = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => !viewer.Video.IsEmpty);
        var there = node.Server.Workers.Single(w => w != node.Server.WorkerOf("room"));
        var branch = await there.InvokeAsync(() => there.FindRoom("room")!);
        Assert.Equal(2, branch.Tracks.Count);
        await viewer.Participant.LeaveAsync("test");
        Assert.Empty(await there.InvokeAsync(() => branch.Tracks.ToList()));
        await publisher.Participant.LeaveAsync("test");
        Assert.Equal(0L, (await node.Server.MeasureAsync()).Faults);
    }

    [Fact]
    public async Task Joining_and_leaving_at_once_from_many_threads_leaves_nothing_behind()
    {
        await using var node = new TestNode(spread: true);
        var publisher = await node.WhipAsync();
        var sending = true;
        var speaking = publisher.SendUntilAsync(() => !sending, seconds: 120);
        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (i, _) =>
        {
            var viewer = await node.WhepAsync(identity: $"v{i}");
            await Wait.UntilAsync(() => !viewer.Video.IsEmpty, "it sees the publisher");
            await viewer.Participant.LeaveAsync("test");
        });

        sending = false;
        await speaking;
        Assert.Equal(0, (await node.Server.MeasureAsync()).Branches);
        await publisher.Participant.LeaveAsync("test");
        await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "the room has ended");
        var after = await node.Server.MeasureAsync();
        Assert.Equal((0L, 0L, 0L), (after.Routes, after.Faults, after.RelayDropped));
    }

    [Fact]
    public async Task Lock_and_capacity_count_viewers_wherever_they_are()
    {
        await using var node = new TestNode(spread: true);
        var publisher = await node.WhipAsync();
        var viewers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => node.WhepAsync(identity: $"v{i}")));
        await publisher.SendUntilAsync(() => viewers.All(v => !v.Video.IsEmpty));
        await node.Server.ModerateAsync("room", new RoomRequest.Capacity(5));
        Assert.Equal("room_full", (await RefusedAsync(node)).Code);

        await viewers[0].Participant.LeaveAsync("test");
        var fourth = await node.WhepAsync(identity: "v4");
        Assert.Equal("room_full", (await RefusedAsync(node)).Code);
        await fourth.Participant.LeaveAsync("test");
        await node.Server.ModerateAsync("room", new RoomRequest.Lock(true));
        Assert.Equal("room_locked", (await RefusedAsync(node)).Code);
        await node.Server.ModerateAsync("room", new RoomRequest.Lock(false));
        await node.WhepAsync(identity: "v5");
    }

    [Fact]
    public async Task Viewers_there_are_barred_and_ruled_like_any_others()
    {
        await using var node = new TestNode(spread: true);
        await node.WhipAsync();
        var barred = await node.WhepAsync(identity: "barred.1");
        var near = await node.WhepAsync(identity: "near.1");
        var stays = await node.WhepAsync(identity: "stays.1");
        Assert.Equal(1, (await node.Server.MeasureAsync()).Branches);
        await node.Server.ModerateAsync("room", new RoomRequest.Bar("barred"));
        await Wait.UntilAsync(() => barred.Participant.IsGone, "it is out");
        Assert.False(stays.Participant.IsGone || near.Participant.IsGone);

        await node.Server.ModerateAsync("room", new RoomRequest.Close());
        await Wait.UntilAsync(() => stays.Participant.IsGone && near.Participant.IsGone, "all are out");
        await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "the room has ended");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_breaks_takes_the_viewers_that_need_it_and_no_others(bool home)
    {
        await using var node = new TestNode(spread: true);
        var publisher = await node.WhipAsync();
        var far = await node.WhepAsync(identity: "far");
        var near = await node.WhepAsync(identity: "near");
        var worker = node.Server.WorkerOf("room")!;
        var breaking = home ? worker : node.Server.Workers.Single(w => w != worker);
        await publisher.SendUntilAsync(() => !far.Video.IsEmpty && !near.Video.IsEmpty);
        breaking.Post(() => breaking.ReplayLater(null!));

        await Wait.UntilAsync(() => far.Participant.IsGone && near.Participant.IsGone == home && publisher.Participant.IsGone == home, "they have ended");
        if (home)
        {
            await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "the room has ended");
            publisher = await node.WhipAsync(identity: "again");
        }

        var again = await node.WhepAsync(identity: "again");
        await publisher.SendUntilAsync(() => again.Video.Count > 10);
        var after = await node.Server.MeasureAsync();
        Assert.Equal((1, 1L), (after.Branches, after.Faults));
    }

    [Fact]
    public async Task Encodings_that_are_watched_only_there_are_not_stopped()
    {
        await using var node = new TestNode(spread: true);
        var client = await node.JoinAsync(subscribe: false);
        var publisher = await client.PublishAsync(SimulcastPublisher.Plan);
        var simulcast = new SimulcastPublisher(publisher);
        await simulcast.SendUntilAsync(() => node.Server.RoomAsync("room").Result!.Participants[0].Tracks.Any(t => t.Layers.Count == 3), "all layers are known");
        await simulcast.SendUntilAsync(() => client.Demands.Any(d => d.Encodings.All(e => !e.Active)), "nobody watches");

        var viewer = await node.WhepAsync(identity: "far");
        Assert.NotEqual(HomePort(node), viewer.Endpoint!.RemotePort);
        await simulcast.SendUntilAsync(() => client.Demands.Last().Encodings[2].Active, "the viewer there has them resumed");
        await simulcast.SendUntilAsync(() => viewer.Video.Count > 50, "pictures arrive");
        await viewer.Participant.LeaveAsync("test");
        await simulcast.SendUntilAsync(() => client.Demands.Last().Encodings.All(e => !e.Active), "nobody watches again");
    }

    private static int HomePort(TestNode node) => node.Server.WorkerOf("room")!.Port;

    private static async Task<RtcError> RefusedAsync(TestNode node)
    {
        var offer = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.View);
        var refused = await node.Server.WhepAsync(TestNode.Rights(identity: "more"), offer);
        Assert.False(refused.IsOk);
        return refused.Error!;
    }
}
