using Events.Mixer.Frames;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Mixer.Tests.Frames;

public sealed class JitterBufferTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void Packets_reordered_within_the_wait_come_out_whole_and_in_order()
    {
        Check.QuickThrowOnFailure(Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var buffer = new JitterBuffer();
            var first = (ushort)random.Next(65_536);
            var order = Enumerable.Range(1, 300).OrderBy(i => i + (random.NextDouble() * 8)).Prepend(0).ToList();
            var taken = new List<uint>();
            for (var i = 0; i < order.Count; i++)
            {
                buffer.Add((ushort)(first + order[i]), (uint)order[i], false, i * Ms, [1]);
                while (buffer.TryTake(i * Ms, out var packet))
                {
                    Assert.False(packet.AfterGap);
                    taken.Add(packet.Timestamp);
                    JitterBuffer.Return(packet);
                }
            }

            Assert.Equal(Enumerable.Range(0, 301).Select(i => (uint)i), taken);
        }));
    }

    [Fact]
    public void A_gap_is_waited_for_half_a_second_and_then_told()
    {
        var buffer = new JitterBuffer();
        buffer.Add(10, 0, false, 0, [1]);
        Assert.True(buffer.TryTake(0, out _));
        buffer.Add(12, 2, false, 10 * Ms, [1]);
        Assert.False(buffer.TryTake(500 * Ms, out _));
        Assert.True(buffer.TryTake(510 * Ms, out var packet));
        Assert.True(packet.AfterGap);
        Assert.Equal(1, buffer.Gaps);

        buffer.Add(11, 1, false, 511 * Ms, [1]);
        Assert.False(buffer.TryTake(long.MaxValue, out _));
    }

    [Fact]
    public void It_never_holds_more_than_its_bound()
    {
        var buffer = new JitterBuffer();
        buffer.Add(0, 0, false, 0, [1]);
        Assert.True(buffer.TryTake(0, out _));
        for (var i = 2; i < 2_900; i++)
        {
            buffer.Add((ushort)i, 0, false, 0, [1]);
            while (buffer.TryTake(0, out var packet))
            {
                JitterBuffer.Return(packet);
            }
        }

        Assert.True(buffer.Count <= 2_048);
    }

    [Fact]
    public void A_new_sequence_far_away_begins_anew_with_a_gap()
    {
        var buffer = new JitterBuffer();
        buffer.Add(100, 0, false, 0, [1]);
        Assert.True(buffer.TryTake(0, out _));
        buffer.Add(30_000, 1, false, 0, [1]);
        Assert.True(buffer.TryTake(0, out var packet));
        Assert.True(packet.AfterGap);
    }
}
