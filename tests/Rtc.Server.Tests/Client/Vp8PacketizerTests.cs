using Events.Rtc.Client.Media;
using Events.Rtc.Protocol.Codecs;

namespace Events.Tests.Rtc.Server.Tests.Client;

public class Vp8PacketizerTests
{
    [Fact]
    public void Frames_of_any_size_come_back_whole_through_the_descriptor_reader()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        for (var round = 0; round < 300; round++)
        {
            var maxPayload = random.Next(Vp8Packetizer.DescriptorLength + 1, 1_300);
            var packetizer = new Vp8Packetizer(maxPayload, random.Next(0x8000));
            var frame = new byte[random.Next(1, 20_000)];
            random.NextBytes(frame);
            var rebuilt = new List<byte>();
            var fragments = packetizer.Split(frame);
            var buffer = new byte[maxPayload];
            var sawLast = false;
            while (fragments.TryNext(buffer, out var length, out var last))
            {
                Assert.True(Vp8Descriptor.TryRead(buffer.AsSpan(0, length), out var descriptor), $"seed {Seed}, round {round}");
                Assert.Equal(rebuilt.Count == 0, descriptor.IsStartOfFrame);
                Assert.Equal(15, descriptor.PictureIdBits);
                Assert.False(sawLast);
                rebuilt.AddRange(buffer.AsSpan(descriptor.Length, length - descriptor.Length));
                sawLast = last;
            }

            Assert.True(sawLast, $"seed {Seed}, round {round}");
            Assert.Equal(frame, rebuilt);
        }
    }

    [Fact]
    public void Picture_ids_count_frames_and_wrap_at_fifteen_bits()
    {
        var packetizer = new Vp8Packetizer(firstPictureId: 0x7FFF);
        Assert.Equal(0x7FFF, PictureIdOf(packetizer));
        Assert.Equal(0, PictureIdOf(packetizer));
        Assert.Equal(1, PictureIdOf(packetizer));
    }

    [Fact]
    public void Packets_of_one_frame_have_the_same_size_except_the_last()
    {
        var fragments = new Vp8Packetizer().Split(new byte[10_001]);
        var buffer = new byte[Vp8Packetizer.DefaultMaxPayload];
        var sizes = new List<int>();
        while (fragments.TryNext(buffer, out var length, out _))
        {
            sizes.Add(length);
        }

        Assert.Single(sizes.SkipLast(1).Distinct());
        Assert.True(sizes[^1] <= sizes[0]);
    }

    private static int PictureIdOf(Vp8Packetizer packetizer)
    {
        var fragments = packetizer.Split([1, 2, 3]);
        var buffer = new byte[64];
        Assert.True(fragments.TryNext(buffer, out var length, out _));
        Assert.True(Vp8Descriptor.TryRead(buffer.AsSpan(0, length), out var descriptor));
        return descriptor.PictureId;
    }
}
