using Events.Rtc.Client;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Rtc.Rooms;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>One whose network went away while its place is kept: what others are told, what it costs meanwhile, and how it goes on.</summary>
public class ReconnectScenarios
{
    private static readonly CameraPlan Plain = new(15, Bitrate.FromKilobits(300)) { HasLayers = false };

    [Fact]
    public void Others_are_told_of_a_network_that_went_away_and_came_back() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain, Plain], viewers: 1);
        var (lost, other, viewer) = (call.People[0], call.People[1], call.Viewer);
        simulation.AtSecond(10, () => lost.Up.Loss = lost.Down.Loss = 1);
        simulation.AtSecond(25, () => lost.Up.Loss = lost.Down.Loss = 0);
        simulation.RunTo(40);
        foreach (var told in (VirtualPerson[])[other, viewer])
        {
            Assert.Equal([("person-0", true), ("person-0", false)], told.Reconnections.Select(r => (r.Name, r.IsLost)));
            Assert.InRange(told.Reconnections[0].Second, 17, 21);
            Assert.InRange(told.Reconnections[1].Second, 25, 29);
        }

        Assert.Empty(lost.Reconnections); // It heard nothing, and it is not told of itself.
    });

    [Fact]
    public void A_bad_network_and_a_silent_camera_are_no_lost_connection() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain, Plain], viewers: 1);
        simulation.AtSecond(3, () => call.People.ForEach(person =>
        {
            person.Up.Loss = person.Down.Loss = 0.05;
            person.Up.Jitter = TimeSpan.FromMilliseconds(100);
        }));
        simulation.AtSecond(5, () => call.Publisher.Camera!.IsOff = true);
        simulation.RunTo(60);
        Assert.All(call.People, p => Assert.Empty(p.Reconnections));
    });

    /// <summary>A round for each transport that rests would be one every 10 ms over all that do not.</summary>
    [Fact]
    public void Who_has_no_consent_is_looked_after_ten_times_a_second_and_goes_on_at_once() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [Plain], viewers: 2, configure: o => o with { ConsentTimeout = TimeSpan.FromSeconds(5) });
        var (publisher, viewer) = (call.Publisher, call.Viewer);
        HashSet<MonotonicTime> publishing = [], watching = [];
        simulation.AtSecond(5, () => publisher.Up.Loss = viewer.Up.Loss = viewer.Down.Loss = 1);
        simulation.Every(TimeSpan.FromMilliseconds(5), () =>
        {
            if (simulation.Seconds is > 15 and < 16)
            {
                publishing.Add(publisher.Publishing!.NextTick);
                watching.Add(viewer.Transport!.NextTick);
            }
        });
        var back = 0.0;
        simulation.AtSecond(20.013, () =>
        {
            publisher.Up.Loss = viewer.Up.Loss = viewer.Down.Loss = 0;
            viewer.RestartIce();
            publisher.RestartPublishing();
            viewer.Arrived = (ClientReceiveTrack _, in RtpReader _, MonotonicTime _) => back = back == 0 ? simulation.Seconds : back;
        });
        simulation.RunTo(24);
        Assert.InRange(publishing.Count, 8, 12);
        Assert.InRange(watching.Count, 8, 12);
        // The check takes 25 ms, a keyframe there and back 50, to its viewer 25.
        Assert.InRange(back, 20.05, 20.2);
        Assert.Equal(0, call.Worker.Counters.Faults);
    });

    /// <summary>
    /// Longer than half a turn of sequence numbers goes by meanwhile: if they were spent, the viewer would take the next ones for old ones, and nonces would be used again.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Numbers_and_times_go_on_over_an_ice_restart(bool layers) => Scenario.Run(simulation =>
    {
        var fast = new CameraPlan(30, Bitrate.FromMegabits(19)) { HasLayers = layers, IsBurst = true };
        using var call = new VirtualCall(simulation, [fast], viewers: 1, configure: o => o with { ConsentTimeout = TimeSpan.FromSeconds(4) });
        var viewer = call.Viewer;
        Dictionary<ClientReceiveTrack, (uint Timestamp, MonotonicTime At)> last = [];
        List<double> errors = [];
        viewer.Arrived = (ClientReceiveTrack track, in RtpReader packet, MonotonicTime now) =>
        {
            if (last.TryGetValue(track, out var before) && now - before.At > TimeSpan.FromSeconds(1))
            {
                errors.Add(Math.Abs(((int)(packet.Timestamp.Value - before.Timestamp) / (double)track.Media.ClockRate) - (now - before.At).TotalSeconds));
            }

            last[track] = (packet.Timestamp.Value, now);
        };
        var (sent, spent) = (0L, 0L);
        simulation.AtSecond(5, () => viewer.Up.Loss = viewer.Down.Loss = 1);
        simulation.AtSecond(12, () => sent = Sent());
        simulation.AtSecond(31, () =>
        {
            spent = Sent() - sent;
            viewer.Up.Loss = viewer.Down.Loss = 0;
            viewer.RestartIce();
        });
        simulation.AtSecond(35, () => call.Publisher.Camera!.IsOff = true);
        simulation.RunTo(36);
        Assert.Equal((0, 0), (spent, viewer.Refused));
        Assert.True(call.Room.Tracks.Single(t => t.Kind == TrackKind.Video).Encodings[0].PacketsReceived > 60_000);
        var picture = viewer.Picture;
        Assert.Equal(Sent(), picture.Packets + picture.Lost - picture.Recoveries.Count); // Each number that was spent is known, and no other.
        Assert.Equal(2, errors.Count);
        Assert.All(errors, error => Assert.InRange(error, 0, 0.2));
        viewer.Captured.Expect(31.5, 35, 100, "after an ICE restart");
        Assert.Equal(0, call.Worker.Counters.Faults);

        long Sent() => viewer.Transport!.Subscriptions.Single(s => s.Track.Kind == TrackKind.Video).PacketsSent;
    });
}
