using System.Buffers.Binary;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding;

public class StreamRewriterTests
{
    private readonly byte[] _out = new byte[256];

    [Fact]
    public void The_payload_stays_and_the_header_becomes_the_subscribers()
    {
        var rewriter = Started(1_000, 500, 90_000);
        var packet = Write(ref rewriter, Packet(500, 90_000, [1, 2, 3], marker: true));
        Assert.Equal((1_000, 90_000u, 0xABCDu, (byte)101, true), packet.Header);
        Assert.Equal([1, 2, 3], packet.Payload);
    }

    [Fact]
    public void Every_packet_carries_the_number_that_it_leaves_with_and_the_orientation_beside_it()
    {
        var element = CongestionElement.Of(new() { TransportCc = 3, AbsSendTime = 0 });
        var rewriter = new StreamRewriter(0xABCD, 1_000);
        rewriter.Configure(101, 4, 13, element);
        rewriter.Rebase(500, 0, 0, TimeSpan.Zero, null, 90_000);
        var incoming = new byte[128];
        var writer = new RtpPacketWriter(incoming, false, 96, new(500), new(0), 7);
        writer.AddExtension(4, [2]);
        writer.WritePayload([9, 8, 7]);
        Assert.True(RtpReader.TryRead(incoming.AsSpan(0, writer.Length), out var source));
        Array.Fill(_out, (byte)0xEE);
        var length = rewriter.Write(source, _out, out var headerLength);
        CongestionElement.StampNumber(_out, 0x1234);
        Assert.True(RtpReader.TryRead(_out.AsSpan(0, length), out var sent));
        Assert.Equal(headerLength, sent.HeaderLength);
        Assert.True(sent.TryGetExtension(3, out var number) && number.SequenceEqual((byte[])[0x12, 0x34]));
        Assert.True(sent.TryGetExtension(13, out var orientation) && orientation.SequenceEqual((byte[])[2]));
        Assert.Equal([9, 8, 7], sent.Payload.ToArray());
    }

    [Fact]
    public void An_id_that_the_one_byte_form_has_not_is_not_written()
    {
        var rewriter = new StreamRewriter(0xABCD, 1_000);
        rewriter.Configure(101, 4, 17); // Its lower four bits are another extension's id.
        rewriter.Rebase(500, 0, 0, TimeSpan.Zero, null, 90_000);
        var incoming = new byte[128];
        var writer = new RtpPacketWriter(incoming, false, 96, new(500), new(0), 7);
        writer.AddExtension(4, [2]);
        writer.WritePayload([9, 8, 7]);
        Assert.True(RtpReader.TryRead(incoming.AsSpan(0, writer.Length), out var source));
        var length = rewriter.Write(source, _out, out _);
        Assert.True(RtpReader.TryRead(_out.AsSpan(0, length), out var sent));
        Assert.False(sent.TryGetExtension(1, out _) || sent.TryGetExtension(17, out _));
        Assert.Equal([9, 8, 7], sent.Payload.ToArray());
    }

    [Fact]
    public void The_time_of_sending_is_six_bits_of_seconds_and_eighteen_of_their_fraction()
    {
        var element = CongestionElement.Of(new() { AbsSendTime = 2 });
        var rewriter = new StreamRewriter(0xABCD, 1_000);
        rewriter.Configure(101, 0, 0, element);
        rewriter.Rebase(500, 0, 0, TimeSpan.Zero, null, 90_000);
        Assert.True(RtpReader.TryRead(Packet(500, 0, [1]), out var source));
        var length = rewriter.Write(source, _out, out _);
        CongestionElement.StampTime(_out, MonotonicTime.FromMilliseconds(65_500)); // 64 s wrap, 1.5 s remain.
        Assert.True(RtpReader.TryRead(_out.AsSpan(0, length), out var sent));
        Assert.True(sent.TryGetExtension(2, out var time));
        Assert.Equal(3 << 17, (time[0] << 16) | (time[1] << 8) | time[2]);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(1_200)]
    public void Padding_is_a_packet_without_payload(int bytes)
    {
        var packet = new byte[512];
        Array.Fill(packet, (byte)0xEE);
        var length = PaddingPacket.Write(packet, 97, 5, new(9), new(8), CongestionElement.Of(new() { TransportCc = 3 }), bytes, out var headerLength);
        Assert.Equal(Math.Min(bytes, 275), length);
        CongestionElement.StampNumber(packet, 77);
        Assert.True(RtpReader.TryRead(packet.AsSpan(0, length), out var sent));
        Assert.Equal((20, 0, (byte)97), (headerLength, sent.Payload.Length, sent.PayloadType));
        Assert.True(sent.TryGetExtension(3, out var number) && number.SequenceEqual((byte[])[0, 77]));
    }

    [Fact]
    public void Another_source_continues_number_and_time()
    {
        var rewriter = Started(65_534, 500, 90_000);
        Write(ref rewriter, Packet(500, 90_000, [1]));
        Write(ref rewriter, Packet(501, 93_000, [2]));
        rewriter.Rebase(40_000, 7, 0, TimeSpan.FromMilliseconds(33), null, 90_000);
        Assert.Equal((0, 93_000u + 2_970, 0xABCDu, (byte)101, false), Write(ref rewriter, Packet(40_000, 7, [3])).Header);
        Assert.Equal(40_000, rewriter.SourceSequence(0));
        Assert.Equal(95_970u + 10, rewriter.Timestamp(17));
    }

    [Theory]
    [InlineData(96_500u, 96_500u)] // By their clocks the new source's packet was captured 39 ms after the last one, whenever it came.
    [InlineData(93_000u + 200_000, 93_000u + 2_970)] // More than a second off: the time that went by is more credible.
    [InlineData(92_000u, 93_001u)] // Before the last one: time does not go back.
    public void Clocks_that_are_known_place_another_source(uint aligned, uint expected)
    {
        var rewriter = Started(1_000, 500, 90_000);
        Write(ref rewriter, Packet(501, 93_000, [2]));
        rewriter.Rebase(40_000, 7, 0, TimeSpan.FromMilliseconds(33), aligned, 90_000);
        Assert.Equal(expected, Write(ref rewriter, Packet(40_000, 7, [3])).Header.Timestamp);
    }

    [Fact]
    public void A_past_that_is_shown_at_once_lies_before_the_present_and_after_what_was_sent()
    {
        var rewriter = Started(1_000, 500, 90_000);
        Write(ref rewriter, Packet(501, 93_000, [2]));
        // A second of the past, of which all but the last frame was missed: the present is 3,000 ticks after what was sent last.
        rewriter.Rebase(600, 190_000, 90_000, TimeSpan.FromMilliseconds(33), 96_000, 90_000);
        rewriter.CompressBefore(190_000);
        var past = Write(ref rewriter, Packet(600, 100_000, [3])).Header.Timestamp;
        var present = Write(ref rewriter, Packet(630, 190_000, [4])).Header.Timestamp;
        Assert.Equal((96_000u - (90_000 / 64), 96_000u), (past, present));
        // And where that would lie before it, everything moves on together.
        rewriter.Rebase(700, 290_000, 90_000, TimeSpan.Zero, 96_500, 90_000);
        rewriter.CompressBefore(290_000);
        Assert.Equal(96_001u, Write(ref rewriter, Packet(700, 200_000, [5])).Header.Timestamp);
    }

    [Fact]
    public void A_late_packet_does_not_move_the_end()
    {
        var rewriter = Started(1_000, 500, 0);
        Write(ref rewriter, Packet(500, 0, [1]));
        Write(ref rewriter, Packet(502, 6_000, [3]));
        Assert.Equal(1_001, Write(ref rewriter, Packet(501, 3_000, [2])).Header.Sequence);
        rewriter.Rebase(9, 9, 0, TimeSpan.FromMilliseconds(33), null, 90_000);
        Assert.Equal((1_003, 8_970u), (Write(ref rewriter, Packet(9, 9, [4])) is var next ? (next.Header.Sequence, next.Header.Timestamp) : default));
    }

    [Fact]
    public void Only_what_was_sent_of_this_source_can_be_asked_for_again()
    {
        var rewriter = Started(1_000, 500, 0);
        Assert.False(rewriter.WasSent(1_000));
        Write(ref rewriter, Packet(500, 0, [1]));
        Write(ref rewriter, Packet(505, 0, [2]));
        Assert.True(rewriter.WasSent(1_000) && rewriter.WasSent(1_003) && rewriter.WasSent(1_005));
        Assert.False(rewriter.WasSent(999) || rewriter.WasSent(1_006));
        rewriter.Rebase(40_000, 0, 0, TimeSpan.Zero, null, 90_000);
        Assert.False(rewriter.WasSent(1_005));
        Write(ref rewriter, Packet(40_000, 0, [3]));
        Assert.True(rewriter.WasSent(1_006));
        Assert.False(rewriter.WasSent(1_005)); // Of the old source: its number now means another packet.
    }

    [Fact]
    public void A_long_run_still_knows_its_recent_packets()
    {
        var rewriter = Started(1_000, 0, 0);
        for (var i = 0; i < 100_000; i++)
        {
            Write(ref rewriter, Packet((ushort)i, 0, [1]));
        }

        Assert.True(rewriter.WasSent(unchecked((ushort)(1_000 + 99_999))) && rewriter.WasSent(unchecked((ushort)(1_000 + 99_000))));
        Assert.False(rewriter.WasSent(unchecked((ushort)(1_000 + 100_000))));
    }

    [Fact]
    public void A_retransmission_leads_with_the_original_number()
    {
        var rewriter = Started(1_000, 500, 0);
        Write(ref rewriter, Packet(500, 3_000, [1, 2]));
        Assert.True(RtpReader.TryRead(Packet(500, 3_000, [1, 2]), out var source));
        var length = rewriter.WriteRetransmission(source, _out, 102, 0xEF01, 77, out var headerLength);
        Assert.True(RtpReader.TryRead(_out.AsSpan(0, length), out var packet));
        Assert.Equal((77, 0xEF01u, (byte)102), (packet.SequenceNumber.Value, packet.Ssrc, packet.PayloadType));
        Assert.Equal(1_000, BinaryPrimitives.ReadUInt16BigEndian(packet.Payload));
        Assert.Equal([1, 2], packet.Payload[2..].ToArray());
        Assert.Equal(12, headerLength);
    }

    [Fact]
    public void Only_the_orientation_travels_on()
    {
        var rewriter = new StreamRewriter(0xABCD, 1);
        rewriter.Configure(101, orientationIn: 4, orientationOut: 9);
        rewriter.Rebase(5, 0, 0, TimeSpan.Zero, null, 90_000);
        var buffer = new byte[128];
        var writer = new RtpPacketWriter(buffer, false, 96, new SequenceNumber(5), new RtpTimestamp(0), 1);
        writer.AddExtension(3, [0xEE, 0xEE]);
        writer.AddExtension(4, [2]);
        Assert.True(writer.WritePayload([1]));
        Assert.True(RtpReader.TryRead(buffer.AsSpan(0, writer.Length), out var source));
        var length = rewriter.Write(source, _out, out _);
        Assert.True(RtpReader.TryRead(_out.AsSpan(0, length), out var packet));
        Assert.True(packet.TryGetExtension(9, out var orientation));
        Assert.Equal([2], orientation.ToArray());
        Assert.False(packet.TryGetExtension(3, out _));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var rewriter = Started(1, 5, 0);
        Assert.True(RtpReader.TryRead(Packet(5, 0, new byte[100]), out var source));
        Assert.Equal(-1, rewriter.Write(source, new byte[100], out _));
    }

    private static StreamRewriter Started(ushort first, ushort source, uint timestamp)
    {
        var rewriter = new StreamRewriter(0xABCD, first);
        rewriter.Configure(101, 0, 0);
        rewriter.Rebase(source, timestamp, 0, TimeSpan.Zero, null, 90_000);
        return rewriter;
    }

    private ((int Sequence, uint Timestamp, uint Ssrc, byte PayloadType, bool Marker) Header, byte[] Payload) Write(ref StreamRewriter rewriter, byte[] bytes)
    {
        Assert.True(RtpReader.TryRead(bytes, out var source));
        var length = rewriter.Write(source, _out, out _);
        Assert.True(RtpReader.TryRead(_out.AsSpan(0, length), out var packet));
        return ((packet.SequenceNumber.Value, packet.Timestamp.Value, packet.Ssrc, packet.PayloadType, packet.Marker), packet.Payload.ToArray());
    }

    private static byte[] Packet(ushort sequence, uint timestamp, byte[] payload, bool marker = false)
    {
        var buffer = new byte[payload.Length + 64];
        var writer = new RtpPacketWriter(buffer, marker, 96, new SequenceNumber(sequence), new RtpTimestamp(timestamp), 0x1234);
        Assert.True(writer.WritePayload(payload));
        return buffer[..writer.Length];
    }
}
