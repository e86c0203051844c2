using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class RtpTests
{
    // RFC 3550 §5.1: V=2 X=1 CC=1, M=1 PT=96, sequence 0x1234, then RFC 8285 §4.2: id 1 length 1, padding, id 2 length 3, padding.
    private static readonly byte[] OneByteSample = Convert.FromHexString(
        "91e01234" + "01020304" + "0a0b0c0d" + "deadbeef" + "bede0002" + "10aa0022bbccdd00" + "c0ffee");

    // RFC 8285 §4.3: id 1 length 0, id 20 length 2, padding.
    private static readonly byte[] TwoByteSample = Convert.FromHexString(
        "90601234" + "01020304" + "0a0b0c0d" + "10050002" + "0100" + "1402abcd" + "0000" + "c0ffee");

    [Fact]
    public void Header_with_source_and_one_byte_extensions_is_taken_apart()
    {
        Assert.True(RtpReader.TryRead(OneByteSample, out var packet));
        Assert.True(packet.Marker);
        Assert.Equal(96, packet.PayloadType);
        Assert.Equal(new SequenceNumber(0x1234), packet.SequenceNumber);
        Assert.Equal(new RtpTimestamp(0x0102_0304), packet.Timestamp);
        Assert.Equal(0x0A0B_0C0Du, packet.Ssrc);
        Assert.Equal(1, packet.CsrcCount);
        Assert.Equal(0xDEAD_BEEFu, packet.GetCsrc(0));
        Assert.Equal(28, packet.HeaderLength);
        Assert.True(packet.TryGetExtension(1, out var value));
        Assert.Equal("AA", Convert.ToHexString(value));
        Assert.True(packet.TryGetExtension(2, out value));
        Assert.Equal("BBCCDD", Convert.ToHexString(value));
        Assert.True(packet.TryLocateExtension(2, out var offset, out var length));
        Assert.Equal("BBCCDD", Convert.ToHexString(OneByteSample.AsSpan(offset, length)));
        Assert.False(packet.TryGetExtension(3, out _));
        Assert.False(packet.TryGetExtension(0, out _));
        Assert.Equal("C0FFEE", Convert.ToHexString(packet.Payload));
    }

    [Fact]
    public void Two_byte_extensions_may_be_empty()
    {
        Assert.True(RtpReader.TryRead(TwoByteSample, out var packet));
        Assert.True(packet.TryGetExtension(1, out var value));
        Assert.True(value.IsEmpty);
        Assert.True(packet.TryGetExtension(20, out value));
        Assert.Equal("ABCD", Convert.ToHexString(value));
        Assert.False(packet.TryGetExtension(21, out _));
    }

    [Fact]
    public void Id_15_ends_a_one_byte_list()
    {
        var bytes = Convert.FromHexString("906012340102030405060708" + "bede0001" + "f010aa00");
        Assert.True(RtpReader.TryRead(bytes, out var packet));
        Assert.False(packet.TryGetExtension(1, out _));
        Assert.False(packet.TryGetExtension(15, out _));
    }

    [Theory]
    [InlineData("a06012340102030405060708" + "c0ffee" + "00", false)] // a count of zero
    [InlineData("a06012340102030405060708" + "c0ffee" + "05", false)] // more than there is
    [InlineData("a06012340102030405060708" + "c0ffee" + "02", true)]
    [InlineData("a06012340102030405060708" + "00000004", true)]
    [InlineData("606012340102030405060708", false)] // version 1
    [InlineData("806012340102030405060708", true)]
    public void Padding_and_version_are_checked(string hex, bool valid) =>
        Assert.Equal(valid, RtpReader.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Padding_is_no_payload()
    {
        Assert.True(RtpReader.TryRead(Convert.FromHexString("a06012340102030405060708" + "c0ffee02"), out var packet));
        Assert.Equal(2, packet.PaddingLength);
        Assert.Equal("C0FF", Convert.ToHexString(packet.Payload));
    }

    [Fact]
    public void Patching_changes_one_field_only()
    {
        var bytes = OneByteSample.ToArray();
        RtpHeader.WriteSequenceNumber(bytes, 0xFFFE);
        RtpHeader.WriteTimestamp(bytes, 0x8000_0001);
        RtpHeader.WriteSsrc(bytes, 7);
        RtpHeader.WritePayloadType(bytes, 101);
        Assert.True(RtpReader.TryRead(bytes, out var packet));
        Assert.True(packet.Marker);
        RtpHeader.WriteMarker(bytes, false);
        Assert.False(packet.Marker);
        Assert.Equal(101, packet.PayloadType);
        Assert.Equal(0xFFFE, packet.SequenceNumber.Value);
        Assert.Equal(0x8000_0001u, packet.Timestamp.Value);
        Assert.Equal(7u, packet.Ssrc);
        Assert.Equal(OneByteSample[12..], bytes[12..]);
    }

    [Fact]
    public void Small_elements_take_the_one_byte_form_and_a_large_one_changes_the_block()
    {
        var buffer = new byte[100];
        var writer = new RtpPacketWriter(buffer, false, 96, new(1), new(2), 3);
        Assert.True(writer.AddExtension(1, [0xAA]));
        Assert.True(writer.AddExtension(14, new byte[16]));
        Assert.True(writer.FinishHeader());
        Assert.Equal("BEDE0005", Convert.ToHexString(buffer.AsSpan(12, 4)));

        writer = new RtpPacketWriter(buffer, false, 96, new(1), new(2), 3);
        Assert.True(writer.AddExtension(1, [0xAA]));
        Assert.True(writer.AddExtension(2, [0xBB, 0xCC]));
        Assert.True(writer.AddExtension(15, [0xDD]));
        Assert.True(writer.WritePayload([0xEE]));
        Assert.Equal("10000003" + "0101AA0202BBCC0F01DD0000" + "EE", Convert.ToHexString(buffer.AsSpan(12, writer.Length - 12)));
    }

    [Fact]
    public void Written_packets_read_back_the_same() => Seeded.Run(500, random =>
    {
        var ids = Enumerable.Range(1, random.Next(2) == 0 ? 14 : 255).ToArray();
        random.Shuffle(ids);
        var wide = random.Next(2) == 0;
        var elements = ids.Take(random.Next(0, 6)).ToDictionary(id => (byte)id, _ => random.Bytes(wide ? random.Next(0, 30) : random.Next(1, 17)));
        var payload = random.Bytes(random.Next(0, 200));
        var padding = (byte)random.Next(0, 30);
        var buffer = random.Bytes(600);
        var marker = random.Next(2) == 0;
        var payloadType = (byte)random.Next(128);
        var sequence = new SequenceNumber((ushort)random.Next(65_536));
        var timestamp = new RtpTimestamp((uint)random.NextInt64(uint.MaxValue));
        var writer = new RtpPacketWriter(buffer, marker, payloadType, sequence, timestamp, 77);
        foreach (var (id, value) in elements)
        {
            Assert.True(writer.AddExtension(id, value));
        }

        Assert.True(writer.WritePayload(payload));
        Assert.True(padding == 0 || writer.WritePadding(padding));
        Assert.False(writer.Overflowed);
        Assert.True(RtpReader.TryRead(buffer.AsSpan(0, writer.Length), out var packet));
        Assert.Equal(marker, packet.Marker);
        Assert.Equal(payloadType, packet.PayloadType);
        Assert.Equal(sequence, packet.SequenceNumber);
        Assert.Equal(timestamp, packet.Timestamp);
        Assert.Equal(77u, packet.Ssrc);
        Assert.Equal(padding, packet.PaddingLength);
        Assert.True(packet.Payload.SequenceEqual(payload));
        foreach (var (id, value) in elements)
        {
            Assert.True(packet.TryGetExtension(id, out var read));
            Assert.True(read.SequenceEqual(value));
        }
    });

    [Fact]
    public void Writer_without_room_says_so_and_stays_in_bounds()
    {
        for (var size = 0; size < 60; size++)
        {
            var writer = new RtpPacketWriter(new byte[size], true, 96, new(1), new(2), 3);
            writer.AddExtension(1, [1, 2]);
            writer.AddExtension(2, [1, 2, 3]);
            writer.AddExtension(200, [9]);
            writer.WritePayload([1, 2, 3, 4, 5]);
            writer.WritePadding(4);

            // 12 fixed + 4 block + 4 + 5 + 3 elements in the two-byte form + 5 payload + 4 padding
            Assert.Equal(size < 12 + 4 + 12 + 5 + 4, writer.Overflowed);
        }
    }

    [Fact]
    public void Audio_level_reads_and_writes()
    {
        Assert.True(AudioLevel.TryRead([0x80 | 37], out var level));
        Assert.Equal(new AudioLevel(true, 37), level);
        Assert.Equal(0x80 | 37, level.Encode());
        Assert.False(AudioLevel.TryRead([], out _));
    }

    [Fact]
    public void Hostile_bytes_never_throw()
    {
        foreach (var sample in new[] { OneByteSample, TwoByteSample })
        {
            Seeded.Torment(sample, bytes =>
            {
                if (RtpReader.TryRead(bytes, out var packet))
                {
                    Assert.Equal(bytes.Length, packet.HeaderLength + packet.Payload.Length + packet.PaddingLength);
                    for (var id = 0; id < 256; id++)
                    {
                        packet.TryGetExtension((byte)id, out _);
                    }

                    for (var i = 0; i < packet.CsrcCount; i++)
                    {
                        packet.GetCsrc(i);
                    }
                }
            });
        }
    }
}
