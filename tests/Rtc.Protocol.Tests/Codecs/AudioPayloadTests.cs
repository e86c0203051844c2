using Events.Rtc.Protocol.Codecs;
using Events.Tests.Rtc.Protocol.Tests.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Codecs;

public class AudioPayloadTests
{
    [Theory]
    [InlineData("78aabbcc", 960, 1, false, false)] // configuration 15: hybrid 20 ms
    [InlineData("fcaabbcc", 960, 1, true, false)] // configuration 31: CELT 20 ms, stereo
    [InlineData("80aabbcc", 120, 1, false, false)] // configuration 16: CELT 2.5 ms
    [InlineData("19aabbcc", 5_760, 2, false, false)] // configuration 3: SILK 60 ms, two frames
    [InlineData("10aabbcc", 1_920, 1, false, false)] // configuration 2: SILK 40 ms
    [InlineData("7b06aabb", 5_760, 6, false, false)] // six frames of 20 ms
    [InlineData("78", 960, 1, false, true)] // DTX
    [InlineData("78ff", 960, 1, false, true)]
    public void Opus_duration_follows_from_its_first_bytes(string hex, int samples, int frames, bool stereo, bool dtx)
    {
        Assert.True(OpusPacket.TryRead(Convert.FromHexString(hex), out var packet));
        Assert.Equal(new OpusPacket(samples, frames, stereo, dtx), packet);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7b")] // no frame count
    [InlineData("7b00aa")] // no frames
    [InlineData("7b07aa")] // 140 ms
    public void Opus_packet_of_impossible_duration_is_refused(string hex) =>
        Assert.False(OpusPacket.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Red_gives_the_primary_and_the_older_blocks()
    {
        // RFC 2198 §3: type 111, offset 1920, length 2; type 111, offset 960, length 3; primary 111.
        var payload = Convert.FromHexString("ef1e0002" + "ef0f0003" + "6f" + "a1a2" + "b1b2b3" + "c1c2c3c4");
        Assert.True(RedPayload.TryRead(payload, out var red));
        Assert.Equal(111, red.PrimaryPayloadType);
        Assert.Equal("C1C2C3C4", Convert.ToHexString(red.Primary));
        var older = new List<(int Type, int Offset, string Data)>();
        foreach (var block in red)
        {
            older.Add((block.PayloadType, block.TimestampOffset, Convert.ToHexString(block.Data)));
        }

        Assert.Equal([(111, 1_920, "A1A2"), (111, 960, "B1B2B3")], older);
    }

    [Fact]
    public void Red_with_only_a_primary_has_no_older_blocks()
    {
        Assert.True(RedPayload.TryRead([0x6F, 1, 2], out var red));
        Assert.Equal(2, red.Primary.Length);
        Assert.False(red.GetEnumerator().MoveNext());
        Assert.False(RedPayload.TryRead([], out _));
        Assert.False(RedPayload.TryRead([0xEF, 0, 0], out _));
    }

    [Fact]
    public void Red_of_more_blocks_than_anybody_sends_is_refused()
    {
        // Older blocks of no bytes, then the primary's header.
        static byte[] Payload(int older) => [.. Enumerable.Range(0, older).SelectMany(_ => new byte[] { 0xEF, 0, 0, 0 }), 0x6F, 1];
        Assert.True(RedPayload.TryRead(Payload(RedPayload.MaxBlocks - 1), out var red));
        Assert.Equal(RedPayload.MaxBlocks - 1, red.OlderBlocks);
        Assert.False(RedPayload.TryRead(Payload(RedPayload.MaxBlocks), out _));
    }

    [Fact]
    public void Blocks_of_red_are_renamed_in_place()
    {
        var payload = Convert.FromHexString("ef1e0002" + "ef0f0003" + "6f" + "a1a2" + "b1b2b3" + "c1c2c3c4");
        RedPayload.WritePayloadTypes(payload, 96);
        Assert.Equal("E01E0002E00F000360A1A2B1B2B3C1C2C3C4", Convert.ToHexString(payload));
        Assert.True(RedPayload.TryRead(payload, out var red) && red.IsOnly(96) && !red.IsOnly(111));
        payload[4] = 0xEF;
        Assert.True(RedPayload.TryRead(payload, out red) && !red.IsOnly(96));
    }

    [Fact]
    public void Hostile_bytes_never_throw() =>
        Seeded.Torment(Convert.FromHexString("ef1e0002" + "ef0f0003" + "6f" + "a1a2" + "b1b2b3" + "c1c2c3c4"), payload =>
        {
            OpusPacket.TryRead(payload, out _);
            if (RedPayload.TryRead(payload, out var red))
            {
                var total = red.Primary.Length;
                foreach (var block in red)
                {
                    total += block.Data.Length;
                }

                Assert.InRange(total, 0, payload.Length);
            }
        });
}
