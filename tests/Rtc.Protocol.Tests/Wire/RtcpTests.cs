using System.Text;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class RtcpTests
{
    [Fact]
    public void Compound_of_every_type_reads_back_in_order()
    {
        var buffer = new byte[1_000];
        var writer = new RtcpWriter(buffer);
        var block = new ReportBlock(10, 25, -3, 0x0001_FFFF, 40, 50, 60);
        Assert.True(writer.WriteSenderReport(1, new(0x1122_3344_5566_7788), new(9), 100, 20_000, [block, block with { Ssrc = 11 }]));
        Assert.True(writer.WriteReceiverReport(2, [block with { CumulativeLost = 0x7F_FFFF }]));
        Assert.True(writer.WriteSdesCname(3, "someone@events"u8));
        Assert.True(writer.WriteNack(4, 5, [65_534, 65_535, 0, 14, 15, 100]));
        Assert.True(writer.WritePli(6, 7));
        Assert.True(writer.WriteFir(8, 9, 200));
        Assert.True(writer.WriteRemb(10, Bitrate.FromMegabits(2.5), [11, 12]));
        Assert.True(writer.WriteBye(13));

        var reader = new RtcpReader(buffer.AsSpan(0, writer.Length));
        Assert.True(reader.TryReadNext(out var packet));
        Assert.True(SenderReport.TryRead(packet, out var sender));
        Assert.False(ReceiverReport.TryRead(packet, out _));
        Assert.Equal(1u, sender.Ssrc);
        Assert.Equal(0x1122_3344_5566_7788UL, sender.NtpTime.Value);
        Assert.Equal(9u, sender.RtpTimestamp.Value);
        Assert.Equal(100u, sender.PacketCount);
        Assert.Equal(20_000u, sender.OctetCount);
        Assert.Equal(2, sender.BlockCount);
        Assert.Equal(block, sender.GetBlock(0));
        Assert.Equal(block with { Ssrc = 11 }, sender.GetBlock(1));

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(ReceiverReport.TryRead(packet, out var receiver));
        Assert.Equal(2u, receiver.Ssrc);
        Assert.Equal(0x7F_FFFF, receiver.GetBlock(0).CumulativeLost);

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(Sdes.TryRead(packet, out var sdes));
        Assert.True(sdes.TryGetCname(3, out var cname));
        Assert.Equal("someone@events", Encoding.UTF8.GetString(cname));
        Assert.False(sdes.TryGetCname(4, out _));

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(Nack.TryRead(packet, out var nack));
        Assert.Equal(4u, nack.SenderSsrc);
        Assert.Equal(5u, nack.MediaSsrc);
        Assert.Equal(8 + (3 * 4), packet.Body.Length);
        Assert.Equal([65_534, 65_535, 0, 14, 15, 100], Lost(nack));

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(Pli.TryRead(packet, out var pli));
        Assert.Equal(new Pli(6, 7), pli);

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(Fir.TryRead(packet, out var fir));
        Assert.Equal(8u, fir.SenderSsrc);
        Assert.Equal(1, fir.Count);
        Assert.Equal(new FirEntry(9, 200), fir.GetEntry(0));

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(Remb.TryRead(packet, out var remb));
        Assert.Equal(10u, remb.SenderSsrc);
        Assert.InRange(remb.Bitrate.BitsPerSecond, 2_499_990, 2_500_000);
        Assert.Equal(2, remb.SsrcCount);
        Assert.Equal(12u, remb.GetSsrc(1));

        Assert.True(reader.TryReadNext(out packet));
        Assert.True(Bye.TryRead(packet, out var bye));
        Assert.Equal(13u, bye.GetSsrc(0));
        Assert.False(reader.TryReadNext(out _));
        Assert.False(reader.Malformed);
    }

    [Fact]
    public void Bytes_on_the_wire_are_those_of_the_specifications()
    {
        var buffer = new byte[100];
        var writer = new RtcpWriter(buffer);
        Assert.True(writer.WritePli(1, 2)); // RFC 4585 §6.3.1
        Assert.True(writer.WriteNack(1, 2, [0x1234, 0x1235, 0x1244])); // RFC 4585 §6.2.1
        Assert.True(writer.WriteRemb(1, new(1_000_000), [2])); // 1,000,000 = 250,000 << 2
        Assert.True(writer.WriteSdesCname(1, "ab"u8));
        Assert.Equal(
            "81CE0002" + "00000001" + "00000002"
            + "81CD0003" + "00000001" + "00000002" + "12348001"
            + "8FCE0005" + "00000001" + "00000000" + "52454D42" + "010BD090" + "00000002"
            + "81CA0003" + "00000001" + "0102" + "6162" + "00000000",
            Convert.ToHexString(buffer.AsSpan(0, writer.Length)));
    }

    [Fact]
    public void Reduced_size_and_padded_packets_are_read()
    {
        // A PLI alone, with four bytes of padding.
        var reader = new RtcpReader(Convert.FromHexString("a1ce0003" + "00000001" + "00000002" + "00000004"));
        Assert.True(reader.TryReadNext(out var packet));
        Assert.Equal(8, packet.Body.Length);
        Assert.True(Pli.TryRead(packet, out _));
    }

    [Theory]
    [InlineData("81ce0003000000010000000200", true)] // longer than the datagram
    [InlineData("81ce00", true)] // no whole header
    [InlineData("41ce0002" + "0000000100000002", true)] // version 1
    [InlineData("a1ce0002" + "0000000100000000", true)] // a padding count of zero
    [InlineData("a1ce0002" + "000000010000000c", true)] // more padding than body
    [InlineData("", false)]
    public void Malformed_packet_ends_the_walk(string hex, bool malformed)
    {
        var reader = new RtcpReader(Convert.FromHexString(hex));
        Assert.False(reader.TryReadNext(out _));
        Assert.Equal(malformed, reader.Malformed);
        Assert.False(reader.TryReadNext(out _));
    }

    [Fact]
    public void Remb_rate_beyond_63_bits_is_refused()
    {
        var body = "8fce0005" + "00000001" + "00000000" + "52454d42" + "01ffffff" + "00000002";
        var reader = new RtcpReader(Convert.FromHexString(body));
        Assert.True(reader.TryReadNext(out var packet));
        Assert.False(Remb.TryRead(packet, out _));
    }

    [Fact]
    public void Lost_numbers_survive_the_round_trip() => Seeded.Run(300, random =>
    {
        var next = random.Next(65_536);
        var lost = new ushort[random.Next(1, 100)];
        for (var i = 0; i < lost.Length; i++)
        {
            lost[i] = (ushort)next;
            next += random.Next(4) == 0 ? random.Next(1, 300) : random.Next(1, 4);
        }

        var buffer = random.Bytes(600);
        var writer = new RtcpWriter(buffer);
        Assert.True(writer.WriteNack(1, 2, lost));
        var reader = new RtcpReader(buffer.AsSpan(0, writer.Length));
        Assert.True(reader.TryReadNext(out var packet));
        Assert.True(Nack.TryRead(packet, out var nack));
        Assert.Equal(lost.Select(number => (int)number), Lost(nack));
    });

    [Fact]
    public void Packet_that_does_not_fit_leaves_the_compound_as_it_was()
    {
        for (var size = 0; size < 100; size++)
        {
            var writer = new RtcpWriter(new byte[size]);
            var fits = writer.WriteReceiverReport(1);
            Assert.Equal(size >= 8, fits);
            Assert.Equal(size >= 8 + 12, writer.WritePli(1, 2));
            var before = writer.Length;
            Assert.False(writer.WriteSenderReport(1, default, default, 1, 2, new ReportBlock[4]));
            Assert.False(writer.WriteReceiverReport(1, new ReportBlock[32]));
            Assert.False(writer.WriteSdesCname(1, new byte[256]));
            Assert.Equal(before, writer.Length);
        }
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        var buffer = new byte[1_000];
        var writer = new RtcpWriter(buffer);
        writer.WriteSenderReport(1, default, default, 1, 2, new ReportBlock[2]);
        writer.WriteReceiverReport(1, new ReportBlock[1]);
        writer.WriteSdesCname(1, "name"u8);
        writer.WriteNack(1, 2, [1, 2, 3, 50]);
        writer.WriteFir(1, 2, 3);
        writer.WriteRemb(1, new(1_000), [1, 2, 3]);
        writer.WriteTransportFeedback(
            1, 2, 3, new(4), [new(0), MonotonicTime.Never, new(1_000_000), new(500_000_000), new(0)], out _);
        writer.WritePli(1, 2);
        writer.WriteBye(1);
        Seeded.Torment(buffer[..writer.Length], ReadAll);

        // One packet at a time, so that a mutation does not end the walk before the packet it could hurt.
        var offset = 0;
        while (offset < writer.Length)
        {
            var length = (((buffer[offset + 2] << 8) | buffer[offset + 3]) + 1) * 4;
            Seeded.Torment(buffer[offset..(offset + length)], ReadAll);
            offset += length;
        }
    }

    internal static void ReadAll(byte[] bytes)
    {
        var reader = new RtcpReader(bytes);
        while (reader.TryReadNext(out var packet))
        {
            if (SenderReport.TryRead(packet, out var sender))
            {
                for (var i = 0; i < sender.BlockCount; i++)
                {
                    sender.GetBlock(i);
                }
            }

            if (ReceiverReport.TryRead(packet, out var receiver))
            {
                for (var i = 0; i < receiver.BlockCount; i++)
                {
                    receiver.GetBlock(i);
                }
            }

            if (Sdes.TryRead(packet, out var sdes))
            {
                sdes.TryGetCname(1, out _);
                sdes.TryGetCname(2, out _);
            }

            if (Bye.TryRead(packet, out var bye))
            {
                for (var i = 0; i < bye.Count; i++)
                {
                    bye.GetSsrc(i);
                }
            }

            if (Nack.TryRead(packet, out var nack))
            {
                Lost(nack);
            }

            if (Fir.TryRead(packet, out var fir))
            {
                for (var i = 0; i < fir.Count; i++)
                {
                    fir.GetEntry(i);
                }
            }

            if (Remb.TryRead(packet, out var remb))
            {
                for (var i = 0; i < remb.SsrcCount; i++)
                {
                    remb.GetSsrc(i);
                }
            }

            if (TransportFeedback.TryRead(packet, out var feedback))
            {
                var count = 0;
                foreach (var status in feedback)
                {
                    count++;
                    Assert.True(status.Received || status.DeltaMicroseconds == 0);
                }

                Assert.Equal(feedback.StatusCount, count);
            }

            Pli.TryRead(packet, out _);
        }
    }

    private static List<int> Lost(Nack nack)
    {
        var numbers = new List<int>();
        foreach (var number in nack)
        {
            numbers.Add(number.Value);
        }

        return numbers;
    }
}
