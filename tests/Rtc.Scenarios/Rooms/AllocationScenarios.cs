using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;
using Events.Tests.Rtc.Scenarios.Network;
using Xunit.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>
/// What a worker allocates while networks are bad, counted exactly: virtual time has one thread, and what clients and links allocate is taken out. Real sockets and
/// threads are measured by the server's tests.
/// </summary>
public class AllocationScenarios(ITestOutputHelper output)
{
    private const int Viewers = 10;
    private static readonly CameraPlan Plain = new(30, Bitrate.FromKilobits(1_500)) { HasLayers = false };
    private static readonly CameraPlan Layered = new(30, Bitrate.FromKilobits(150), Bitrate.FromKilobits(500), Bitrate.FromKilobits(1_500));

    [Fact]
    public void Forwarding_allocates_nothing_at_five_percent_of_loss_each_way() => Measure(Plain, call => Lose(call, 0.05));

    [Fact]
    public void Forwarding_allocates_nothing_while_simulcast_layers_switch_and_packets_are_lost() => Measure(Layered, call =>
    {
        Lose(call, 0.05);
        Switch(call);
    });

    [Theory]
    [InlineData(LayerMode.Av1Full)]
    [InlineData(LayerMode.Vp9Full)]
    public void Forwarding_allocates_nothing_while_layers_of_one_stream_switch_and_packets_are_lost(LayerMode mode) => Measure(new(30) { Mode = mode }, call =>
    {
        foreach (var viewer in call.Viewers)
        {
            viewer.Decoder = new VirtualDecoder(call.Simulation, call.Publisher.Encoder!);
        }

        Lose(call, 0.05);
        Switch(call);
    });

    [Fact]
    public void Forwarding_allocates_nothing_to_viewers_on_another_worker_while_layers_switch_and_packets_are_lost() => Measure(
        Layered,
        call =>
        {
            Lose(call, 0.05);
            Switch(call);
        },
        spread: true);

    [Fact]
    public void Forwarding_allocates_nothing_while_packets_wait_for_thin_paths() => Measure(
        Layered,
        call =>
        {
            Lose(call, 0.01);
            for (var i = 0; i < Viewers; i++)
            {
                var down = call.Viewers[i].Down;
                // Each to its own beat, so that estimates fall and rise, and layers with them.
                var (thin, wide, beat) = (Bitrate.FromKilobits(200 + (i * 60)), Bitrate.FromKilobits(1_200), 3 + (i * 0.37));
                var isThin = false;
                call.Simulation.Every(TimeSpan.FromSeconds(beat), () => down.Capacity = (isThin = !isThin) ? thin : wide);
            }
        },
        most: 0.25); // Who is told that a picture is held back, or shown again, is told by a message of a few dozen bytes, whatever the number of packets.

    private void Measure(CameraPlan plan, Action<VirtualCall> disturb, bool spread = false, double most = 0.02)
    {
        var simulation = new Simulation(seed: 2);
        using var call = new VirtualCall(simulation, [plan], spread ? 0 : Viewers);
        for (var i = 0; spread && i < Viewers; i++)
        {
            call.JoinElsewhere();
        }

        simulation.AtSecond(3, () => disturb(call));
        simulation.RunTo(15); // The just-in-time compiler has seen all.
        var (fewest, repaired, seen) = (double.PositiveInfinity, 0L, new List<string>());
        for (var end = 25; end <= 75; end += 10)
        {
            var before = (call.Allocated, Forwarded: call.Count(c => c.PacketsForwarded), Again: call.Count(c => c.Retransmissions), Paced: call.Count(c => c.PacketsPaced));
            simulation.RunTo(end);
            var (allocated, forwarded) = (call.Allocated - before.Allocated, call.Count(c => c.PacketsForwarded) - before.Forwarded);
            var again = call.Count(c => c.Retransmissions) - before.Again;
            seen.Add($"{allocated} bytes for {forwarded} packets, {again} of them again, {call.Count(c => c.PacketsPaced) - before.Paced} paced");
            Assert.True(forwarded > 5_000, seen[^1]);
            repaired += again;
            fewest = Math.Min(fewest, allocated / (double)forwarded);
        }

        // What estimators remember grows with need and then stays, so there is a window in which nothing grows.
        output.WriteLine(string.Join("; ", seen));
        Assert.True(repaired > 200, string.Join("; ", seen)); // else the network was not bad
        Assert.True(fewest <= most, string.Join("; ", seen));
    }

    private static void Lose(VirtualCall call, double loss)
    {
        foreach (var person in call.People)
        {
            person.Down.Loss = person.Up.Loss = loss;
        }
    }

    /// <summary>Each viewer another layer every few hundred milliseconds.</summary>
    private static void Switch(VirtualCall call)
    {
        for (var i = 0; i < Viewers; i++)
        {
            var viewer = call.Viewers[i];
            var turn = i;
            call.Simulation.Every(TimeSpan.FromMilliseconds(300 + (i * 17)), () =>
            {
                var width = 320 << (turn++ % 3);
                viewer.Prefer(new(width, width * 9 / 16, 0, Paused: false));
            });
        }
    }
}
