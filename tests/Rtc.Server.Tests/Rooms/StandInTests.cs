using Events.Rtc;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>Hub participants of a large room receive on other workers than the room's own; nobody sees a difference.</summary>
public class StandInTests
{
    [Fact]
    public async Task Participants_beyond_what_a_worker_carries_receive_on_others_and_are_in_one_room()
    {
        await using var node = new TestNode(o => o with { SpreadFromParticipants = 3 });
        var speaker = await node.JoinAsync(identity: "speaker", subscribe: false);
        var publisher = await speaker.PublishAsync();
        var clients = new List<TestClient>();
        for (var i = 0; i < 6; i++)
        {
            clients.Add(await node.JoinAsync(identity: $"c{i}", publish: false));
            await clients[i].SubscribeAsync();
        }

        await publisher.SendUntilAsync(() => clients.All(c => c.Viewer!.Video.Count > 20 && c.Viewer.Audio.Count > 20));
        Assert.Equal(2, clients.Count(c => IsNear(node, c)));
        var room = Assert.Single(await node.Server.RoomsAsync());
        Assert.Equal(["c0", "c1", "c2", "c3", "c4", "c5", "speaker"], room.Participants.Select(p => p.Name).Order());
        Assert.Equal(1 + clients.Count, node.Events.Count(type => type == "participant.joined"));
        var stats = (await node.Server.StatsAsync("room", 100))!;
        Assert.Equal(clients.Select(c => c.Participant.ParticipantId).Order(), stats.Viewers.Select(v => v.ParticipantId).Order());
    }

    [Fact]
    public async Task One_that_receives_elsewhere_publishes_and_is_offered_everybody_but_itself()
    {
        await using var node = new TestNode(spread: true);
        var anna = await node.JoinAsync(identity: "anna");
        var ben = await node.JoinAsync(identity: "ben", subscribe: false);
        var fromBen = await ben.PublishAsync();
        var offer = await anna.SubscribeAsync();
        Assert.False(IsNear(node, anna));
        Assert.All(offer.Tracks, t => Assert.Equal(ben.Participant.ParticipantId, t.ParticipantId));
        Assert.Equal(2, offer.Tracks.Count);

        var fromAnna = await anna.PublishAsync();
        var watcher = await node.WhepAsync(identity: "watcher");
        await fromBen.SendUntilAsync(() => anna.Viewer!.Video.Count > 5);
        await fromAnna.SendUntilAsync(() => watcher.Video.Count > 5);

        await ben.Participant.LeaveAsync("test");
        var last = await anna.NextOfferAsync();
        Assert.Empty(last.Tracks); // What left is not replaced by its own.
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Who_connects_anew_has_what_it_wanted_before(bool spread, bool hasEnded)
    {
        await using var node = new TestNode(spread: spread);
        var viewer = await node.JoinAsync(identity: "viewer", publish: false);
        var anna = await node.JoinAsync(identity: "anna", subscribe: false);
        var fromAnna = await anna.PublishAsync();
        await viewer.SubscribeAsync();
        var ben = await node.JoinAsync(identity: "ben", subscribe: false);
        var fromBen = await ben.PublishAsync();
        var offer = await viewer.NextOfferAsync();
        while (offer.Tracks.Count < 4)
        {
            offer = await viewer.NextOfferAsync();
        }

        string Of(TestClient client, TrackKind kind) => offer.Tracks.Single(t => t.ParticipantId == client.Participant.ParticipantId && t.Kind == kind).TrackId;
        var (annasPicture, annasVoice, bensVoice) = (Of(anna, TrackKind.Video), Of(anna, TrackKind.Audio), Of(ben, TrackKind.Audio));
        Assert.True((await viewer.Participant.SetVideoAsync(annasPicture, new VideoPreference(0, 0, 0, Paused: true))).IsOk);
        Assert.True((await viewer.Participant.SetSubscribedAsync(bensVoice, false)).IsOk);
        if (hasEnded)
        {
            var routes = (await node.Server.MeasureAsync()).Routes;
            await viewer.Viewer!.Endpoint!.DisposeAsync(); // With a close_notify.
            await Wait.UntilAsync(() => node.Server.MeasureAsync().Result.Routes < routes, "the connection has ended");
        }

        var again = await viewer.RestartSubscriberAsync();
        Assert.DoesNotContain(bensVoice, again.Tracks.Select(t => t.TrackId));
        Assert.Equal(3, again.Tracks.Count);
        var bensPictures = fromBen.SendUntilAsync(() => viewer.Viewer!.Video.Count > 20);
        await fromAnna.SendUntilAsync(() => viewer.Viewer!.Audio.Count > 20);
        await bensPictures;
        Assert.Single(viewer.Viewer!.Video.Select(p => p.Ssrc).Distinct());

        Assert.True((await viewer.Participant.SetVideoAsync(annasPicture, new VideoPreference(0, 0, 0, Paused: false))).IsOk);
        await fromAnna.SendUntilAsync(() => viewer.Viewer.Video.Select(p => p.Ssrc).Distinct().Count() == 2);
        Assert.Contains(annasVoice, again.Tracks.Select(t => t.TrackId));
    }

    [Fact]
    public async Task What_it_wants_holds_where_it_receives()
    {
        await using var node = new TestNode(spread: true);
        var viewer = await node.JoinAsync(identity: "viewer", publish: false);
        var speaker = await node.JoinAsync(identity: "speaker", subscribe: false);
        var publisher = await speaker.PublishAsync();
        var offer = await viewer.SubscribeAsync();
        Assert.False(IsNear(node, viewer));
        var (video, audio) = (offer.Tracks.Single(t => t.Kind == TrackKind.Video).TrackId, offer.Tracks.Single(t => t.Kind == TrackKind.Audio).TrackId);
        await publisher.SendUntilAsync(() => viewer.Viewer!.Video.Count > 5);

        Assert.Equal("track_not_found", (await viewer.Participant.SetVideoAsync("TR_none", new VideoPreference(0, 0, 0, true))).Error?.Code);
        Assert.True((await viewer.Participant.SetVideoAsync(video, new VideoPreference(0, 0, 0, true))).IsOk);
        var heard = viewer.Viewer!.Audio.Count;
        await publisher.SendUntilAsync(() => viewer.Viewer!.Audio.Count > heard + 3);
        var (seen, then) = (viewer.Viewer.Video.Count, viewer.Viewer.Audio.Count);
        await publisher.SendUntilAsync(() => viewer.Viewer!.Audio.Count > then + 20);
        Assert.Equal(seen, viewer.Viewer.Video.Count);

        Assert.True((await viewer.Participant.SetVideoAsync(video, new VideoPreference(0, 0, 0, false))).IsOk);
        await publisher.SendUntilAsync(() => viewer.Viewer!.Video.Count > seen + 5);
        Assert.True((await viewer.Participant.SetLastNAsync(0)).IsOk);
        await Wait.UntilAsync(() => viewer.Held.SequenceEqual([video]), "it is told what is held back");
        Assert.True((await viewer.Participant.SetSubscribedAsync(audio, false)).IsOk);
        Assert.Equal([video], (await viewer.NextOfferAsync()).Tracks.Select(t => t.TrackId));
        Assert.Equal("stale_revision", (await viewer.Participant.AnswerSubscriptionAsync(offer.Revision, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")).Error?.Code);
        Assert.Equal([video], (await viewer.Participant.SnapshotAsync()).Value!.Offer!.Tracks.Select(t => t.TrackId));
        Assert.Equal([video], (await viewer.Participant.RestartSubscriberAsync()).Value!.Tracks.Select(t => t.TrackId));
    }

    [Fact]
    public async Task Being_removed_replaced_or_gone_ends_the_stand_in_and_its_place()
    {
        await using var node = new TestNode(spread: true);
        var removed = await node.JoinAsync(identity: "removed.1");
        var host = await node.JoinAsync(identity: "host", moderates: true, subscribe: false);
        var publisher = await host.PublishAsync();
        await removed.SubscribeAsync();
        await publisher.SendUntilAsync(() => !removed.Viewer!.Video.IsEmpty);
        Assert.False(IsNear(node, removed));
        await host.Participant.ModerateAsync(new RoomRequest.Remove(removed.Participant.ParticipantId));
        await Wait.UntilAsync(() => removed.ClosedWith?.Code == "removed", "it is told");

        var first = await node.JoinAsync(identity: "guest.1");
        var second = await node.JoinAsync(identity: "guest.1");
        await Wait.UntilAsync(() => first.ClosedWith?.Code == "replaced", "the first one is told");
        await second.SubscribeAsync();
        await publisher.SendUntilAsync(() => !second.Viewer!.Video.IsEmpty);
        Assert.Null(second.ClosedWith);
        await second.Participant.LeaveAsync("test");
        await Wait.UntilAsync(() => node.Server.MeasureAsync().Result.Branches == 0, "nobody is there any more");
        await host.Participant.LeaveAsync("test");
        await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "the room has ended");
        var after = await node.Server.MeasureAsync();
        Assert.Equal((0L, 0L), (after.Routes, after.Faults));
    }

    [Fact]
    public async Task A_right_to_watch_that_ends_ends_it_there_too()
    {
        await using var node = new TestNode(spread: true);
        var viewer = await node.JoinAsync(identity: "viewer.1", publish: false);
        var publisher = await (await node.JoinAsync(identity: "speaker.1", subscribe: false)).PublishAsync();
        await viewer.SubscribeAsync();
        await publisher.SendUntilAsync(() => !viewer.Viewer!.Video.IsEmpty);
        await node.Server.ModerateAsync("room", new RoomRequest.SetRights(viewer.Participant.ParticipantId, new RightsChange(CanSubscribe: false)));
        Assert.Empty((await viewer.NextOfferAsync()).Tracks);
        var seen = viewer.Viewer!.Video.Count;
        var witness = await node.WhepAsync(identity: "witness");
        await publisher.SendUntilAsync(() => witness.Video.Count > 20);
        Assert.InRange(viewer.Viewer.Video.Count, seen, seen + 3); // Those that were on their way.
        Assert.Equal("subscribe_not_allowed", (await viewer.Participant.RestartSubscriberAsync()).Error?.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_breaks_ends_whom_it_served_and_they_can_join_again(bool home)
    {
        await using var node = new TestNode(spread: true);
        var far = await node.JoinAsync(identity: "far");
        var near = await node.JoinAsync(identity: "near", subscribe: false);
        var publisher = await near.PublishAsync();
        await far.SubscribeAsync();
        await publisher.SendUntilAsync(() => !far.Viewer!.Video.IsEmpty);
        var worker = node.Server.WorkerOf("room")!;
        var breaking = home ? worker : node.Server.Workers.Single(w => w != worker);
        breaking.Post(() => breaking.ReplayLater(null!));

        await Wait.UntilAsync(() => far.ClosedWith?.Code == "worker_failed" && near.ClosedWith is not null == home, "they have ended");
        if (home)
        {
            near = await node.JoinAsync(identity: "near", subscribe: false);
            publisher = await near.PublishAsync();
        }

        var again = await node.JoinAsync(identity: "far");
        await again.SubscribeAsync();
        await publisher.SendUntilAsync(() => !again.Viewer!.Video.IsEmpty);
    }

    [Fact]
    public async Task Joining_and_leaving_at_once_leaves_nothing_behind_and_capacity_counts_everyone_once()
    {
        await using var node = new TestNode(spread: true);
        var host = await node.JoinAsync(identity: "host", subscribe: false);
        await host.PublishAsync();
        await node.Server.ModerateAsync("room", new RoomRequest.Capacity(9));
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var client = await node.JoinAsync(identity: $"c{i}"); // Of the eight at once none is refused.
            if (i % 2 == 0)
            {
                await client.NextOfferAsync();
            }

            await client.Participant.LeaveAsync("test");
        });
        await Wait.UntilAsync(() => node.Server.MeasureAsync().Result.Branches == 0, "nobody is there any more");
        await host.Participant.LeaveAsync("test");
        await Wait.UntilAsync(() => node.Server.RoomsAsync().Result.Count == 0, "the room has ended");
        var after = await node.Server.MeasureAsync();
        Assert.Equal((0L, 0L), (after.Routes, after.Faults));
    }

    private static bool IsNear(TestNode node, TestClient client) => client.Viewer!.Endpoint!.RemotePort == node.Server.WorkerOf("room")!.Port;
}
