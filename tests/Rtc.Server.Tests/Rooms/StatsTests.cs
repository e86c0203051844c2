using Events.Rtc.Rooms;
using Events.Rtc.Stats;

namespace Events.Tests.Rtc.Server.Tests.Rooms;

/// <summary>What is told of a room: over real sockets, of what the clients did.</summary>
public class StatsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_publisher_and_its_viewers_are_told_with_what_flows_between_them_on_whatever_worker_they_are(bool spread)
    {
        await using var node = new TestNode(spread: spread);
        var publisher = await node.WhipAsync(identity: "anna");
        var viewer = await node.WhepAsync(identity: "ben");
        RoomStats? stats = null;
        await publisher.SendUntilAsync(() =>
        {
            stats = node.Server.StatsAsync("room", 10).Result;
            return stats is { Totals: { BitrateIn: > 50_000, BitrateOut: > 50_000 }, Viewers: [{ RoundTripMs: > 0 }] }
                && stats.Publishers[0].Tracks.All(t => t.Encodings[0].Bitrate > 0 && (t.Kind == TrackKind.Audio || t.Encodings[0].FrameRate > 1))
                && stats.Viewers[0].Subscriptions.Single(s => s.Kind == TrackKind.Video).Bitrate > 50_000;
        });

        Assert.Equal((1, 1, 1, 0), (stats!.Totals.Publishers, stats.Totals.Viewers, stats.Totals.Connected, stats.Totals.OverTcp));
        var anna = Assert.Single(stats.Publishers);
        Assert.Equal(("anna", "whip", "connected", "udp", "ipv4"), (anna.Identity, anna.Kind, anna.Transport.State, anna.Transport.Protocol, anna.Transport.Family));
        var camera = anna.Tracks.Single(t => t.Kind == TrackKind.Video);
        var encoding = Assert.Single(camera.Encodings);
        Assert.Equal(("vp8", 640, 360, true), (camera.Codec, encoding.Width, encoding.Height, encoding.Active));
        Assert.True(encoding is { Packets: > 10, Loss: < 0.5, FrameRate: > 1 }, encoding.ToString());

        var ben = Assert.Single(stats.Viewers);
        Assert.Equal(("ben", "whep", "connected", "udp"), (ben.Identity, ben.Kind, ben.Transport.State, ben.Transport.Protocol));
        Assert.InRange(ben.RoundTripMs!.Value, 0.001, 1_000);
        var picture = ben.Subscriptions.Single(s => s.Kind == TrackKind.Video);
        Assert.Equal((camera.TrackId, 640, 360, (string?)null), (picture.TrackId, picture.Layer!.Width, picture.Layer.Height, picture.Paused));
        Assert.True(picture.Bitrate > 50_000, picture.ToString());
        Assert.Null(await node.Server.StatsAsync("nobody-is-here", 10));

        // The sums of /metrics are of the same viewer.
        var sums = node.Server.Workers.Select(w => w.Counters.Viewers).Single(v => v.Count > 0);
        await publisher.SendUntilAsync(() => sums.Count > 2 && sums.Timed > 0);
        Assert.InRange(sums.RoundTrip / sums.Timed, 0.000_001, 1);
        Assert.InRange(sums.Loss / sums.Count, 0, 0.5);
    }

    [Fact]
    public async Task A_picture_that_stands_still_is_told_and_its_viewers_come_first()
    {
        await using var node = new TestNode();
        var anna = await node.JoinAsync(identity: "anna");
        var publisher = new SimulcastPublisher(await anna.PublishAsync(SimulcastPublisher.Plan));
        var ben = await node.JoinAsync(identity: "ben", publish: false);
        var track = (await ben.SubscribeAsync()).Tracks.Single(t => t.Kind == TrackKind.Video).TrackId;
        var cleo = await node.JoinAsync(identity: "cleo", publish: false);
        await cleo.SubscribeAsync();
        await publisher.SendUntilAsync(() => Stats(node).Viewers is [var a, var b] && Shown(a) == 1_280 && Shown(b) == 1_280, "both are shown the highest layer");
        Assert.Equal(["l", "m", "h"], Stats(node).Publishers.Single().Tracks.Single(t => t.Kind == TrackKind.Video).Encodings.Select(e => e.Rid));

        // Who does not want the picture does not miss it.
        await cleo.Participant.SetVideoAsync(track, new VideoPreference(0, 0, 0, Paused: true));
        await Wait.UntilAsync(() => Stats(node).Totals.Frozen == 1 && Stats(node).Publishers.Single().Tracks.Any(t => t.Freezes > 0), "the publisher falls silent");
        var frozen = Stats(node, viewers: 1);
        Assert.Equal(("ben", 2), (Assert.Single(frozen.Viewers).Identity, frozen.Totals.Viewers));
        var picture = frozen.Viewers[0].Subscriptions.Single(s => s.Kind == TrackKind.Video);
        Assert.True(picture is { Frozen: true, Freezes: > 0, FrozenMs: > 400 }, picture.ToString());
        Assert.True(frozen.Publishers.Single().Tracks.Single(t => t.Freezes > 0).Kind == TrackKind.Video);
        Assert.Equal("viewer", Stats(node).Viewers[1].Subscriptions.Single(s => s.Kind == TrackKind.Video).Paused);

        await publisher.SendUntilAsync(() => Stats(node).Totals.Frozen == 0, "the picture goes on");
        var after = Stats(node).Viewers.Single(v => v.Identity == "ben");
        Assert.True(after is { Freezes: > 0, FrozenMs: > 400 }, after.ToString());
    }

    private static RoomStats Stats(TestNode node, int viewers = 10) => node.Server.StatsAsync("room", viewers).Result!;

    private static int Shown(ViewerStats viewer) => viewer.Subscriptions.SingleOrDefault(s => s.Kind == TrackKind.Video)?.Layer?.Width ?? 0;
}
