using System.Text;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Tests.Rtc.Fuzz.Engine;
using Events.Tests.Rtc.Protocol.Tests.Sdp;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="SdpReader"/>, then the description as a publisher's offer, a viewer's offer and a viewer's answer.</summary>
internal sealed class SdpTarget : IFuzzTarget
{
    private static readonly LocalTransport Local = new()
    {
        IceUfrag = "abcdefgh",
        IcePwd = "0123456789abcdefghijklmn",
        Fingerprint = new("sha-256", new byte[32]),
        Candidates = [Candidate.Host(TransportAddress.FromIPv4(0x7F00_0001, 5_000))],
    };

    private static readonly OutgoingTrack[] Tracks =
    [
        Track("a", MediaKind.Audio, Codec.Opus, ""),
        Track("v", MediaKind.Video, Codec.Vp8, ""),
        Track("h", MediaKind.Video, Codec.H264, "packetization-mode=1;profile-level-id=42e01f"),
    ];

    private static readonly IReadOnlyList<SubscribeSlot> Slots = Negotiation.ArrangeSlots([], Tracks);

    public string Name => "sdp";

    public int MaxLength => SdpLimits.MaxLength + 16;

    /// <summary>Fifty times the largest description: its strings, its lists, and three answers.</summary>
    public long AllocationLimit => 50L * SdpLimits.MaxLength;

    public IReadOnlyList<byte[]> Words { get; } =
    [
        .. """
        a=mid:0|a=group:BUNDLE 0 1|a=rtcp-mux|a=setup:active|a=setup:passive|a=sendonly|a=recvonly|a=inactive|a=ice-lite|a=ice-ufrag:abcd
        a=ice-pwd:0123456789012345678901|a=simulcast:send q;h;f|a=rid:q send|a=rid:h send pt=96|a=ssrc-group:FID 1 2|a=ssrc-group:SIM 1 2 3
        a=ssrc:1 cname:x|a=msid:- t|a=rtpmap:96 VP8/90000|a=fmtp:97 apt=96|a=rtcp-fb:* nack pli|a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:255/sendonly urn:x|a=candidate:1 1 udp 1 1.2.3.4 5 typ host|a=end-of-candidates|m=video 9 UDP/TLS/RTP/SAVPF 96|m=audio 0 RTP/AVP 0
        a=fmtp:96 profile-level-id=42e01f;packetization-mode=1|4294967296|-1|99999999999999999999|0|65536|é
        """.Split('|', '\n').Select(word => Encoding.UTF8.GetBytes(word.Trim() + "\r\n")),
        "\r\n"u8.ToArray(), " "u8.ToArray(), ";"u8.ToArray(), "\0"u8.ToArray(), [0xFF, 0xFE],
    ];

    public IEnumerable<byte[]> Seeds =>
    [
        .. BrowserOffers.All.Select(offer => Encoding.UTF8.GetBytes((string)((object[])offer)[1])),
        Encoding.UTF8.GetBytes(Negotiation.WriteSubscribeOffer(Local, Slots, 1, 1).Replace("actpass", "active", StringComparison.Ordinal).Replace("sendonly", "recvonly", StringComparison.Ordinal).Replace("a=ice-lite\r\n", "", StringComparison.Ordinal)),
        Large("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:%\r\na=rtcp-mux\r\na=recvonly\r\na=rtpmap:111 opus/48000/2\r\n", SdpLimits.MaxMedia, bundle: true),
        Large("a=rtcp-fb:* x%\r\n", 9_000, bundle: false),
        Large("a=rtcp-fb:* nack\r\n", 9_000, bundle: false),
        Large("a=fmtp:96 " + new string(';', 7_000) + "a=%\r\n", 30, bundle: false),
        Large("a=ssrc:% cname:x\r\na=ssrc-group:FID % %\r\n", 64, bundle: false),
        Large("a=simulcast:send " + string.Join(';', Enumerable.Range(0, 1_500)) + "\r\na=rid:% send\r\n", 16, bundle: false),
        Large("a=group:BUNDLE " + string.Concat(Enumerable.Repeat("0 ", 4_000)) + "\r\n", 16, bundle: false),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (!SdpReader.TryParse(text, out var session, out var error))
        {
            Demand.That(error is { Code.Length: > 0, Message.Length: > 0 }, "A refusal has its reason.");
            return;
        }

        Demand.That(session.Media.Count <= SdpLimits.MaxMedia, "A description is bounded.");
        _ = SdpWriter.Write(session);
        if (Negotiation.TryAnswerPublish(session, Local, CodecPolicy.Default, 1, 1, out var publish, out error))
        {
            IsAnswer(session, publish.Answer);
        }
        else
        {
            Demand.That(error.Code.Length > 0, "A refusal has its reason.");
        }

        if (Negotiation.TryAnswerSubscribe(Parse(text), Local, Tracks, 1, 1, out var subscribe, out _))
        {
            IsAnswer(session, subscribe.Answer);
        }

        _ = Negotiation.TryReadSubscribeAnswer(Parse(text), Slots, out _, out _);
    }

    // RFC 3264 §6: as many m-lines as the offer has, and of course one that the other side can read.
    private static void IsAnswer(SessionDescription offer, string answer)
    {
        Demand.That(SdpReader.TryParse(answer, out var written, out var error), $"Our own answer reads: {error?.Code} in line {error?.Line}\n{answer}");
        Demand.That(written!.Media.Count == offer.Media.Count, "An answer has the m-lines of its offer.");
    }

    private static SessionDescription Parse(string text) =>
        SdpReader.TryParse(text, out var session, out var error) ? session : throw new BrokenInvariantException(error.Message);

    private static OutgoingTrack Track(string id, MediaKind kind, Codec codec, string fmtp) => new()
    {
        TrackId = id,
        StreamId = "stream",
        Kind = kind,
        Codec = codec,
        Fmtp = fmtp,
        Ssrc = (uint)id[0],
        RtxSsrc = kind == MediaKind.Video ? id[0] + 1_000u : null,
        Cname = "cname",
    };

    /// <summary>A description as large as the bounds allow: what is repeated is what a slow parser is slow at.</summary>
    private static byte[] Large(string lines, int count, bool bundle)
    {
        var text = new StringBuilder("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
        if (bundle)
        {
            text.Append("a=group:BUNDLE ").AppendJoin(' ', Enumerable.Range(0, count)).Append("\r\n");
        }

        text.Append("a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=fingerprint:").Append(Local.Fingerprint).Append("\r\n");
        if (!bundle)
        {
            text.Append("m=video 9 UDP/TLS/RTP/SAVPF ").AppendJoin(' ', Enumerable.Range(0, SdpLimits.MaxPayloadTypes)).Append("\r\na=rtcp-mux\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n");
        }

        for (var i = 0; i < count && text.Length + lines.Length + 8 < SdpLimits.MaxLength; i++)
        {
            text.Append(lines.Replace("%", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}

/// <summary>The small texts of signalling: trickled fragments, candidates and fingerprints.</summary>
internal sealed class SdpTextTarget : IFuzzTarget
{
    public string Name => "sdp-text";

    public int MaxLength => 4_096;

    public long AllocationLimit => 512 * 1_024;

    public IReadOnlyList<byte[]> Words { get; } =
        [.. new[] { "a=", "m=audio 9 RTP/AVP 0\r\n", "a=mid:0\r\n", "a=ice-ufrag:abcd\r\n", "typ host", " tcptype passive", " raddr ::1 rport 9", "[::1%9999999999]", "fe80::1%eth0", "4294967296", "sha-1 ", ":" }.Select(Encoding.UTF8.GetBytes)];

    public IEnumerable<byte[]> Seeds =>
    [
        .. new[]
        {
            "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\na=end-of-candidates\r\n",
            "candidate:1 1 tcp 1015021823 2001:db8::1 9 typ srflx raddr 10.0.0.1 rport 9 tcptype active",
            "a=candidate:x 1 UDP 1 3e2b0a4c-7d3c-4f4a-9b1d-1c1f5a7a6d6e.local 50000 typ host",
            "sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08",
            "SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (TrickleFragment.TryParse(text, out var fragment, out var error))
        {
            Demand.That(fragment.Candidates.Count <= SdpLimits.MaxCandidates, "A fragment is bounded.");
            foreach (var trickled in fragment.Candidates)
            {
                _ = trickled.Candidate.TryGetAddress(out _);
            }
        }
        else
        {
            Demand.That(error.Code.Length > 0, "A refusal has its reason.");
        }

        if (Candidate.TryParse(text, out var candidate))
        {
            if (candidate!.TryGetAddress(out var address))
            {
                _ = address.ToString();
            }

            Demand.That(Candidate.TryParse(candidate.ToString(), out var again) && again == candidate, "A candidate reads as it is written.");
        }

        if (Fingerprint.TryParse(text, out var fingerprint))
        {
            Demand.That(Fingerprint.TryParse(fingerprint!.ToString(), out var again) && fingerprint.Equals(again), "A fingerprint reads as it is written.");
        }
    }
}
