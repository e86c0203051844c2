using System.Text;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;

namespace Events.Tests.Rtc.Protocol.Tests.Sdp;

/// <summary>What the negotiation tests start from.</summary>
internal static class SdpTexts
{
    public static readonly LocalTransport Local = new()
    {
        IceUfrag = "sfu1ufrag",
        IcePwd = "sfu1password0123456789abcd",
        Fingerprint = new("sha-256", Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()),
        Candidates = [Candidate.Host(TransportAddress.FromIPv4(0xC0000201, 40000)), Candidate.Host(TransportAddress.FromIPv4(0xC0000201, 40000), tcp: true)],
    };

    public static readonly OutgoingTrack Voice = new()
    {
        TrackId = "voice",
        StreamId = "alice",
        Kind = MediaKind.Audio,
        Codec = Codec.Opus,
        Ssrc = 1001,
        Cname = "alice",
    };

    public static readonly OutgoingTrack Camera = new()
    {
        TrackId = "camera",
        StreamId = "alice",
        Kind = MediaKind.Video,
        Codec = Codec.Vp8,
        Ssrc = 2001,
        RtxSsrc = 2002,
        Cname = "alice",
    };

    public static SessionDescription Parse(string text)
    {
        Assert.True(SdpReader.TryParse(text, out var description, out var error), error?.ToString());
        return description;
    }

    public static PublishNegotiation Publish(string offer, CodecPolicy? policy = null)
    {
        Assert.True(
            Negotiation.TryAnswerPublish(Parse(offer), Local, policy ?? CodecPolicy.Default, 7, 1, out var negotiation, out var error),
            error?.ToString());
        return negotiation;
    }

    public static string PublishError(string offer)
    {
        Assert.False(Negotiation.TryAnswerPublish(Parse(offer), Local, CodecPolicy.Default, 7, 1, out _, out var error));
        return error.Code;
    }

    public static SubscribeNegotiation Subscribe(string offer, params OutgoingTrack[] tracks)
    {
        Assert.True(Negotiation.TryAnswerSubscribe(Parse(offer), Local, tracks, 7, 1, out var negotiation, out var error), error?.ToString());
        return negotiation;
    }

    /// <summary>One video m-line with the given payload types, for rules about single codecs.</summary>
    public static string Video(string direction, params (int PayloadType, string Map, string? Fmtp)[] codecs)
    {
        var text = new StringBuilder("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
        text.Append($"m=video 9 UDP/TLS/RTP/SAVPF {string.Join(' ', codecs.Select(c => c.PayloadType))}\r\nc=IN IP4 0.0.0.0\r\n");
        text.Append($"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:{Local.Fingerprint}\r\na=setup:actpass\r\n");
        text.Append($"a=mid:v\r\na=rtcp-mux\r\na={direction}\r\n");
        foreach (var (payloadType, map, fmtp) in codecs)
        {
            text.Append($"a=rtpmap:{payloadType} {map}\r\n");
            text.Append(fmtp is null ? "" : $"a=fmtp:{payloadType} {fmtp}\r\n");
        }

        return text.ToString();
    }
}
