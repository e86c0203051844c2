using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>A viewer answers what it takes of an offer; nothing is sent to lines that it does not take (RFC 3264 §6.1).</summary>
public class RefusalScenarios
{
    private static readonly CameraPlan Plain = new(25, Bitrate.FromKilobits(400)) { HasLayers = false };
    private static readonly CameraPlan Layered = new(25, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500)) { Resumes = TimeSpan.FromMilliseconds(100) };

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void What_an_answer_takes_back_is_not_sent_until_another_takes_it_again(bool layers, bool rejected) => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [layers ? Layered : Plain, Plain], viewers: 1);
        var viewer = call.Viewer;
        var camera = call.People[0].Camera!;
        simulation.AtSecond(5, () => viewer.AnswerAgain(line =>
        {
            if (line.Mid is "0" or "1") // Of the first publisher.
            {
                line.Direction = rejected ? line.Direction : SdpDirection.Inactive;
                line.Port = rejected ? 0 : line.Port;
            }
        }));
        var (heardBefore, heardBetween, asked) = (0L, 0L, 0L);
        simulation.AtSecond(5.2, () => heardBefore = viewer.AudioReceived);
        simulation.AtSecond(5.2, () => asked = camera.KeyframesAsked);
        simulation.AtSecond(14, () =>
        {
            heardBetween = viewer.AudioReceived - heardBefore;
            Assert.Equal(asked, camera.KeyframesAsked);
            var refused = viewer.Transport!.Subscriptions.Single(line => line.Mid == "1");
            Assert.Equal(("viewer", 0), (refused.PauseReason, refused.WatchedEncodings));
        });
        simulation.AtSecond(15, () => viewer.AnswerAgain(_ => { }));
        simulation.RunTo(20);

        var (gap, taken) = (Assert.Single(viewer.PictureOf(0).Gaps), viewer.PictureOf(0));
        Assert.InRange(gap.Second, 4.9, 5.3);
        Assert.InRange(gap.Second + gap.Length, 15, 15.5);
        Assert.Equal(0, taken.Lost); // No number was spent meanwhile.
        Assert.Empty(viewer.PictureOf(1).Gaps);
        Assert.InRange(heardBetween, 435, 445); // Fifty a second of the other publisher alone.
        Assert.Equal(0, call.Worker.Counters.Faults);
    });
}
