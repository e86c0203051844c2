using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// Lips and voice at the viewer, through the real room: what its receiver is told by sender reports against when things were captured. Pictures take 200 ms longer to
/// the node than sound, on a line with jitter, so that a report which was made of arrivals would be wrong.
/// </summary>
public class LipSyncScenarios
{
    private static readonly CameraPlan Plain = new(30, Bitrate.FromKilobits(800)) { HasLayers = false };
    private static readonly CameraPlan Layered = new(30, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500), Bitrate.FromKilobits(1_500));
    private static readonly TimeSpan Longer = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(350);

    [Fact]
    public void Sound_and_picture_stay_within_45_ms_though_pictures_take_200_ms_longer() => Scenario.Run(simulation =>
    {
        using var call = Uneven(simulation, Plain);
        simulation.RunTo(30);
        // The first report of both may take as long as the publisher's first: a second, and the way.
        Assert.True(call.Viewer.Captured.KnownFrom < 3, $"told from {call.Viewer.Captured.KnownFrom:F1} s on");
        call.Viewer.Captured.Expect(1, 30, 1_500, "with an uneven way");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sound_and_picture_stay_together_after_each_kind_of_mute(bool hasLayers) => Scenario.Run(simulation =>
    {
        using var call = Uneven(simulation, Plain with { HasLayers = hasLayers });
        var picture = call.Room.Tracks.Single(t => t.Kind == TrackKind.Video);
        var sound = call.Room.Tracks.Single(t => t.Kind == TrackKind.Audio);
        simulation.AtSecond(8, () => call.Publisher.Camera!.IsOff = true);
        simulation.AtSecond(13, () => call.Publisher.Camera!.IsOff = false);
        simulation.AtSecond(18, () => call.Room.Silence(picture, true, null));
        simulation.AtSecond(20, () => call.Publisher.TakesLongerForPictures(Longest)); // A wait that nothing measures when nothing is sent.
        simulation.AtSecond(22.37, () => call.Room.Silence(picture, false, null));
        simulation.AtSecond(28, () => call.Room.Silence(sound, true, null));
        simulation.AtSecond(30, () => call.Publisher.Up.Delay = TimeSpan.FromMilliseconds(120));
        simulation.AtSecond(32.21, () => call.Room.Silence(sound, false, null));
        simulation.AtSecond(38, () => call.Viewer.Prefer(new(0, 0, 0, Paused: true)));
        simulation.AtSecond(41.7, () => call.Join()); // For it a keyframe is sent, from which on the past is shown at once after the pause.
        simulation.AtSecond(42.59, () => call.Viewer.Prefer(new(0, 0, 0, Paused: false)));
        simulation.RunTo(48);
        var captured = call.Viewer.Captured;
        captured.Expect(13, 18, 200, "after the camera was off");
        captured.Expect(22.4, 28, 200, "after a moderator's mute of the camera");
        captured.Expect(32.3, 38, 200, "after a moderator's mute of the microphone");
        captured.Expect(42.6, 48, 200, "after the viewer's pause");
    });

    [Fact]
    public void Sound_and_picture_stay_together_over_switches_of_simulcast_layers() => Scenario.Run(simulation =>
    {
        using var call = Uneven(simulation, Layered);
        var sizes = new[] { 320, 1_280, 640, 1_280, 320, 640 };
        for (var i = 0; i < 12; i++)
        {
            var size = sizes[i % sizes.Length];
            simulation.AtSecond(8 + (i * 2.3), () => call.Viewer.Prefer(new(size, size * 9 / 16, 0, Paused: false)));
        }

        // A pause in between, over which the way becomes longer.
        simulation.AtSecond(37, () => call.Viewer.Prefer(new(0, 0, 0, Paused: true)));
        simulation.AtSecond(38, () => call.Publisher.TakesLongerForPictures(Longest));
        simulation.AtSecond(41, () => call.Viewer.Prefer(new(1_280, 720, 0, Paused: false)));

        simulation.RunTo(46);
        Assert.True(call.Viewer.Picture.Changes.Count >= 12, call.Tell());
        call.Viewer.Captured.Expect(4, 46, 2_000, "over switches");
    });

    [Fact]
    public void Who_is_shown_the_present_at_once_has_sound_and_picture_together_from_then_on() => Scenario.Run(simulation =>
    {
        using var call = Uneven(simulation, Plain);
        VirtualPerson? second = null;
        VirtualPerson? late = null;
        simulation.AtSecond(10, () => second = call.Join()); // Its keyframe is fresh when the next one comes.
        simulation.AtSecond(10.9, () => late = call.Join());
        simulation.RunTo(20);
        Assert.True(late!.Captured.KnownFrom < 12, $"told from {late.Captured.KnownFrom:F1} s on");
        late.Captured.Expect(11.2, 20, 300, "who came late");
        second!.Captured.Expect(10.5, 20, 300, "who came before");
        call.Viewer.Captured.Expect(4, 20, 700, "who was there");
    });

    private static VirtualCall Uneven(Simulation simulation, CameraPlan plan)
    {
        var call = new VirtualCall(simulation, plan);
        call.Publisher.TakesLongerForPictures(Longer);
        call.Publisher.Up.Jitter = TimeSpan.FromMilliseconds(15);
        return call;
    }
}
