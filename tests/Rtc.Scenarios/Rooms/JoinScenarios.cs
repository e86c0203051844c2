using Events.Rtc.Client;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;
using Events.Tests.Rtc.Scenarios.Network;
using Xunit.Abstractions;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>How soon the present of a picture with layers is shown to who joins, or wants it again: a real room and references as encoders make them, in virtual time.</summary>
public class JoinScenarios(ITestOutputHelper output)
{
    private const int Joins = 60;

    /// <summary>A second of the past takes a 64th of it on the viewer's clock.</summary>
    private const int CompressedTicks = 90_000 / 64;

    private const int PictureTicks = 90_000 / 30;

    [Theory]
    [InlineData(LayerMode.Vp8Simulcast)]
    [InlineData(LayerMode.H264Simulcast)]
    [InlineData(LayerMode.Vp9Full)]
    [InlineData(LayerMode.Vp9KeyFlexible)]
    [InlineData(LayerMode.Av1Full)]
    [InlineData(LayerMode.Av1Key)]
    [InlineData(LayerMode.Av1Simulcast)]
    public void Who_joins_a_picture_with_layers_sees_the_present_at_once(LayerMode mode)
    {
        var waits = new List<double>();
        Scenario.Run(simulation =>
        {
            using var call = Start(simulation, mode);
            var chance = simulation.Chance(77);
            var joined = new List<Watched>();
            for (var i = 0; i < Joins; i++)
            {
                simulation.AtSecond(4 + (10 * chance.NextDouble()), () => joined.Add(new Watched(simulation, call, call.Join())));
            }

            simulation.RunTo(16);
            Assert.Equal(0, call.Worker.Counters.Faults);
            Assert.All(joined, j => j.ExpectWhole());
            waits.AddRange(joined.Select(j => j.Wait));
        });
        // Two links of 25 ms carry what makes the connection, twice there and back.
        Expect(waits, 0.15, 0.3, $"{mode}");
    }

    [Theory]
    [InlineData(LayerMode.Vp8Simulcast)]
    [InlineData(LayerMode.Vp9KeyFlexible)]
    [InlineData(LayerMode.Av1Full)]
    public void Who_shows_a_picture_again_sees_the_present_at_once(LayerMode mode)
    {
        var waits = new List<double>();
        Scenario.Run(simulation =>
        {
            using var call = Start(simulation, mode);
            var chance = simulation.Chance(77);
            var watched = Enumerable.Range(0, 10).Select(_ => new Watched(simulation, call, call.Join())).ToList();
            for (var second = 5.0; second < 14; second++)
            {
                var decides = second;
                foreach (var viewer in watched)
                {
                    var (off, on) = (decides + (0.3 * chance.NextDouble()), decides + 0.5 + (0.1 * chance.NextDouble()));
                    simulation.AtSecond(off, () => viewer.Person.Prefer(new(0, 0, 0, Paused: true)));
                    simulation.AtSecond(on, () =>
                    {
                        viewer.Decoder.Again();
                        viewer.Person.Prefer(new(0, 0, 0, Paused: false));
                    });
                    simulation.AtSecond(on + 0.35, () => waits.Add(viewer.Wait));
                }
            }

            simulation.RunTo(16);
            Assert.Equal(0, call.Worker.Counters.Faults);
            Assert.All(watched, v => Assert.Equal(0, v.Missing));
        });
        Expect(waits, 0.1, 0.3, $"{mode}");
    }

    /// <summary>The room spreads to another worker while packets of a frame wait for its last one.</summary>
    [Fact]
    public void The_first_viewer_on_another_worker_misses_nothing_of_the_frame_that_is_on_its_way() => Scenario.Run(simulation =>
    {
        const int Rooms = 8;
        var chance = simulation.Chance(77);
        var calls = Enumerable.Range(0, Rooms).Select(_ => new VirtualCall(
            simulation, [new CameraPlan(25, Bitrate.FromKilobits(1_500)) { HasLayers = false }], Events.Rtc.Rooms.TrackReceivers.HoldFromSubscribers)).ToList();
        var first = new List<VirtualPerson>();
        foreach (var call in calls)
        {
            // The keyframe is recent, so that the past is shown, up to what waits.
            simulation.AtSecond(1.5 + (0.04 * chance.NextDouble()), () =>
            {
                var viewer = call.JoinElsewhere();
                first.Add(viewer);
                simulation.After(TimeSpan.FromMilliseconds(30), viewer.Watch); // Once the tracks are known there.
            });
        }

        simulation.RunTo(5);
        Assert.All(first, viewer => Assert.True(viewer.Picture is { Lost: 0, Packets: > 250 }, $"{viewer.Picture}"));
        calls.ForEach(c => c.Dispose());
    });

    /// <summary>They leave, or look away and back, while what is older is still being sent to them: a group of three layers takes up to eight rounds.</summary>
    [Theory]
    [InlineData(LayerMode.Vp9Full)]
    [InlineData(LayerMode.Av1Full)]
    [InlineData(LayerMode.Vp8Simulcast)]
    public void Who_leaves_or_looks_away_while_the_past_is_sent_harms_nothing(LayerMode mode) => Scenario.Run(simulation =>
    {
        using var call = Start(simulation, mode);
        var chance = simulation.Chance(77);
        var stayed = new List<Watched>();
        for (var i = 0; i < Joins; i++)
        {
            var (leaves, at) = (i % 2 == 0, 4 + (10 * chance.NextDouble()));
            var (soon, later) = (at + 0.11 + (0.06 * chance.NextDouble()), at + 0.17 + (0.02 * chance.NextDouble()));
            simulation.AtSecond(at, () =>
            {
                var joined = new Watched(simulation, call, call.Join());
                if (leaves)
                {
                    simulation.AtSecond(soon, joined.Person.Leave);
                }
                else
                {
                    stayed.Add(joined);
                    simulation.AtSecond(soon, () => joined.Person.Prefer(new(0, 0, 0, Paused: true)));
                    simulation.AtSecond(later, () =>
                    {
                        joined.Decoder.Again();
                        joined.Person.Prefer(new(0, 0, 0, Paused: false));
                    });
                }
            });
        }

        simulation.RunTo(16);
        Assert.Equal(0, call.Worker.Counters.Faults);
        Assert.All(stayed, s => Assert.True(s.Wait < 0.7, $"{s.Wait:F3} s"));
        Assert.All(stayed, s => Assert.Equal((0, 0), (s.Missing, s.Repeated)));
    });

    [Fact]
    public void What_is_lost_of_the_past_comes_again() => Scenario.Run(simulation =>
    {
        using var call = Start(simulation, LayerMode.Vp8Simulcast);
        var joined = new List<Watched>();
        for (var i = 0; i < Joins; i++)
        {
            simulation.AtSecond(4 + (i / 6.0), () =>
            {
                var person = call.Join();
                person.Down.Loss = 0.05;
                joined.Add(new Watched(simulation, call, person));
            });
        }

        simulation.RunTo(16);
        Assert.Equal(0, call.Worker.Counters.Faults);
        // Of some thousand joins one loses its handshake, or the same packets, several times over.
        var waits = joined.Select(j => j.Wait).Order().ToList();
        Assert.True(waits[Joins / 2] < 0.2 && waits[^1] < 2, $"{waits[Joins / 2]:F3} s p50, {waits[^1]:F3} s at most");
        Assert.All(joined, j => Assert.Equal(0, j.Repeated));
    });

    private static VirtualCall Start(Simulation simulation, LayerMode mode)
    {
        var call = new VirtualCall(simulation, [new(30) { Mode = mode }], viewers: 1);
        call.Viewer.Decoder = new VirtualDecoder(simulation, call.Publisher.Encoder!);
        return call;
    }

    private void Expect(List<double> waits, double middle, double longest, string what)
    {
        waits.Sort();
        what = $"{what}: {waits[waits.Count / 2] * 1_000:F0} ms p50, {waits[waits.Count * 9 / 10] * 1_000:F0} ms p90, {waits[^1] * 1_000:F0} ms at most";
        output.WriteLine(what);
        Assert.All(waits, w => Assert.False(double.IsNaN(w)));
        Assert.True(waits[waits.Count / 2] < middle && waits[^1] < longest, what);
    }

    /// <summary>What one viewer is given from its first packet on.</summary>
    private sealed class Watched
    {
        private readonly SortedDictionary<int, uint> _timestamps = [];
        private int _highest = -1;
        private uint _present;

        public Watched(Simulation simulation, VirtualCall call, VirtualPerson person)
        {
            Person = person;
            person.Decoder = Decoder = new VirtualDecoder(simulation, call.Publisher.Encoder!);
            person.Arrived = Add;
        }

        public VirtualPerson Person { get; }

        public VirtualDecoder Decoder { get; }

        /// <summary>Until it saw the present; not a number: it has not yet.</summary>
        public double Wait => Decoder.FirstPresent - Decoder.Since;

        public int Repeated { get; private set; }

        /// <summary>Numbers between the first and the last.</summary>
        public int Missing => _timestamps.Keys.Last() - _timestamps.Keys.First() + 1 - _timestamps.Count;

        public void ExpectWhole()
        {
            Assert.Equal((0, 0), (Missing, Repeated));
            Assert.True(Decoder.LongestFreeze < 0.3, $"{Decoder.LongestFreeze:F3} s");
            // Time does not go back, and what was sent of the past is no second long on the viewer's clock.
            var steps = _timestamps.Values.Zip(_timestamps.Values.Skip(1), (earlier, later) => (int)(later - earlier)).ToList();
            Assert.All(steps, s => Assert.InRange(s, 0, 90_000 / 2));
            Assert.InRange((int)(_present - _timestamps.Values.First()), 0, CompressedTicks + (4 * PictureTicks));
        }

        private void Add(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now)
        {
            Assert.Equal(MediaKind.Video, track.Media.Kind);
            var sequence = packet.SequenceNumber.Value;
            var extended = _highest < 0 ? sequence : _highest + (short)(sequence - (ushort)_highest);
            _highest = Math.Max(_highest, extended);
            _present = double.IsNaN(Decoder.FirstPresent) ? packet.Timestamp.Value : _present;
            Repeated += _timestamps.TryAdd(extended, packet.Timestamp.Value) ? 0 : 1;
        }
    }
}
