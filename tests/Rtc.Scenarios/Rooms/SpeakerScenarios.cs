using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Rooms;

/// <summary>Who speaks, as everybody in a large session is told, and that nobody does.</summary>
public class SpeakerScenarios
{
    private const int People = 60;

    private static readonly CameraPlan Plan = new(2, Bitrate.FromKilobits(20)) { HasLayers = false };

    [Fact]
    public void Sixty_people_are_told_who_speaks_and_once_that_nobody_does() => Scenario.Run(simulation =>
    {
        using var node = new VirtualNode(simulation);
        var people = Enumerable.Range(0, People).Select(i => new VirtualPerson(simulation, node, $"person-{i}", 10 * (i + 1), Plan)).ToList();
        Say(3, 5, 57);
        Say(8, 12, 3);
        Say(9, 11, 40);
        simulation.RunTo(20);

        var (first, second, third) = (people[57].Id, people[3].Id, people[40].Id);
        foreach (var told in people.Select(p => p.Speakers))
        {
            Assert.Equal(people[0].Speakers.Select(s => s.Second), told.Select(s => s.Second));
            Assert.Equal([first], Told(told, 3, 5.8));
            Assert.Empty(Told(told, 5.8, 6.2));
            Assert.Single(told, s => s.Second is > 5.8 and < 8); // Silence is told once, however many are silent.
            Assert.Equal([second], Told(told, 8, 9));
            Assert.Equal(new[] { second, third }.Order(), Told(told, 10.5, 11).Order());
            Assert.Empty(Told(told, 12.5, 13.2));
            Assert.DoesNotContain(told, s => s.Second > 13.2);
        }

        // Who spoke last is first, and nobody is forgotten.
        Assert.Equal(People, node.Room.RecentSpeakers.Count);
        Assert.Equal(new[] { second, third, first }.Order(), node.Room.RecentSpeakers.Take(3).Select(p => p.Id).Order());

        void Say(double from, double to, int who)
        {
            simulation.AtSecond(from, () => people[who].Camera!.Speaks = true);
            simulation.AtSecond(to, () => people[who].Camera!.Speaks = false);
        }
    });

    /// <summary>The last that was told in that time.</summary>
    private static IReadOnlyList<string> Told(IEnumerable<(double Second, IReadOnlyList<string> Ids)> told, double from, double to) =>
        told.Last(s => s.Second >= from && s.Second < to).Ids;
}
