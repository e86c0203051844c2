using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;

namespace Events.Tests.Rtc.Protocol.Tests.Sdp;

public class TrickleTests
{
    [Fact]
    public void A_fragment_gives_credentials_and_candidates_by_mid()
    {
        const string text = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
            + "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"
            + "a=candidate:3471623853 1 udp 2122194687 b7a1.local 61765 typ host\r\n"
            + "m=video 9 RTP/AVP 0\r\na=mid:1\r\n"
            + "a=candidate:473322822 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active\r\na=candidate:1 1 sctp 1 x 1 typ host\r\na=end-of-candidates\r\n";
        Assert.True(TrickleFragment.TryParse(text, out var fragment, out var error), error?.ToString());

        Assert.Equal(("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1", true), (fragment.IceUfrag, fragment.IcePwd, fragment.EndOfCandidates));
        Assert.Equal(["0", "0", "1"], fragment.Candidates.Select(c => c.Mid));
        Assert.Equal("EsAw", fragment.Candidates[0].Candidate.Ufrag);
        Assert.True(fragment.Candidates[0].Candidate.TryGetAddress(out var address));
        Assert.Equal(TransportAddress.FromIPv4(0xC0000201, 61764), address);
        Assert.False(fragment.Candidates[1].Candidate.TryGetAddress(out _));
    }

    [Fact]
    public void A_ufrag_without_a_password_is_refused()
    {
        Assert.False(TrickleFragment.TryParse("a=ice-ufrag:EsAw\r\n", out _, out var error));
        Assert.Equal(SdpErrorCode.BadIce, error.Code);
    }

    [Fact]
    public void Our_restart_fragment_reads_back()
    {
        Assert.True(TrickleFragment.TryParse(TrickleFragment.Write(SdpTexts.Local, "0", "audio"), out var fragment, out _));

        Assert.Equal((SdpTexts.Local.IceUfrag, SdpTexts.Local.IcePwd), (fragment.IceUfrag, fragment.IcePwd));
        Assert.Equal(SdpTexts.Local.Candidates, fragment.Candidates.Select(c => c.Candidate));
    }

    [Theory]
    [InlineData("candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host")]
    [InlineData("candidate:1 1 udp 1686052607 203.0.113.9 61764 typ srflx raddr 192.0.2.1 rport 61764 ufrag abcd")]
    [InlineData("candidate:1 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active")]
    public void Candidates_are_written_as_they_are_read(string text)
    {
        Assert.True(Candidate.TryParse(text, out var candidate));
        Assert.Equal(text, candidate!.ToString());
    }
}
