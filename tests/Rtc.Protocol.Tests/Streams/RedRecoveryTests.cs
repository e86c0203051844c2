using Events.Rtc.Client.Media;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class RedRecoveryTests
{
    private const int Opus = 111, Red = 63, Ssrc = 77;
    private const int First = 65_500; // The numbers wrap on the way.

    [Fact]
    public void Whatever_is_lost_repeated_or_overtaken_each_packet_is_given_once_as_it_was_and_all_that_can_be_had() =>
        Check.QuickThrowOnFailure(Prop.ForAll<int>(seed =>
        {
            var chance = new Random(seed);
            var loss = chance.NextDouble() * 0.5;
            var sent = Encode(chance, 400);
            var arriving = Enumerable.Range(0, sent.Count)
                .Where(i => i == 0 || chance.NextDouble() >= loss)
                .SelectMany(i => chance.Next(20) == 0 ? new[] { i, i } : [i])
                .OrderBy(i => i == 0 ? -1 : i + (chance.NextDouble() * 6))
                .ToList();
            var given = Unwrap(sent, arriving);

            var had = arriving.ToHashSet();
            var expected = Enumerable.Range(0, sent.Count).Where(i => had.Contains(i) || (had.Contains(i + 1) && sent[i + 1].Repeats)).ToList();
            Assert.Equal(expected, given.Select(g => g.Index).Order());
            Assert.All(given, g => Assert.Equal(sent[g.Index].Opus, g.Payload));
            Assert.All(given, g => Assert.Equal((uint)(g.Index * 960), g.Timestamp));
        }));

    [Fact]
    public void Nothing_from_before_the_beginning_is_recovered()
    {
        var recovery = default(RedRecovery);
        Assert.True(recovery.ReachesBack(10, 1));
        Assert.False(recovery.TryRecover(9));
        Assert.True(recovery.TryArrive(10));
        Assert.False(recovery.TryRecover(9));
        Assert.False(recovery.ReachesBack(11, 1));
        Assert.True(recovery.ReachesBack(11, 2));
        Assert.False(recovery.ReachesBack(9, 0));
    }

    [Fact]
    public void A_packet_that_arrives_after_it_was_recovered_is_not_given_again()
    {
        var recovery = default(RedRecovery);
        Assert.True(recovery.TryArrive(10));
        Assert.True(recovery.TryRecover(11));
        Assert.False(recovery.TryRecover(11));
        Assert.True(recovery.TryArrive(12));
        Assert.False(recovery.TryArrive(11));
    }

    [Fact]
    public void The_unwrapped_packet_keeps_its_header_and_leaves_redundancy_and_padding_behind()
    {
        Span<byte> bytes = stackalloc byte[200];
        var writer = new RtpPacketWriter(bytes, true, Red, new(5), new(960), Ssrc);
        writer.AddExtension(3, [9, 9]);
        writer.WritePayload(Convert.FromHexString("ef0f0002" + "6f" + "a1a2" + "b1b2b3"));
        writer.WritePadding(7);
        Assert.True(RtpReader.TryRead(bytes[..writer.Length], out var packet));
        Assert.True(RedPayload.TryRead(packet.Payload, out var red));
        Span<byte> written = stackalloc byte[200];
        var length = RedUnwrapper.WritePrimary(packet, red, written);
        Assert.True(RtpReader.TryRead(written[..length], out var primary));
        Assert.Equal((true, (byte)Opus, (ushort)5, 960u, (uint)Ssrc, 0), (primary.Marker, primary.PayloadType, primary.SequenceNumber.Value, primary.Timestamp.Value, primary.Ssrc, primary.PaddingLength));
        Assert.True(primary.TryGetExtension(3, out var extension) && extension.SequenceEqual(new byte[] { 9, 9 }));
        Assert.Equal("B1B2B3", Convert.ToHexString(primary.Payload));
        Assert.Equal(-1, RedUnwrapper.WritePrimary(packet, red, written[..(length - 1)]));
    }

    /// <summary>Most packets repeat the one before; some are plain, as Chromium's are when both do not fit.</summary>
    private static List<SentPacket> Encode(Random chance, int count)
    {
        var encoder = new RedEncoder(Opus);
        var sent = new List<SentPacket>();
        Span<byte> payload = stackalloc byte[60 + RedEncoder.MaxGrowth];
        Span<byte> packet = stackalloc byte[1_500];
        for (var i = 0; i < count; i++)
        {
            var opus = new byte[chance.Next(1, 60)];
            chance.NextBytes(opus);
            var length = encoder.Write(opus, new((uint)(i * 960)), payload);
            var isRed = chance.Next(8) != 0;
            var writer = new RtpPacketWriter(packet, false, (byte)(isRed ? Red : Opus), new((ushort)(First + i)), new((uint)(i * 960)), Ssrc);
            Assert.True(writer.WritePayload(isRed ? payload[..length] : opus));
            sent.Add(new(packet[..writer.Length].ToArray(), opus, isRed && i > 0));
        }

        return sent;
    }

    private static List<(int Index, uint Timestamp, byte[] Payload)> Unwrap(List<SentPacket> sent, List<int> arriving)
    {
        var recovery = default(RedRecovery);
        var arrived = new HashSet<int>();
        var given = new List<(int, uint, byte[])>();
        Span<byte> buffer = stackalloc byte[1_500];
        void Give(ReadOnlySpan<byte> bytes)
        {
            Assert.True(RtpReader.TryRead(bytes, out var packet));
            Assert.Equal(Opus, packet.PayloadType);
            given.Add(((ushort)(packet.SequenceNumber.Value - First), packet.Timestamp.Value, packet.Payload.ToArray()));
        }

        foreach (var index in arriving.Where(arrived.Add))
        {
            Assert.True(RtpReader.TryRead(sent[index].Bytes, out var packet));
            var extended = (long)First + index;
            if (packet.PayloadType == Red)
            {
                Assert.True(RedPayload.TryRead(packet.Payload, out var red));
                var age = red.OlderBlocks;
                foreach (var block in red)
                {
                    if (recovery.TryRecover(extended - age))
                    {
                        Give(buffer[..RedUnwrapper.WriteRecovered(packet, block, new((ushort)(extended - age)), buffer)]);
                    }

                    age--;
                }

                if (recovery.TryArrive(extended))
                {
                    Give(buffer[..RedUnwrapper.WritePrimary(packet, red, buffer)]);
                }
            }
            else if (recovery.TryArrive(extended))
            {
                Give(packet.Packet);
            }
        }

        return given;
    }

    private sealed record SentPacket(byte[] Bytes, byte[] Opus, bool Repeats);
}
