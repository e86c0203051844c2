using Events.Rtc;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Rooms;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>What shows only after hours, after losses, or when one leaves before the other.</summary>
public class LongCallTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_who_was_silenced_for_more_than_half_of_all_sequence_numbers_is_heard_again(bool spread)
    {
        await using var node = new TestNode(o => o with { Workers = spread ? 2 : 1 }, spread);
        var publisher = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await publisher.SendUntilAsync(() => viewer.Audio.Count > 3);
        var audio = (await node.Server.RoomAsync("room"))!.Participants[0].Tracks.Single(t => t.Kind == TrackKind.Audio);
        await node.Server.ModerateAsync("room", new RoomRequest.MuteTrack(audio.TrackId, true));
        for (var i = 0; i < 40_000; i++)
        {
            publisher.SendAudio();
        }

        await node.Server.ModerateAsync("room", new RoomRequest.MuteTrack(audio.TrackId, false));
        var heard = viewer.Audio.Count;
        await publisher.SendUntilAsync(() => viewer.Audio.Count > heard + 10, 10);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_keyframe_is_asked_for_until_it_comes(bool spread)
    {
        await using var node = new TestNode(o => o with { KeyframeRequestInterval = TimeSpan.FromMilliseconds(50), KeyframeReplay = TimeSpan.Zero }, spread);
        var publisher = await node.WhipAsync();
        publisher.SendFrame(keyframe: true);
        var viewer = await node.WhepAsync();
        await Wait.UntilAsync(
            () =>
            {
                publisher.SendFrame(keyframe: false);
                return publisher.KeyframeRequests >= 5;
            },
            "requests are repeated");
        Assert.Empty(viewer.Video);
        publisher.SendFrame(keyframe: true);
        await Wait.UntilAsync(() => !viewer.Video.IsEmpty, "the keyframe arrives");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_publisher_that_came_back_before_its_old_session_was_missed_is_shown_once_that_ends(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        var first = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await first.SendUntilAsync(() => !viewer.Video.IsEmpty);
        var second = await node.WhipAsync();
        await first.Participant.LeaveAsync("consent_lost");
        var seen = viewer.Video.Count;
        await second.SendUntilAsync(() => viewer.Video.Count > seen + 10, 10);
    }

    [Fact]
    public async Task Restarts_leave_no_route_behind()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publisher = await node.WhipAsync();
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await publisher.Participant.RestartIceAsync($"frag{i}", "password-of-twenty-four-c")).IsOk);
        }

        // Fragments before and after the restarts, and one address.
        Assert.InRange((await node.Server.MeasureAsync()).Routes, 2, 3);
        await publisher.Participant.LeaveAsync("done");
        Assert.Equal(0, (await node.Server.MeasureAsync()).Routes);
    }

    [Fact]
    public async Task A_hidden_publisher_is_shown_to_nobody()
    {
        await using var node = new TestNode();
        var offer = new ClientDescription(node.Dtls.LocalFingerprint).WriteOffer(ClientMediaPlan.Publish);
        var visible = await node.WhipAsync();
        var viewer = await node.WhepAsync();
        await visible.SendUntilAsync(() => !viewer.Video.IsEmpty);
        Assert.True((await node.Server.WhipAsync(TestNode.Rights(identity: "ghost") with { Hidden = true }, offer)).IsOk);
        await visible.Participant.LeaveAsync("done");
        var client = await node.JoinAsync();
        Assert.Null((await client.Participant.SnapshotAsync()).Value!.Offer);
    }

    [Fact]
    public async Task Who_asks_a_server_that_has_ended_is_not_left_waiting()
    {
        await using var node = new TestNode();
        node.Server.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => node.Server.RoomsAsync().WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task Every_track_of_a_large_room_gets_sender_reports()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var publishers = new List<TestPublisher>();
        for (var i = 0; i < 13; i++)
        {
            publishers.Add(await node.WhipAsync(identity: $"p{i}"));
        }

        var client = await node.JoinAsync(publish: false);
        await client.SubscribeAsync();
        await Wait.UntilAsync(
            () =>
            {
                foreach (var publisher in publishers)
                {
                    publisher.SendFrame(keyframe: true, packets: 1);
                    publisher.SendAudio();
                }

                var receivers = client.Viewer!.Endpoint!.Receivers;
                return receivers.Count(r => r.HasSenderReport) == 26;
            },
            "26 tracks are mapped to the wall clock");
    }

    [Fact]
    public async Task A_worker_that_breaks_takes_its_own_rooms_only_and_serves_new_ones()
    {
        await using var node = new TestNode();
        var here = await node.JoinAsync("here");
        var there = await node.JoinAsync("there");
        Assert.NotSame(node.Server.WorkerOf("here"), node.Server.WorkerOf("there"));
        await here.PublishAsync();
        await there.PublishAsync();

        node.Server.WorkerOf("here")!.Post(() => node.Server.WorkerOf("here")!.ReplayLater(null!));
        await Wait.UntilAsync(() => here.ClosedWith is not null, "the room has ended");

        Assert.Equal("worker_failed", here.ClosedWith!.Code);
        Assert.Null(there.ClosedWith);
        Assert.Equal("there", Assert.Single(await node.Server.RoomsAsync()).Room);
        var publisher = await node.WhipAsync("here");
        var viewer = await node.WhepAsync("here");
        await publisher.SendUntilAsync(() => viewer.Video.Count > 10);
        Assert.Equal(1, (await node.Server.MeasureAsync()).Faults);
    }

    [Fact]
    public async Task What_cannot_be_freed_ends_no_room()
    {
        await using var node = new TestNode(o => o with { Workers = 1 });
        var client = await node.JoinAsync();
        var publisher = await client.PublishAsync();
        var viewer = await node.WhepAsync();
        var worker = node.Server.WorkerOf("room")!;
        worker.Post(() =>
        {
            worker.DisposeLater(new Stuck());
            worker.DisposeLater(new Stuck());
        });
        await publisher.SendUntilAsync(() => viewer.Video.Count > 10);
        Assert.Null(client.ClosedWith);
        Assert.Equal(2, (await node.Server.MeasureAsync()).Faults);
    }

    private sealed class Stuck : IDisposable
    {
        public void Dispose() => throw new InvalidOperationException("This test breaks it.");
    }
}
