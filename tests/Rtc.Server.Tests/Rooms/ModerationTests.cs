using Events.Rtc;
using Events.Rtc.Client.Media;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

public class ModerationTests
{
    public static TheoryData<RoomRequest> Requests => new()
    {
        new RoomRequest.Invite("nobody"),
        new RoomRequest.SetRights("nobody", new RightsChange(true)),
        new RoomRequest.LowerHand("nobody"),
        new RoomRequest.MuteTrack("none", true),
        new RoomRequest.AskToUnmute("none"),
        new RoomRequest.Remove("nobody"),
        new RoomRequest.Lock(false),
        new RoomRequest.Capacity(null),
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Every_request_is_a_moderators_and_the_platforms_and_nobody_elses(RoomRequest request)
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        Assert.Equal("moderation_not_allowed", (await guest.Participant.ModerateAsync(request)).Error?.Code);
        var expected = request switch
        {
            RoomRequest.Lock or RoomRequest.Capacity => null,
            RoomRequest.MuteTrack or RoomRequest.AskToUnmute => "track_not_found",
            _ => "participant_not_found",
        };
        Assert.Equal(expected, (await host.Participant.ModerateAsync(request)).Error?.Code);
        Assert.Equal(expected, (await node.Server.ModerateAsync("room", request)).Error?.Code);
        Assert.Equal(expected, (await node.Server.ModerateAsync("nowhere", request)).Error?.Code);
        Assert.Equal("room_name_invalid", (await node.Server.ModerateAsync("no/where", request)).Error?.Code);
        Assert.Null(await node.Server.RoomAsync("nowhere"));
    }

    [Fact]
    public async Task An_invited_attendee_accepts_publishes_and_is_seen_then_is_demoted_and_disappears()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest", publish: false);
        var id = guest.Participant.ParticipantId;
        Assert.Equal("not_invited", (await guest.Participant.AnswerInvitationAsync(true)).Error?.Code);
        Assert.True((await host.Participant.ModerateAsync(new RoomRequest.Invite(id))).IsOk);
        await Wait.UntilAsync(() => guest.Log.Contains("invited"), "the invitation arrives");
        Assert.False(guest.Participant.Rights.CanPublish);
        Assert.True((await guest.Participant.AnswerInvitationAsync(true)).IsOk);
        Assert.Contains($"answered {id} True", host.Log);
        Assert.Contains($"rights {id} True", host.Log);

        var publisher = await guest.PublishAsync();
        await host.SubscribeAsync();
        await publisher.SendUntilAsync(() => host.Viewer!.Video.Count > 5);

        Assert.True((await host.Participant.ModerateAsync(new RoomRequest.SetRights(id, new RightsChange(false)))).IsOk);
        Assert.Equal(2, host.Log.Count(line => line == "unpublished"));
        Assert.Contains($"rights {id} False", guest.Log);
        Assert.Empty((await node.Server.RoomAsync("room"))!.Participants.SelectMany(p => p.Tracks));
        Assert.Equal("publish_not_allowed", (await guest.Participant.PublishAsync(new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.Publish), [])).Error?.Code);
        Assert.Equal(2, node.Events.Count(type => type == "participant.rights_changed"));

        var again = await node.JoinAsync(identity: "guest", publish: true);
        Assert.False(again.Participant.Rights.CanPublish);
    }

    [Fact]
    public async Task An_invitation_that_is_declined_changes_no_rights()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest", publish: false);
        await host.Participant.ModerateAsync(new RoomRequest.Invite(guest.Participant.ParticipantId));
        Assert.True((await guest.Participant.AnswerInvitationAsync(false)).IsOk);
        Assert.False(guest.Participant.Rights.CanPublish);
        Assert.Equal("not_invited", (await guest.Participant.AnswerInvitationAsync(true)).Error?.Code);
        Assert.Equal("already_on_stage", (await host.Participant.ModerateAsync(new RoomRequest.Invite(host.Participant.ParticipantId))).Error?.Code);
    }

    [Fact]
    public async Task Hands_are_in_the_order_in_which_they_went_up_and_a_host_lowers_them()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var anna = await node.JoinAsync(identity: "anna");
        var ben = await node.JoinAsync(identity: "ben");
        await ben.Participant.RaiseHandAsync(true);
        await anna.Participant.RaiseHandAsync(true);
        await ben.Participant.RaiseHandAsync(true);
        Assert.Equal(["ben", "anna"], await HandsAsync());
        await host.Participant.ModerateAsync(new RoomRequest.LowerHand(ben.Participant.ParticipantId));
        Assert.Equal(["anna"], await HandsAsync());
        Assert.Equal(["hand.raised", "hand.raised", "hand.lowered"], node.Events.Where(type => type.StartsWith("hand", StringComparison.Ordinal)));

        async Task<List<string>> HandsAsync() =>
            [.. (await node.Server.RoomAsync("room"))!.Participants.Where(p => p.Hand is not null).OrderBy(p => p.Hand).Select(p => p.Name)];
    }

    [Fact]
    public async Task A_locked_room_refuses_who_is_new_and_admits_who_comes_back_and_moderators()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        await host.Participant.ModerateAsync(new RoomRequest.Lock(true));
        Assert.Contains("locked True", guest.Log);
        Assert.Equal("room_locked", (await node.Server.JoinAsync(TestNode.Rights(identity: "new"), guest)).Error?.Code);
        Assert.True((await node.Server.RoomAsync("room"))!.Locked);
        await node.JoinAsync(identity: "guest");
        await node.JoinAsync(identity: "cohost", moderates: true);
        await host.Participant.ModerateAsync(new RoomRequest.Lock(false));
        await node.JoinAsync(identity: "new");
        Assert.Equal(["room.locked", "room.unlocked"], node.Events.Where(type => type.StartsWith("room", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_full_room_refuses_until_its_capacity_grows()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        await host.Participant.ModerateAsync(new RoomRequest.Capacity(1));
        Assert.Equal("room_full", (await node.Server.JoinAsync(TestNode.Rights(identity: "new"), host)).Error?.Code);
        await host.Participant.ModerateAsync(new RoomRequest.Capacity(2));
        await node.JoinAsync(identity: "new");
    }

    [Fact]
    public async Task A_host_mutes_and_the_publisher_unmutes_only_when_asked()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", publish: false, moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        await guest.PublishAsync();
        var track = (await TracksAsync()).Single(t => t.Kind == TrackKind.Audio).TrackId;
        await host.Participant.ModerateAsync(new RoomRequest.MuteTrack(track, true));
        Assert.Equal("muted_by_moderator", (await guest.Participant.MuteAsync(track, false)).Error?.Code);
        Assert.True((await TracksAsync()).Single(t => t.TrackId == track) is { Muted: true, Silenced: true });
        await host.Participant.ModerateAsync(new RoomRequest.AskToUnmute(track));
        Assert.Contains($"unmute {track}", guest.Log);
        Assert.True((await TracksAsync()).Single(t => t.TrackId == track).Muted);
        Assert.True((await guest.Participant.MuteAsync(track, false)).IsOk);
        Assert.True((await TracksAsync()).Single(t => t.TrackId == track) is { Muted: false, Silenced: false });

        async Task<IReadOnlyList<TrackInfo>> TracksAsync() =>
            [.. (await node.Server.RoomAsync("room"))!.Participants.SelectMany(p => p.Tracks)];
    }

    [Fact]
    public async Task Moderators_remove_guests_and_not_each_other()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var cohost = await node.JoinAsync(identity: "cohost", moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        Assert.Equal("moderation_not_allowed", (await host.Participant.ModerateAsync(new RoomRequest.Remove(cohost.Participant.ParticipantId))).Error?.Code);
        Assert.True((await host.Participant.ModerateAsync(new RoomRequest.Remove(guest.Participant.ParticipantId))).IsOk);
        Assert.Equal("removed", guest.ClosedWith?.Code);
        Assert.True((await node.Server.ModerateAsync("room", new RoomRequest.Remove(cohost.Participant.ParticipantId))).IsOk);
    }

    [Fact]
    public async Task A_moderators_mute_stands_when_the_source_is_published_again()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", publish: false, moderates: true);
        var guest = await node.JoinAsync(identity: "guest.1");
        await guest.PublishAsync();
        var before = (await MicrophonesAsync()).Single();
        await host.Participant.ModerateAsync(new RoomRequest.MuteTrack(before.TrackId, true));

        var again = await node.JoinAsync(identity: "guest.2");
        await again.PublishAsync();
        var after = (await MicrophonesAsync()).Single(t => t.TrackId != before.TrackId);
        Assert.True(after is { Muted: true, Silenced: true });
        await host.Participant.ModerateAsync(new RoomRequest.MuteTrack(after.TrackId, false));
        Assert.False((await MicrophonesAsync()).Single(t => t.TrackId == after.TrackId).Muted);

        async Task<IReadOnlyList<TrackInfo>> MicrophonesAsync() =>
            [.. (await node.Server.RoomAsync("room"))!.Participants.SelectMany(p => p.Tracks).Where(t => t.Source == TrackSource.Microphone)];
    }

    [Fact]
    public async Task Demoting_and_removing_hold_for_all_tabs_of_a_person_and_for_those_to_come()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var first = await node.JoinAsync(identity: "guest.1");
        var second = await node.JoinAsync(identity: "guest.2");
        await host.Participant.ModerateAsync(new RoomRequest.SetRights(first.Participant.ParticipantId, new RightsChange(CanPublish: false)));
        Assert.False(second.Participant.Rights.CanPublish);
        Assert.False((await node.JoinAsync(identity: "guest.3")).Participant.Rights.CanPublish);

        await host.Participant.ModerateAsync(new RoomRequest.Remove(second.Participant.ParticipantId));
        Assert.All([first, second], tab => Assert.Equal("removed", tab.ClosedWith?.Code));
        Assert.Equal("participant_removed", (await node.Server.JoinAsync(TestNode.Rights(identity: "guest.4"), first)).Error?.Code);
        Assert.Equal("participant_removed", (await node.Server.WhipAsync(TestNode.Rights(identity: "guest.5"), new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.Publish))).Error?.Code);
        await node.Server.ModerateAsync("room", new RoomRequest.Readmit("guest"));
        await node.JoinAsync(identity: "guest.6");
    }

    [Fact]
    public async Task Rules_outlive_the_room_and_those_who_were_in_it()
    {
        await using var node = new TestNode();
        await node.Server.ModerateAsync("room", new RoomRequest.Lock(true));
        await node.Server.ModerateAsync("room", new RoomRequest.Capacity(2));
        await node.Server.ModerateAsync("room", new RoomRequest.Bar("troll"));
        Assert.Null(await node.Server.RoomAsync("room"));
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var room = (await node.Server.RoomAsync("room"))!;
        Assert.True(room is { Locked: true, Capacity: 2 });
        Assert.Equal("room_locked", (await node.Server.JoinAsync(TestNode.Rights(identity: "new"), host)).Error?.Code);
        await node.Server.ModerateAsync("room", new RoomRequest.Lock(false));
        Assert.Equal("participant_removed", (await node.Server.JoinAsync(TestNode.Rights(identity: "troll.x"), host)).Error?.Code);
    }

    [Fact]
    public async Task A_revoked_grant_ends_its_call_and_opens_nothing_and_another_of_the_person_does()
    {
        await using var node = new TestNode();
        var guest = await node.JoinAsync();
        var rights = TestNode.Rights(identity: "ben.1") with { GrantId = "grant-1" };
        Assert.True((await node.Server.JoinAsync(rights, guest)).IsOk);
        await node.Server.ModerateAsync("room", new RoomRequest.RevokeGrant("grant-1"));
        Assert.Equal("grant_revoked", guest.ClosedWith?.Code);
        Assert.Equal("grant_revoked", (await node.Server.JoinAsync(rights, guest)).Error?.Code);
        Assert.True((await node.Server.JoinAsync(rights with { GrantId = "grant-2" }, guest)).IsOk);
    }

    [Fact]
    public async Task A_source_that_the_grant_lacks_is_refused_and_one_that_is_taken_away_ends()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        await guest.PublishAsync();
        var id = guest.Participant.ParticipantId;
        Assert.True((await host.Participant.ModerateAsync(new RoomRequest.SetRights(id, new RightsChange(Sources: TrackSources.Microphone)))).IsOk);
        var left = (await node.Server.RoomAsync("room"))!.Participants.Single(p => p.ParticipantId == id).Tracks;
        Assert.Equal(TrackSource.Microphone, Assert.Single(left).Source);

        var again = await node.JoinAsync(identity: "guest");
        var description = new ClientDescription(node.Dtls.LocalFingerprint);
        var refused = await again.Participant.PublishAsync(
            description.WriteOffer(ClientMediaPlan.Publish), [new("0", TrackSource.Microphone), new("1", TrackSource.Camera)]);
        Assert.Equal("source_not_allowed", refused.Error?.Code);
    }

    [Fact]
    public async Task The_platform_takes_watching_away_and_gives_it_back_and_moderators_may_not()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest", publish: false);
        var publisher = await host.PublishAsync();
        await guest.SubscribeAsync();
        await publisher.SendUntilAsync(() => guest.Viewer!.Video.Count > 5);
        var change = new RoomRequest.SetRights(guest.Participant.ParticipantId, new RightsChange(CanSubscribe: false));
        Assert.Equal("moderation_not_allowed", (await host.Participant.ModerateAsync(change)).Error?.Code);
        Assert.True((await node.Server.ModerateAsync("room", change)).IsOk);
        Assert.Empty((await guest.NextOfferAsync()).Tracks);

        var back = new RoomRequest.SetRights(guest.Participant.ParticipantId, new RightsChange(CanSubscribe: true, Moderates: true));
        Assert.True((await node.Server.ModerateAsync("room", back)).IsOk);
        Assert.True((await guest.Participant.ModerateAsync(new RoomRequest.Lock(true))).IsOk);
    }

    [Fact]
    public async Task A_recorder_enters_a_locked_and_full_room_unseen()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        await host.Participant.ModerateAsync(new RoomRequest.Capacity(1));
        await host.Participant.ModerateAsync(new RoomRequest.Lock(true));
        var recorder = TestNode.Rights(identity: "recorder", publish: false) with { Recorder = true };
        Assert.True((await node.Server.JoinAsync(recorder, host)).IsOk);
        Assert.Single((await node.Server.RoomAsync("room"))!.Participants);
    }

    [Fact]
    public async Task The_platform_closes_a_room_for_everyone_and_moderators_may_not()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        Assert.Equal("moderation_not_allowed", (await host.Participant.ModerateAsync(new RoomRequest.Close())).Error?.Code);
        Assert.True((await node.Server.ModerateAsync("room", new RoomRequest.Close())).IsOk);
        Assert.All([host, guest], one => Assert.Equal("room_closed", one.ClosedWith?.Code));
        Assert.Null(await node.Server.RoomAsync("room"));
        await node.JoinAsync(identity: "guest");
    }

    [Fact]
    public async Task What_was_asked_while_a_socket_was_away_is_asked_when_it_is_back()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest", publish: false);
        var speaker = await node.JoinAsync(identity: "speaker");
        await speaker.PublishAsync();
        var track = (await node.Server.RoomAsync("room"))!.Participants.SelectMany(p => p.Tracks).Single(t => t.Kind == TrackKind.Audio).TrackId;
        guest.Participant.Attach(null);
        speaker.Participant.Attach(null);
        await host.Participant.ModerateAsync(new RoomRequest.Invite(guest.Participant.ParticipantId));
        await host.Participant.ModerateAsync(new RoomRequest.MuteTrack(track, true));
        await host.Participant.ModerateAsync(new RoomRequest.AskToUnmute(track));

        guest.Participant.Attach(guest);
        speaker.Participant.Attach(speaker);
        await Wait.UntilAsync(() => guest.Log.Contains("invited") && speaker.Log.Contains($"unmute {track}"), "both are asked");
        Assert.True((await speaker.Participant.MuteAsync(track, false)).IsOk);
        Assert.True((await guest.Participant.AnswerInvitationAsync(false)).IsOk);

        // What was answered is not asked again.
        guest.Participant.Attach(guest);
        speaker.Participant.Attach(speaker);
        await speaker.Participant.SnapshotAsync();
        Assert.Single(guest.Log, "invited");
        Assert.Single(speaker.Log, $"unmute {track}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_held_back_is_told_to_who_is_back(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        var viewer = await node.JoinAsync(identity: "viewer", publish: false);
        await (await node.JoinAsync(identity: "speaker", subscribe: false)).PublishAsync();
        var offer = await viewer.SubscribeAsync();
        viewer.Participant.Attach(null);
        await viewer.Participant.SetLastNAsync(0);
        viewer.Participant.Attach(viewer);
        await Wait.UntilAsync(() => viewer.Held.SequenceEqual(offer.Tracks.Where(t => t.Kind == TrackKind.Video).Select(t => t.TrackId)), "it is told");
    }

    [Fact]
    public async Task A_decision_is_answered_when_the_journal_has_it_too()
    {
        await using var node = new TestNode();
        var host = await node.JoinAsync(identity: "host", moderates: true);
        var guest = await node.JoinAsync(identity: "guest");
        var recorded = new TaskCompletionSource();
        node.Recorded = recorded.Task;
        var removing = host.Participant.ModerateAsync(new RoomRequest.Remove(guest.Participant.ParticipantId));
        await Wait.UntilAsync(() => guest.ClosedWith is not null, "the guest is out at once");
        Assert.True((await host.Participant.RaiseHandAsync(true)).IsOk); // What decides nothing waits for nothing.
        Assert.False(removing.IsCompleted);
        recorded.SetResult();
        Assert.True((await removing).IsOk);
    }

    [Fact]
    public async Task A_write_that_failed_is_told_to_who_asked_for_it_and_to_nobody_else()
    {
        var rules = new FailingRules();
        await using var node = new TestNode(rules: rules);
        var host = await node.JoinAsync(identity: "host", moderates: true);
        rules.IsFull = true;
        await Assert.ThrowsAsync<IOException>(() => host.Participant.ModerateAsync(new RoomRequest.Lock(true)));
        Assert.Equal("track_not_found", (await host.Participant.ModerateAsync(new RoomRequest.MuteTrack("none", true))).Error?.Code);
        Assert.Equal("track_not_found", (await node.Server.ModerateAsync("room", new RoomRequest.AskToUnmute("none"))).Error?.Code);
        Assert.Equal("not_invited", (await host.Participant.AnswerInvitationAsync(true)).Error?.Code);
        await host.Participant.LeaveAsync("test");
        Assert.Equal("participant_gone", (await host.Participant.ModerateAsync(new RoomRequest.Lock(false))).Error?.Code);
    }

    /// <summary>On a disk that can be full.</summary>
    private sealed class FailingRules : IRoomRules
    {
        private readonly TransientRoomRules _rules = new();

        public bool IsFull { get; set; }

        public RoomRules Load(string room) => _rules.Load(room);

        public Task SaveAsync(string room, RoomRules rules) => IsFull ? Task.FromException(new IOException("No space left on device")) : _rules.SaveAsync(room, rules);
    }
}
