using Events.Rtc;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class RoomTests
{
    [Fact]
    public async Task Two_clients_publish_and_see_each_other()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var ben = await node.JoinAsync(identity: "ben");
        var fromAnna = await anna.PublishAsync();
        var offer = await ben.SubscribeAsync();
        Assert.Equal([TrackKind.Audio, TrackKind.Video], offer.Tracks.Select(t => t.Kind).Order());
        Assert.All(offer.Tracks, t => Assert.Equal(anna.Participant.ParticipantId, t.ParticipantId));
        var fromBen = await ben.PublishAsync();
        await anna.SubscribeAsync();

        await fromAnna.SendUntilAsync(() => ben.Viewer!.Video.Count > 5 && ben.Viewer.Audio.Count > 5);
        await fromBen.SendUntilAsync(() => anna.Viewer!.Video.Count > 5 && anna.Viewer.Audio.Count > 5);
        Assert.Contains("joined ben", anna.Log);
        Assert.Contains("published Video", ben.Log);
    }

    [Fact]
    public async Task One_who_joins_late_is_offered_what_is_there_and_named_who_is_there()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = await anna.PublishAsync();
        var late = await node.JoinAsync(identity: "late", publish: false);
        var snapshot = await late.Participant.SnapshotAsync();
        Assert.Equal(["anna", "late"], snapshot.Value!.Participants.Select(p => p.Name));
        Assert.Equal(2, snapshot.Value.Participants[0].Tracks.Count);
        Assert.NotNull(snapshot.Value.Offer);
        await late.SubscribeAsync();
        await publisher.SendUntilAsync(() => late.Viewer!.Video.Count > 5);
    }

    [Fact]
    public async Task A_second_join_with_the_same_identity_replaces_the_first()
    {
        await using var node = new TestNode();
        var first = await node.JoinAsync(identity: "anna");
        await node.JoinAsync(identity: "anna");
        await Wait.UntilAsync(() => first.ClosedWith is not null, "the first one is told");
        Assert.Equal("replaced", first.ClosedWith!.Code);
        Assert.Single((await node.Server.RoomAsync("room"))!.Participants);
        Assert.Equal("participant_gone", (await first.Participant.SnapshotAsync()).Error?.Code);
    }

    [Fact]
    public async Task A_room_ends_with_its_last_participant()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        await anna.Participant.LeaveAsync("done");
        Assert.Null(await node.Server.RoomAsync("room"));
        Assert.Equal(["participant.joined", "participant.left"], node.Events);
    }

    [Fact]
    public async Task Watching_a_room_where_nobody_publishes_is_not_found()
    {
        await using var node = new TestNode();
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var offer = description.WriteOffer(ClientMediaPlan.View);
        Assert.Equal("room_not_found", (await node.Server.WhepAsync(TestNode.Rights("nowhere"), offer)).Error?.Code);
        await node.JoinAsync("quiet");
        Assert.Equal("room_not_found", (await node.Server.WhepAsync(TestNode.Rights("quiet"), offer)).Error?.Code);
    }

    [Fact]
    public async Task Rights_are_held()
    {
        await using var node = new TestNode();
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var offer = description.WriteOffer(ClientMediaPlan.Publish);
        var viewer = await node.JoinAsync(identity: "viewer", publish: false);
        Assert.Equal("publish_not_allowed", (await viewer.Participant.PublishAsync(offer, [])).Error?.Code);
        Assert.Equal("publish_not_allowed", (await node.Server.WhipAsync(TestNode.Rights(publish: false), offer)).Error?.Code);
        Assert.Equal("subscribe_not_allowed", (await node.Server.WhepAsync(TestNode.Rights(subscribe: false), offer)).Error?.Code);
        Assert.Equal("room_name_invalid", (await node.Server.WhipAsync(TestNode.Rights("no/slash"), offer)).Error?.Code);
    }

    [Theory]
    [InlineData(9, 0)]
    [InlineData(0, 9)]
    public async Task More_tracks_of_a_kind_than_anybody_needs_are_refused(int audio, int video)
    {
        await using var node = new TestNode();
        var client = await node.JoinAsync();
        var offer = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(new ClientMediaPlan { SendAudio = audio, SendVideo = video });
        Assert.Equal("too_many_tracks", (await client.Participant.PublishAsync(offer, [])).Error?.Code);
        Assert.Equal("too_many_tracks", (await node.Server.WhipAsync(TestNode.Rights(identity: "encoder"), offer)).Error?.Code);
        Assert.Empty((await node.Server.RoomAsync("room"))!.Participants.SelectMany(p => p.Tracks));
        var ample = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(new ClientMediaPlan { SendAudio = 8, SendVideo = 8 });
        Assert.True((await client.Participant.PublishAsync(ample, [])).IsOk);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_person_has_so_many_participants_in_a_room_and_others_come_in(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        await node.WhipAsync();
        var hub = await node.JoinAsync(identity: "anna.hub");
        var viewers = new List<TestViewer>();
        for (var i = 0; i < 7; i++)
        {
            viewers.Add(await node.WhepAsync(identity: $"anna.{i % 2}"));
        }

        var offer = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.View);
        Assert.Equal("too_many_participants", (await node.Server.WhepAsync(TestNode.Rights(identity: "anna.0"), offer)).Error?.Code);
        Assert.Equal("too_many_participants", (await node.Server.JoinAsync(TestNode.Rights(identity: "anna.9"), hub)).Error?.Code);
        await node.JoinAsync(identity: "anna.hub"); // It takes the place of the one before.
        await node.WhepAsync(identity: "ben.0");
        await viewers[0].Participant.LeaveAsync("test");
        await node.WhepAsync(identity: "anna.0");
        Assert.Equal("too_many_participants", (await node.Server.WhepAsync(TestNode.Rights(identity: "anna.1"), offer)).Error?.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_may_not_watch_any_more_may_not_by_whep(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        await node.WhipAsync();
        var guest = await node.JoinAsync(identity: "guest.1");
        var change = new RoomRequest.SetRights(guest.Participant.ParticipantId, new RightsChange(CanSubscribe: false));
        Assert.True((await node.Server.ModerateAsync("room", change)).IsOk);
        var offer = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.View);
        Assert.Equal("subscribe_not_allowed", (await node.Server.WhepAsync(TestNode.Rights(identity: "guest.2"), offer)).Error?.Code);
        await node.WhepAsync(identity: "other");
    }

    [Theory]
    [InlineData("0", TrackSource.Camera)]
    [InlineData("0", TrackSource.Screen)]
    [InlineData("1", TrackSource.Microphone)]
    [InlineData("1", TrackSource.ScreenAudio)]
    public async Task A_source_is_of_the_kind_of_its_line(string mid, TrackSource source)
    {
        await using var node = new TestNode();
        var client = await node.JoinAsync();
        var offer = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.Publish);
        Assert.Equal("source_not_allowed", (await client.Participant.PublishAsync(offer, [new(mid, source)])).Error?.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_join_that_fails_on_our_side_leaves_nothing_behind(bool spread)
    {
        var rules = new BrokenRules { IsBroken = true };
        await using var node = new TestNode(spread: spread, rules: rules);
        var host = new TestClient(node);
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.Server.JoinAsync(TestNode.Rights(identity: "host"), host));
        Assert.Null(node.Server.WorkerOf("room"));

        rules.IsBroken = false;
        host = await node.JoinAsync(identity: "host");
        node.Bug = new InvalidOperationException("a bug");
        await Assert.ThrowsAsync<InvalidOperationException>(() => node.Server.JoinAsync(TestNode.Rights(identity: "guest"), new TestClient(node)));
        node.Bug = null;
        Assert.Single((await node.Server.RoomAsync("room"))!.Participants);
        await host.Participant.LeaveAsync("test");
        await Wait.UntilAsync(() => node.Server.WorkerOf("room") is null, "the room has ended");
    }

    [Fact]
    public async Task A_stale_answer_is_refused_and_the_offer_stays()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        await anna.PublishAsync();
        var ben = await node.JoinAsync(identity: "ben");
        var offer = (await ben.Participant.SnapshotAsync()).Value!.Offer!;
        Assert.Equal("stale_revision", (await ben.Participant.AnswerSubscriptionAsync(offer.Revision + 7, offer.Sdp)).Error?.Code);
        Assert.StartsWith("sdp", (await ben.Participant.AnswerSubscriptionAsync(offer.Revision, "v=0\r\nrubbish")).Error?.Code);
        Assert.NotNull((await ben.Participant.SnapshotAsync()).Value!.Offer);
    }

    [Fact]
    public async Task Muting_is_told_to_others_and_only_own_tracks_can_be_muted()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        await anna.PublishAsync();
        var ben = await node.JoinAsync(identity: "ben");
        var track = (await node.Server.RoomAsync("room"))!.Participants.Single(p => p.Name == "anna").Tracks[0];
        Assert.Equal("track_not_found", (await ben.Participant.MuteAsync(track.TrackId, true)).Error?.Code);
        Assert.True((await anna.Participant.MuteAsync(track.TrackId, true)).IsOk);
        await Wait.UntilAsync(() => ben.Log.Contains("muted True"), "ben is told");
    }

    [Fact]
    public async Task A_moderator_mutes_and_removes()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = await anna.PublishAsync();
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => viewer.Audio.Count > 3 && viewer.Video.Count > 3);
        var audio = (await node.Server.RoomAsync("room"))!.Participants[0].Tracks.Single(t => t.Kind == TrackKind.Audio);
        Assert.True((await node.Server.ModerateAsync("room", new RoomRequest.MuteTrack(audio.TrackId, true))).IsOk);
        var heard = viewer.Audio.Count;
        var seen = viewer.Video.Count;
        await publisher.SendUntilAsync(() => viewer.Video.Count > seen + 30);
        Assert.InRange(viewer.Audio.Count - heard, 0, 1); // One may have been on its way.

        Assert.True((await node.Server.ModerateAsync("room", new RoomRequest.Remove(anna.Participant.ParticipantId))).IsOk);
        await Wait.UntilAsync(() => anna.ClosedWith is not null, "anna is told");
        Assert.Equal("removed", anna.ClosedWith!.Code);
        await publisher.Endpoint.Ended.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_one_who_speaks_is_named()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = await anna.PublishAsync();
        var ben = await node.JoinAsync(identity: "ben");
        await publisher.SendUntilAsync(() => ben.Speakers.Any(s => s.Count == 1 && s[0].ParticipantId == anna.Participant.ParticipantId));
        await Wait.UntilAsync(() => ben.Speakers.Last().Count == 0, "silence is told");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_published_while_a_socket_is_away_is_offered_to_who_resumes(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        var ben = await node.JoinAsync(identity: "ben", publish: false);
        var anna = await node.JoinAsync(identity: "anna");
        await anna.PublishAsync();
        await ben.SubscribeAsync();

        ben.Participant.Attach(null);
        var cara = await node.JoinAsync(identity: "cara");
        await cara.PublishAsync();
        ben.Participant.Attach(ben);
        var offer = (await ben.Participant.SnapshotAsync()).Value!.Offer;
        Assert.Equal(2, offer?.Tracks.Count(t => t.ParticipantId == cara.Participant.ParticipantId));
    }

    [Fact]
    public async Task Opting_out_of_a_track_takes_it_down_and_back()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        await anna.PublishAsync();
        var ben = await node.JoinAsync(identity: "ben");
        var first = await ben.SubscribeAsync();
        var video = first.Tracks.Single(t => t.Kind == TrackKind.Video);
        await ben.Participant.SetSubscribedAsync(video.TrackId, false);
        var second = await ben.NextOfferAsync();
        Assert.DoesNotContain(second.Tracks, t => t.TrackId == video.TrackId);
        Assert.Equal("track_not_found", (await ben.Participant.SetSubscribedAsync("TR_none", false)).Error?.Code);
        Assert.True((await ben.Participant.SetSubscribedAsync("TR_none", true)).IsOk);
    }

    [Fact]
    public async Task Hostile_datagrams_change_nothing()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => viewer.Video.Count > 3);
        using var socket = new System.Net.Sockets.UdpClient("127.0.0.1", node.Server.Ports[0]);
        var random = new Random(7);
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = new byte[random.Next(0, 1_500)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = (byte)(new[] { 0, 1, 20, 22, 63, 0x80, 0x90, 0xFF }[i % 8]);
            }

            socket.Send(bytes);
        }

        var count = viewer.Video.Count;
        await publisher.SendUntilAsync(() => viewer.Video.Count > count + 20);
        Assert.Equal(0, (await node.Server.MeasureAsync()).Faults);
    }

    private sealed class BrokenRules : IRoomRules
    {
        public bool IsBroken { get; set; }

        public RoomRules Load(string room) => IsBroken ? throw new InvalidOperationException("a bug") : RoomRules.None;

        public Task SaveAsync(string room, RoomRules rules) => Task.CompletedTask;
    }
}
