using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>A picture of which nothing is sent takes no room from the others: that of a publisher who is gone, while its WHEP m-line waits for the next, and one that a moderator muted.</summary>
public class IdleTrackScenarios
{
    private const int Top = 2;

    private static readonly CameraPlan Layered = new(30, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500), Bitrate.FromKilobits(1_500));

    /// <summary>For one picture of the top layer, and not for another beside it.</summary>
    private static readonly Bitrate RoomForOne = Bitrate.FromKilobits(2_100);

    [Fact]
    public void The_picture_of_a_publisher_who_left_takes_no_room_of_who_watches_by_whep() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Layered, Layered], viewers: 0);
        var viewer = call.JoinElsewhere();
        simulation.AtSecond(4, () => viewer.Down.Capacity = RoomForOne);
        simulation.AtSecond(20, call.Publisher.Leave);
        simulation.RunTo(45); // Before the client of who left misses its consent.
        Assert.True(viewer.Pictures.Any(p => p.ShareAtOrAbove(Top, 10, 20) < 0.5), call.Tell());
        Assert.True(viewer.Pictures.Any(p => p.ShareAtOrAbove(Top, 35, 45) > 0.95), call.Tell());
    });

    [Fact]
    public void A_picture_that_a_moderator_muted_and_that_is_sent_all_the_same_takes_no_room() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Layered, Layered], viewers: 1);
        var viewer = call.Viewer;
        simulation.AtSecond(4, () => viewer.Down.Capacity = RoomForOne);
        simulation.AtSecond(20, () => Mute(call, muted: true));
        simulation.AtSecond(60, () => Mute(call, muted: false));
        simulation.RunTo(90);
        var (muted, other) = (viewer.PictureOf(0), viewer.PictureOf(1));
        Assert.True(other.ShareAtOrAbove(Top, 40, 60) > 0.95, call.Tell());
        Assert.Equal(0, muted.ShareAtOrAbove(0, 22, 60));
        Assert.True(muted.ShareAtOrAbove(0, 65, 90) > 0.95, call.Tell());
        Assert.Empty(viewer.Held);
    });

    private static void Mute(VirtualCall call, bool muted)
    {
        var track = call.Room.Tracks.First(t => t.Kind == TrackKind.Video).Id;
        Assert.True(call.Room.Moderation.Run(m => m.Apply(null, new RoomRequest.MuteTrack(track, muted))).Result.IsOk);
    }
}
