using System.Buffers.Binary;
using Events.Rtc.Transport;
using Events.Rtc.Transport.Tcp;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Tests.Rtc.Server.Tests.Transport;

public unsafe class FrameBufferTests
{
    /// <summary>Whatever the kernel takes, the stream stays whole datagrams in order, and only the oldest are missing.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_stream_is_whole_datagrams_in_order_however_it_is_taken(int seed)
    {
        var random = new Random(seed);
        using var rings = new BlockPool(4_096, 1);
        using var datagrams = new BlockPool(SendQueue.SlotBytes + 2, 1);
        var buffer = new FrameBuffer();
        var stream = new List<byte>();
        var vectors = stackalloc IoVector[3];
        int added = 0, dropped = 0;
        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(3) > 0)
            {
                var datagram = new byte[4 + random.Next(1_200)];
                BinaryPrimitives.WriteInt32BigEndian(datagram, added++);
                dropped += buffer.Add(datagram, rings);
            }
            else
            {
                var count = buffer.Fill(vectors, rings.BlockBytes);
                var waiting = 0;
                for (var i = 0; i < count; i++)
                {
                    waiting += (int)vectors[i].Length;
                }

                var take = random.Next(4) == 0 ? waiting : random.Next(waiting + 1);
                var left = take;
                for (var i = 0; i < count && left > 0; i++)
                {
                    var part = Math.Min(left, (int)vectors[i].Length);
                    stream.AddRange(new ReadOnlySpan<byte>(vectors[i].Base, part));
                    left -= part;
                }

                if (take > 0)
                {
                    buffer.Taken(take, rings, datagrams);
                }

                Assert.Equal(take == waiting, buffer.IsEmpty);
            }
        }

        var last = -1;
        var complete = 0;
        var at = 0;
        while (at + 2 <= stream.Count)
        {
            var length = (stream[at] << 8) | stream[at + 1];
            if (at + 2 + length > stream.Count)
            {
                break;
            }

            var number = BinaryPrimitives.ReadInt32BigEndian([stream[at + 2], stream[at + 3], stream[at + 4], stream[at + 5]]);
            Assert.True(number > last, "in order");
            last = number;
            complete++;
            at += 2 + length;
        }

        Assert.True(dropped > 100 && complete > 1_000, $"{dropped} dropped, {complete} complete");
        Assert.InRange(added - dropped - complete, 0, 4_096 / 6);
        buffer.Clear(rings, datagrams);
        Assert.Equal((0, 0), (rings.Rented, datagrams.Rented));
    }

    [Fact]
    public void Without_memory_the_new_datagram_is_the_one_that_goes()
    {
        using var rings = new BlockPool(4_096, 0);
        var buffer = new FrameBuffer();
        Assert.Equal(1, buffer.Add(new byte[100], rings));
        Assert.True(buffer.IsEmpty);
    }
}
