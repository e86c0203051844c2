using System.Globalization;
using Events.Rtc;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Rooms;
using Events.Rtc.Stats;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>People in one real room: some publish and watch, some only watch. They begin to watch after a second, when all are there.</summary>
internal sealed class VirtualCall : IDisposable
{
    private readonly VirtualNode _node;
    private readonly Simulation _simulation;

    public VirtualCall(Simulation simulation, CameraPlan camera, int publishers = 1, int viewers = 1)
        : this(simulation, [.. Enumerable.Repeat(camera, publishers)], viewers)
    {
    }

    /// <param name="simulation">The clock and the chance.</param>
    /// <param name="cameras">One for each publisher.</param>
    /// <param name="viewers">Those who only watch.</param>
    /// <param name="takesRed">Which of them, counted from 0, take sound with redundancy; null: none.</param>
    /// <param name="configure">What is other than usual.</param>
    /// <param name="ciphers">The node's; null: the usual.</param>
    /// <param name="random">The node's; null: of the simulation's seed.</param>
    public VirtualCall(
        Simulation simulation,
        IReadOnlyList<CameraPlan> cameras,
        int viewers,
        Func<RtcOptions, RtcOptions>? configure = null,
        Func<int, bool>? takesRed = null,
        ISrtpCipherFactory? ciphers = null,
        Func<Random>? random = null)
    {
        _simulation = simulation;
        _node = new VirtualNode(simulation, configure, ciphers, random);
        for (var i = 0; i < cameras.Count + viewers; i++)
        {
            People.Add(new VirtualPerson(simulation, _node, $"person-{i}", 10 * (i + 1), i < cameras.Count ? cameras[i] : null, takesRed?.Invoke(i - cameras.Count) ?? false));
        }

        Viewers = [.. People.Skip(cameras.Count)];
        People[0].Camera?.Speaks = true;
        simulation.AtSecond(1, () => People.ForEach(p => p.Watch()));
    }

    public List<VirtualPerson> People { get; } = [];

    public Simulation Simulation => _simulation;

    public Room Room => _node.Room;

    public MediaWorker Worker => _node.Worker;

    public ScriptedDtls Dtls => _node.Dtls;

    /// <summary>See <see cref="VirtualNode.Allocated"/>.</summary>
    public long Allocated => _node.Allocated;

    public IReadOnlyList<VirtualPerson> Viewers { get; private set; }

    public VirtualPerson Publisher => People[0];

    public VirtualPerson Viewer => Viewers[0];

    /// <summary>One more who watches what there is by now, and publishes if it has a camera.</summary>
    public VirtualPerson Join(CameraPlan? camera = null)
    {
        var person = new VirtualPerson(_simulation, _node, $"person-{People.Count}", 10 * (People.Count + 1), camera);
        People.Add(person);
        person.Watch();
        return person;
    }

    /// <summary>One more who watches on another worker than the room's own, from now on.</summary>
    public VirtualPerson JoinElsewhere()
    {
        var person = new VirtualPerson(_simulation, _node, $"person-{People.Count}", 10 * (People.Count + 1), null, elsewhere: _node.Elsewhere);
        People.Add(person);
        Viewers = [.. Viewers, person];
        return person;
    }

    /// <summary>Of all workers.</summary>
    public long Count(Func<WorkerCounters, long> counter) => _node.Workers.Sum(w => counter(w.Counters));

    /// <summary>What the node tells of the room.</summary>
    public RoomStats Stats() => RoomPart.Combine(_node.Room.Id, [RoomPart.Of(_node.Room, 10)], 10);

    /// <summary>Each one hears this part of what the others send, and no invariant broke.</summary>
    public void ExpectSound(double part)
    {
        Assert.Equal(0, _node.Worker.Counters.Faults);
        foreach (var person in People)
        {
            var sent = People.Where(p => p != person && p.Camera is not null).Sum(p => p.Camera!.AudioSent);
            // What was said before it watched does not count.
            var missed = 50 * 1.5 * People.Count(p => p != person && p.Camera is not null);
            Assert.True(person.AudioReceived >= (sent - missed) * part, $"{person.AudioReceived} of {sent} packets of sound; {Tell()}");
        }
    }

    /// <summary>What happened, for comparison and for a failure's message.</summary>
    public string Tell() => string.Join('\n', People.Select((p, i) => string.Create(
        CultureInfo.InvariantCulture,
        $"{_simulation.Seconds:F0} s, person {i}: {(p.Transport is { } t ? p.Estimate.ToString() : "-")}, held {p.Held.Count}, sound {p.AudioReceived}, keyframes asked {p.Camera?.KeyframesAsked}, down {p.Down.Delivered} delivered {p.Down.Dropped} dropped {p.Down.Lost} lost{string.Concat(p.Pictures.Select(v => $"\n    {v}"))}")))
        + $"\nnode: {_node.Worker.Counters.PacketsForwarded} forwarded, {_node.Worker.Counters.PacketsPaced} paced, {_node.Worker.Counters.PacerDropped} dropped, {_node.Worker.Counters.Retransmissions} again, {_node.Worker.Counters.PaddingSent} padding, {_node.Worker.Counters.Faults} faults";

    public void Dispose() => _node.Dispose();
}
