using Events.Rtc.Protocol.Streams;
using Events.Tests.Rtc.Protocol.Tests.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class ArrivalWindowTests
{
    [Fact]
    public void A_packet_arrives_once()
    {
        var window = default(ArrivalWindow);
        Assert.True(window.TryAdd(70_000));
        Assert.False(window.TryAdd(70_000));
        Assert.True(window.TryAdd(70_003));
        Assert.True(window.TryAdd(70_001));
        Assert.False(window.TryAdd(70_001));
        Assert.False(window.TryAdd(70_003));
    }

    [Fact]
    public void What_lies_before_the_window_cannot_be_told_and_is_refused()
    {
        var window = default(ArrivalWindow);
        window.TryAdd(70_000);
        window.TryAdd(70_000 + ArrivalWindow.Size - 1);
        Assert.False(window.TryAdd(70_000));
        Assert.True(window.TryAdd(70_001));
        Assert.False(window.TryAdd(69_999));
    }

    [Fact]
    public void It_agrees_with_a_set_of_all_arrivals() => Seeded.Run(200, random =>
    {
        var window = default(ArrivalWindow);
        var seen = new HashSet<long>();
        var highest = 65_536L;
        for (var i = 0; i < 3_000; i++)
        {
            var sequence = highest + random.Next(-1_200, random.Next(20) == 0 ? 1_500 : 4);
            var expected = (seen.Count == 0 || highest - sequence < ArrivalWindow.Size) && seen.Add(sequence);
            highest = seen.Count == 1 && expected ? sequence : Math.Max(highest, sequence);
            Assert.Equal(expected, window.TryAdd(sequence));
        }
    });
}
