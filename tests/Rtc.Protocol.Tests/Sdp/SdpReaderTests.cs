using System.Diagnostics;
using System.Text;
using Events.Rtc.Protocol.Sdp;
using static Events.Tests.Rtc.Protocol.Tests.Sdp.SdpTexts;

namespace Events.Tests.Rtc.Protocol.Tests.Sdp;

public class SdpReaderTests
{
    public static TheoryData<string, string> Offers => BrowserOffers.All;

    [Theory]
    [MemberData(nameof(Offers))]
    public void What_is_read_is_written_and_read_the_same(string name, string text)
    {
        var once = SdpWriter.Write(Parse(text));

        Assert.NotEmpty(name);
        Assert.Equal(once, SdpWriter.Write(Parse(once)));
    }

    [Fact]
    public void The_model_holds_what_the_text_says()
    {
        var video = Parse(BrowserOffers.ChromiumSimulcast).Media[1];

        Assert.Equal((MediaKind.Video, "1", SdpDirection.SendOnly, SdpSetup.ActPass), (video.Kind, video.Mid, video.Direction, video.Setup));
        Assert.Equal(19, video.Codecs.Count);
        Assert.Equal("42001f", video.Codecs.Single(c => c.PayloadType == 102).Parameters.Get("Profile-Level-Id"));
        Assert.Equal(3, video.Rids.Count);
        Assert.Equal(["q", "h", "f"], video.Simulcast!.Send.Select(s => s.Alternatives[0].Id));
        Assert.Equal(10, video.Extmaps.Count);
    }

    [Fact]
    public void Simulcast_alternatives_and_paused_layers_are_read()
    {
        var media = Parse(Video("sendonly", (96, "VP8/90000", null)) + "a=rid:1 send pt=96;max-width=640\r\na=simulcast:send 1,~2;~3 recv 4\r\n").Media[0];

        Assert.Equal("pt=96;max-width=640", media.Rids[0].Restrictions);
        Assert.Equal([new SimulcastRid("1"), new("2", true)], media.Simulcast!.Send[0].Alternatives);
        Assert.Equal([new SimulcastRid("3", true)], media.Simulcast.Send[1].Alternatives);
        Assert.Equal([new SimulcastRid("4")], media.Simulcast.Receive[0].Alternatives);
    }

    [Theory]
    [InlineData("", SdpErrorCode.Empty, 0)]
    [InlineData("hello", SdpErrorCode.BadLine, 1)]
    [InlineData("v=1\r\n", SdpErrorCode.BadVersion, 1)]
    [InlineData("v=0\r\no=-\r\n", SdpErrorCode.BadOrigin, 2)]
    [InlineData("v=0\r\nm=audio 9\r\n", SdpErrorCode.BadMedia, 2)]
    [InlineData("v=0\r\nm=audio 70000 UDP/TLS/RTP/SAVPF 0\r\n", SdpErrorCode.BadMedia, 2)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 128\r\n", SdpErrorCode.BadMedia, 2)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0 0\r\n", SdpErrorCode.BadMedia, 2)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus\r\n", SdpErrorCode.BadAttribute, 3)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:a b\r\n", SdpErrorCode.BadAttribute, 3)]
    [InlineData("v=0\r\na=ice-ufrag:ab\r\n", SdpErrorCode.BadAttribute, 2)]
    [InlineData("v=0\r\na=fingerprint:sha-256 AB:CD\r\n", SdpErrorCode.BadAttribute, 2)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\n", SdpErrorCode.DuplicateMid, 0)]
    [InlineData("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=msid:x\ry z\r\n", SdpErrorCode.BadLine, 3)]
    public void A_malformed_text_is_refused_with_code_and_line(string text, string code, int line)
    {
        Assert.False(SdpReader.TryParse(text, out _, out var error));
        Assert.Equal((code, line), (error.Code, error.Line));
    }

    [Fact]
    public void Every_kind_of_repetition_is_bounded()
    {
        const string media = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
        Assert.Equal(SdpErrorCode.TooLarge, ErrorOf("v=0\r\n" + new string('a', SdpLimits.MaxLength)));
        Assert.Equal(SdpErrorCode.BadLine, ErrorOf("v=0\r\na=" + new string('a', SdpLimits.MaxLineLength)));
        Assert.Equal(SdpErrorCode.TooLarge, ErrorOf("v=0\r\n" + media + "a=fmtp:96 " + new string('a', SdpLimits.MaxFmtp + 1)));
        Assert.Equal(SdpErrorCode.TooMany, ErrorOf("v=0\r\n" + Repeat(SdpLimits.MaxMedia + 1, _ => media)));
        string[] lines =
        [
            "ssrc:{0} cname:a", "ssrc-group:FID {0} 1", "rid:{0} send", "extmap:1 urn:{0}", "rtcp-fb:96 nack {0}",
            "candidate:{0} 1 udp 1 192.0.2.1 9 typ host", "fingerprint:sha-1 " + string.Join(':', Enumerable.Repeat("00", 20)),
        ];
        Assert.All(lines, l => Assert.Equal(SdpErrorCode.TooMany, ErrorOf("v=0\r\n" + media + Repeat(200, i => "a=" + l.Replace("{0}", $"{i}", StringComparison.Ordinal) + "\r\n"))));

        static string Repeat(int count, Func<int, string> line) => string.Concat(Enumerable.Range(1, count).Select(line));
        static string ErrorOf(string text)
        {
            Assert.False(SdpReader.TryParse(text, out _, out var error));
            return error.Code;
        }
    }

    [Fact]
    public void The_costliest_text_within_the_bound_is_read_in_a_fraction_of_a_second()
    {
        var text = new StringBuilder("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF ").AppendJoin(' ', Enumerable.Range(0, 128)).Append("\r\n");
        while (text.Length < SdpLimits.MaxLength - 32)
        {
            text.Append("a=rtcp-fb:* nack\r\n");
        }

        var watch = Stopwatch.StartNew();
        Assert.True(SdpReader.TryParse(text.ToString(), out _, out _));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"{watch.Elapsed}");
    }

    [Fact]
    public void Mutated_offers_never_throw()
    {
        const int seed = 20_261_120;
        var random = new Random(seed);
        var texts = Offers.Select(row => (string)row[1]).ToArray();
        for (var round = 0; round < 6_000; round++)
        {
            var text = Mutate(texts[random.Next(texts.Length)], random);
            try
            {
                if (SdpReader.TryParse(text, out var offer, out _))
                {
                    Negotiation.TryAnswerPublish(offer, Local, CodecPolicy.Default, 1, 1, out var published, out _);
                    Negotiation.TryAnswerSubscribe(offer, Local, [Voice, Camera], 1, 1, out var subscribed, out _);
                    Negotiation.TryReadSubscribeAnswer(offer, Negotiation.ArrangeSlots([], [Voice, Camera]), out _, out _);
                    Assert.True(published is null || SdpReader.TryParse(published.Answer, out _, out _));
                    Assert.True(subscribed is null || SdpReader.TryParse(subscribed.Answer, out _, out _));
                }

                TrickleFragment.TryParse(text, out _, out _);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}\n{text}");
            }
        }
    }

    private static string Mutate(string text, Random random)
    {
        var lines = text.Split("\r\n").ToList();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var at = random.Next(lines.Count);
            var line = lines[at];
            var cut = random.Next(line.Length + 1);
            switch (random.Next(7))
            {
                case 0:
                    lines.RemoveAt(at);
                    break;
                case 1:
                    lines.Insert(random.Next(lines.Count), line);
                    break;
                case 2:
                    lines[at] = line[..cut];
                    break;
                case 3:
                    lines[at] = line[..cut] + (char)random.Next(0, 0x250) + line[cut..];
                    break;
                case 4:
                    lines[at] = line[..cut] + random.NextInt64(-1, long.MaxValue) + line[cut..];
                    break;
                case 5:
                    lines[at] = line[..cut] + " ;=:/,~"[random.Next(7)] + line[cut..];
                    break;
                default:
                    var other = random.Next(lines.Count);
                    (lines[at], lines[other]) = (lines[other], lines[at]);
                    break;
            }

            if (lines.Count == 0)
            {
                break;
            }
        }

        return string.Join("\r\n", lines);
    }
}
