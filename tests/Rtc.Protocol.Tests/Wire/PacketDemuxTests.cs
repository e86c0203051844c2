using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class PacketDemuxTests
{
    [Theory]
    [InlineData(0, 1, PacketKind.Stun)]
    [InlineData(3, 0, PacketKind.Stun)]
    [InlineData(4, 0, PacketKind.Unknown)]
    [InlineData(16, 0, PacketKind.Zrtp)]
    [InlineData(20, 254, PacketKind.Dtls)]
    [InlineData(63, 254, PacketKind.Dtls)]
    [InlineData(64, 0, PacketKind.TurnChannel)]
    [InlineData(80, 0, PacketKind.Unknown)]
    [InlineData(127, 0, PacketKind.Unknown)]
    [InlineData(128, 96, PacketKind.Rtp)]
    [InlineData(128, 0x80 | 111, PacketKind.Rtp)]
    [InlineData(129, 191, PacketKind.Rtp)]
    [InlineData(129, 192, PacketKind.Rtcp)]
    [InlineData(129, 200, PacketKind.Rtcp)]
    [InlineData(143, 206, PacketKind.Rtcp)]
    [InlineData(191, 223, PacketKind.Rtcp)]
    [InlineData(191, 224, PacketKind.Rtp)]
    [InlineData(192, 0, PacketKind.Unknown)]
    public void First_bytes_tell_the_protocol(byte first, byte second, PacketKind expected) =>
        Assert.Equal(expected, PacketDemux.Classify([first, second, 0, 0]));

    [Fact]
    public void Nothing_and_half_an_RTP_header_are_unknown()
    {
        Assert.Equal(PacketKind.Unknown, PacketDemux.Classify([]));
        Assert.Equal(PacketKind.Unknown, PacketDemux.Classify([128]));
    }
}
