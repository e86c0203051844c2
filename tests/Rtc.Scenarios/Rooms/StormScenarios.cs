using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;
using Events.Tests.Rtc.Scenarios.Network;
using Xunit.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>What many viewers ask for together must not become many requests to the one who publishes, nor a flood to each of them.</summary>
public class StormScenarios(ITestOutputHelper output)
{
    private static readonly CameraPlan Plain = new(10, Bitrate.FromKilobits(250)) { HasLayers = false };
    private static readonly CameraPlan Layered = new(10, Bitrate.FromKilobits(60), Bitrate.FromKilobits(150), Bitrate.FromKilobits(300));

    /// <summary>With what is in the cache shown at once, and without; of one encoding, and of three that are all watched.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1_000)]
    [InlineData(3, 0)]
    public void Five_hundred_joins_in_ten_seconds_cost_one_keyframe_request_per_500_ms_and_layer(int layers, int replayMs)
    {
        const int Joins = 500;
        var simulation = new Simulation(seed: 1);
        using var call = new VirtualCall(
            simulation, [layers == 1 ? Plain : Layered], viewers: 0, o => o with { KeyframeReplay = TimeSpan.FromMilliseconds(replayMs) });
        var chance = simulation.Chance(77);
        for (var i = 0; i < Joins; i++)
        {
            var width = 320 << (i % layers);
            simulation.AtSecond(5 + (10 * chance.NextDouble()), () =>
            {
                var viewer = call.Join();
                viewer.Down.Loss = 0.02; // They ask for keyframes by themselves too.
                viewer.Prefer(new(width, width * 9 / 16, 0, Paused: false));
            });
        }

        simulation.RunTo(17);
        output.WriteLine($"{call.Publisher.Camera!.KeyframesAsked} keyframes were asked for");
        for (var layer = 0; layer < layers; layer++)
        {
            var asked = call.Publisher.Camera!.KeyframeRequests.Where(r => r.Layer == layer && r.Second >= 4).Select(r => r.Second).ToList();
            Assert.InRange(asked.Count, replayMs == 0 ? 10 : 1, (12 * 2) + 1);
            Assert.All(asked.Zip(asked.Skip(1)), pair => Assert.True(pair.Second - pair.First > 0.499, $"layer {layer}: {pair.First:F3} s, {pair.Second:F3} s"));
        }

        Assert.Equal(Joins, call.People.Count(p => p.Pictures.Any(v => v.Packets > 10)));
        Assert.Equal(0, call.Worker.Counters.Faults);
    }

    [Fact]
    public void What_is_on_its_way_again_is_not_sent_a_third_time() => Scenario.Run(simulation =>
    {
        using var call = new VirtualCall(simulation, [new(30, Bitrate.FromKilobits(1_500))], viewers: 1);
        var viewer = call.Viewer;
        viewer.Down.Delay = viewer.Up.Delay = TimeSpan.FromMilliseconds(95); // Its client asks every 50 ms: four times before the first answer can come.
        simulation.AtSecond(5, () => viewer.Down.Loss = 0.02);
        simulation.RunTo(35);
        var (again, lost) = (call.Worker.Counters.Retransmissions, viewer.Picture.Lost);
        Assert.True(lost > 50 && again < lost * 1.3, $"{lost} lost, {again} sent again; {call.Tell()}");
        Assert.True(viewer.Picture.Recoveries.Count > lost * 0.95, call.Tell());
    });

    [Fact]
    public void A_path_that_loses_half_is_sent_half_as_much_again_at_most() => Scenario.Run(simulation =>
    {
        var plan = new CameraPlan(30, Bitrate.FromKilobits(1_500));
        using var call = new VirtualCall(simulation, [plan], viewers: 2);
        var (bad, good) = (call.Viewers[0], call.Viewers[1]);
        simulation.AtSecond(5, () => bad.Down.Loss = 0.5);
        simulation.RunTo(5);
        var (before, packets) = (call.Worker.Counters.Retransmissions, good.Picture.Packets + good.AudioReceived);
        simulation.RunTo(6.5); // Then the estimate has seen it, and no picture is sent at all.
        var again = call.Worker.Counters.Retransmissions - before;
        var sent = good.Picture.Packets + good.AudioReceived - packets; // to each
        Assert.True(again > sent * 0.1, $"{again} of {sent} again"); // else nothing was tested
        Assert.True(again < sent * 0.6, $"{again} of {sent} again; {call.Tell()}");
        Assert.Empty(good.Picture.Gaps);
    });

    /// <summary>
    /// Field: loss that many subscribers feel. Nobody's picture stands still for half a second, nobody is without the largest one for long once estimates have
    /// risen to it, and repairing costs about what is lost.
    /// </summary>
    [Theory]
    [InlineData(LayerMode.Av1Full)]
    [InlineData(LayerMode.Av1Key)]
    [InlineData(LayerMode.Vp9Full)]
    [InlineData(LayerMode.Vp8Simulcast)]
    public void One_percent_of_loss_freezes_nobody_of_fifty_for_half_a_second(LayerMode mode)
    {
        const int Viewers = 50;
        var simulation = new Simulation(seed: 3);
        using var call = new VirtualCall(simulation, [new(30) { Mode = mode }], Viewers);
        var encoder = call.Publisher.Encoder!;
        call.Publisher.Up.Loss = call.Publisher.Down.Loss = 0.01;
        foreach (var viewer in call.Viewers)
        {
            viewer.Decoder = new VirtualDecoder(simulation, encoder);
            viewer.Down.Loss = viewer.Up.Loss = 0.01;
        }

        simulation.RunTo(5);
        var (before, asked) = (call.Worker.Counters.PacketsForwarded, encoder.KeyframesAsked);
        var pictures = call.Viewers.Select(v => v.Decoder!.Pictures).ToList();
        var again = call.Worker.Counters.Retransmissions;
        simulation.RunTo(25);
        var forwarded = call.Worker.Counters.PacketsForwarded - before;
        again = call.Worker.Counters.Retransmissions - again;
        var longest = call.Viewers.Max(v => { v.Decoder!.End(); return v.Decoder.LongestFreeze; });
        output.WriteLine($"{mode}: longest freeze {longest * 1_000:F0} ms, {again} of {forwarded} sent again, {encoder.KeyframesAsked - asked} keyframes asked for");
        Assert.All(call.Viewers.Zip(pictures), v => Assert.InRange(v.First.Decoder!.Pictures - v.Second, 20 * 30 * 0.8, (20 * 30) + 10));
        Assert.True(longest < 0.5, $"{mode}: {longest:F3} s");
        Assert.True(again < forwarded * 0.03, $"{again} of {forwarded} sent again");
        Assert.True(encoder.KeyframesAsked - asked < 20, $"{encoder.KeyframesAsked - asked} keyframes asked for");
        Assert.Equal(0, call.Worker.Counters.Faults);
    }
}
