using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Sdp;
using static Events.Tests.Rtc.Protocol.Tests.Sdp.SdpTexts;

namespace Events.Tests.Rtc.Protocol.Tests.Sdp;

public class SubscribeNegotiationTests
{
    private const string H264Baseline = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f";

    [Fact]
    public void A_whep_client_gets_the_tracks_with_its_own_payload_types()
    {
        var negotiation = Subscribe(BrowserOffers.AiortcReceive, Voice, Camera);

        Assert.Equal([("0", "voice", 96, null), ("1", "camera", 97, (int?)98)], negotiation.Media.Select(m => (m.Mid!, m.TrackId, m.PayloadType, m.RtxPayloadType)));
        // No forwarded packet names its mid; each says when it was sent, since this client knows no transport-wide numbers.
        Assert.Equal((0, 3, 0), (negotiation.Media[1].Extensions.Mid, negotiation.Media[1].Extensions.AbsSendTime, negotiation.Media[1].Extensions.TransportCc));
        Assert.True(negotiation.Media[1].Codec is { Nack: true, Pli: true, Remb: true, Fir: false, TransportCc: false });
        var answer = Parse(negotiation.Answer);
        Assert.All(answer.Media, m => Assert.Equal((SdpDirection.SendOnly, SdpSetup.Passive), (m.Direction, m.Setup)));
        Assert.Equal(new MediaStreamId("alice", "camera"), answer.Media[1].Msid);
        Assert.Equal([2001u, 2002u], Assert.Single(answer.Media[1].SsrcGroups).Ssrcs);
        Assert.All(answer.Media[1].Ssrcs, s => Assert.Equal("alice", s.Cname));
        Assert.Equal(2, negotiation.Remote.Candidates.Count);
    }

    [Fact]
    public void Left_over_m_lines_are_inactive_and_left_over_tracks_are_reported()
    {
        var negotiation = Subscribe(BrowserOffers.AiortcReceive, Camera, Camera with { TrackId = "screen", Ssrc = 3001, RtxSsrc = 3002 });

        Assert.Equal(["camera"], negotiation.Media.Select(m => m.TrackId));
        Assert.Equal([("screen", SdpErrorCode.NoMedia)], negotiation.Unmatched.Select(u => (u.Track.TrackId, u.Code)));
        Assert.Equal([SdpDirection.Inactive, SdpDirection.SendOnly], Parse(negotiation.Answer).Media.Select(m => m.Direction));
    }

    [Fact]
    public void A_track_whose_codec_is_not_offered_makes_room_for_the_next()
    {
        var negotiation = Subscribe(BrowserOffers.AiortcReceive, Camera with { TrackId = "av1", Codec = Codec.Av1 }, Camera);

        Assert.Equal(["camera"], negotiation.Media.Select(m => m.TrackId));
        Assert.Equal([("av1", SdpErrorCode.NoCommonCodec)], negotiation.Unmatched.Select(u => (u.Track.TrackId, u.Code)));
    }

    [Theory]
    [InlineData(H264Baseline, 99)]
    [InlineData("packetization-mode=1;profile-level-id=42e01f", 101)]
    [InlineData("packetization-mode=0;profile-level-id=42e01f", 101)]
    [InlineData("packetization-mode=1;profile-level-id=42c02a", 101)]
    [InlineData("packetization-mode=1;profile-level-id=64001f", 0)]
    public void H264_is_matched_by_profile(string fmtp, int payloadType)
    {
        var negotiation = Subscribe(BrowserOffers.AiortcReceive, Camera with { Codec = Codec.H264, Fmtp = fmtp });

        Assert.Equal(payloadType, negotiation.Media.Count == 0 ? 0 : negotiation.Media[0].PayloadType);
    }

    [Fact]
    public void A_decoder_of_a_richer_profile_takes_a_simpler_stream_and_mode_0_takes_no_fragments()
    {
        var high = Video("recvonly", (108, "H264/90000", "packetization-mode=1;profile-level-id=64001f"));
        Assert.Single(Subscribe(high, Camera with { Codec = Codec.H264, Fmtp = H264Baseline }).Media);

        var mode0 = Video("recvonly", (108, "H264/90000", "profile-level-id=42001f"));
        Assert.Empty(Subscribe(mode0, Camera with { Codec = Codec.H264, Fmtp = H264Baseline }).Media);
    }

    [Fact]
    public void A_track_without_rtx_is_answered_without_it()
    {
        var negotiation = Subscribe(BrowserOffers.AiortcReceive, Camera with { RtxSsrc = null });

        Assert.Null(negotiation.Media[0].RtxPayloadType);
        Assert.DoesNotContain("rtx", Parse(negotiation.Answer).Media[1].Codecs.Select(c => c.Name));
        Assert.DoesNotContain("FID", negotiation.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public void An_offer_that_only_sends_gets_nothing()
    {
        var negotiation = Subscribe(BrowserOffers.ObsWhip, Voice, Camera);

        Assert.Empty(negotiation.Media);
        Assert.All(Parse(negotiation.Answer).Media, m => Assert.Equal(SdpDirection.Inactive, m.Direction));
    }

    [Fact]
    public void Slots_keep_their_tracks_and_are_reused_by_kind()
    {
        var first = Negotiation.ArrangeSlots([], [Voice, Camera]);
        Assert.Equal([("0", MediaKind.Audio, "voice"), ("1", MediaKind.Video, "camera")], first.Select(s => (s.Mid, s.Kind, s.Track!.TrackId)));

        var second = Negotiation.ArrangeSlots(first, [Camera]);
        Assert.Equal([null, "camera"], second.Select(s => s.Track?.TrackId));

        var screen = Camera with { TrackId = "screen", Ssrc = 5, RtxSsrc = 6 };
        var third = Negotiation.ArrangeSlots(second, [screen, Voice with { TrackId = "other" }, Camera]);
        Assert.Equal([("0", "other"), ("1", "camera"), ("2", "screen")], third.Select(s => (s.Mid, s.Track!.TrackId)));
    }

    [Fact]
    public void Our_offer_sends_per_slot_and_holds_empty_slots_inactive()
    {
        var slots = Negotiation.ArrangeSlots(Negotiation.ArrangeSlots([], [Voice, Camera]), [Camera]);
        var offer = Parse(Negotiation.WriteSubscribeOffer(Local, slots, 9, 4));

        Assert.True(offer.IceLite);
        Assert.Equal(4, offer.SessionVersion);
        Assert.Equal(["0", "1"], offer.Bundle!.Mids);
        Assert.Equal([SdpDirection.Inactive, SdpDirection.SendOnly], offer.Media.Select(m => m.Direction));
        Assert.All(offer.Media, m => Assert.Equal((SdpSetup.ActPass, true), (m.Setup, m.RtcpMux)));
        Assert.Equal([96, 97], offer.Media[1].Codecs.Select(c => c.PayloadType));
        Assert.Equal([2001u, 2002u], offer.Media[1].SsrcGroups[0].Ssrcs);
        Assert.Empty(offer.Media[0].Ssrcs);
    }

    [Fact]
    public void A_payload_type_means_one_configuration_on_every_m_line()
    {
        string[] formats = ["", H264Baseline, "profile-level-id=42e01f", "profile-level-id=4d001f", "profile-level-id=64001f", "profile-level-id=640c1f", "stereo=1"];
        var tracks = Enum.GetValues<Codec>().Where(c => c != Codec.None).SelectMany(codec => formats.Select((fmtp, i) => Camera with
        {
            TrackId = $"{codec}{i}",
            Kind = codec is Codec.Opus or Codec.Pcma or Codec.Pcmu ? MediaKind.Audio : MediaKind.Video,
            Codec = codec,
            Fmtp = fmtp,
        })).ToList();
        var offer = Parse(Negotiation.WriteSubscribeOffer(Local, Negotiation.ArrangeSlots([], tracks), 1, 1));

        Assert.Equal(tracks.Count, offer.Media.Count);
        var codecs = offer.Media.SelectMany(m => m.Codecs).GroupBy(c => c.PayloadType);
        Assert.All(codecs, g => Assert.Single(g.Select(c => (c.Name, c.ClockRate, c.Channels, c.Fmtp)).Distinct()));
        var extensions = offer.Media.SelectMany(m => m.Extmaps).GroupBy(e => e.Id);
        Assert.All(extensions, g => Assert.Single(g.Select(e => e.Uri).Distinct()));
    }

    [Fact]
    public void The_answer_of_a_browser_tells_payload_type_extensions_and_our_role()
    {
        var slots = Negotiation.ArrangeSlots([], [Voice, Camera]);
        var answer = AnswerTo(slots);
        Assert.True(Negotiation.TryReadSubscribeAnswer(answer, slots, out var result, out var error), error?.ToString());

        Assert.Equal(DtlsRole.Server, result.Remote.DtlsRole);
        Assert.Equal([("0", 111, null), ("1", 96, (int?)97)], result.Media.Select(m => (m.Mid!, m.PayloadType, m.RtxPayloadType)));
        Assert.Equal((3, 13), (result.Media[1].Extensions.TransportCc, result.Media[1].Extensions.VideoOrientation));
        Assert.True(result.Media[1].Codec is { Nack: true, Pli: true, TransportCc: true });
    }

    [Fact]
    public void A_descriptor_that_is_long_at_times_needs_a_viewer_who_takes_both_forms_of_extensions()
    {
        var slots = Negotiation.ArrangeSlots([], [Camera with { Codec = Codec.Av1 }]);
        Assert.Equal(12, Answered(AnswerTo(slots)));
        var answer = AnswerTo(slots);
        answer.Media[0].ExtmapAllowMixed = false;
        Assert.Equal(0, Answered(answer));

        const string Descriptor = "a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n";
        var whep = Video("recvonly", (45, "AV1/90000", "")) + Descriptor;
        Assert.Equal(0, Subscribe(whep, Camera with { Codec = Codec.Av1 }).Media[0].Extensions.DependencyDescriptor);
        Assert.Equal(12, Subscribe(whep + "a=extmap-allow-mixed\r\n", Camera with { Codec = Codec.Av1 }).Media[0].Extensions.DependencyDescriptor);

        int Answered(SessionDescription description)
        {
            Assert.True(Negotiation.TryReadSubscribeAnswer(description, slots, out var result, out var error), error?.ToString());
            return result.Media[0].Extensions.DependencyDescriptor;
        }
    }

    [Fact]
    public void A_voice_is_offered_with_red_first_and_red_is_used_where_the_answer_takes_it()
    {
        var slots = Negotiation.ArrangeSlots([], [Voice, Voice with { TrackId = "music", Ssrc = 5, Fmtp = "sprop-stereo=1" }]);
        var offer = Parse(Negotiation.WriteSubscribeOffer(Local, slots, 9, 1));
        Assert.Equal([("red", 63, "111/111"), ("opus", 111, "minptime=10;useinbandfec=1")], offer.Media[0].Codecs.Select(c => (c.Name, c.PayloadType, c.Fmtp!)));
        Assert.Equal(["opus"], offer.Media[1].Codecs.Select(c => c.Name));

        Assert.True(Negotiation.TryReadSubscribeAnswer(AnswerTo(slots), slots, out var taken, out _));
        Assert.Equal([(111, (int?)63), (112, null)], taken.Media.Select(m => (m.PayloadType, m.Codec.RedPayloadType)));

        var answer = AnswerTo(slots);
        answer.Media[0].Codecs.RemoveAt(0);
        Assert.True(Negotiation.TryReadSubscribeAnswer(answer, slots, out var refused, out _));
        Assert.Null(refused.Media[0].Codec.RedPayloadType);
    }

    [Fact]
    public void A_whep_client_that_offers_red_gets_it_by_its_own_payload_types()
    {
        const string Receive = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
            + "m=audio 9 UDP/TLS/RTP/SAVPF 96 97 98\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"
            + "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n"
            + "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
            + "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 red/48000/2\r\na=fmtp:97 98/98\r\na=rtpmap:98 red/48000/2\r\na=fmtp:98 96/96\r\n";
        var negotiation = Subscribe(Receive, Voice);
        Assert.Equal((96, (int?)98), (negotiation.Media[0].PayloadType, negotiation.Media[0].Codec.RedPayloadType));
        Assert.Contains("m=audio 9 UDP/TLS/RTP/SAVPF 98 96\r\n", negotiation.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_answer_drops_is_not_used()
    {
        var slots = Negotiation.ArrangeSlots([], [Voice, Camera]);
        var answer = AnswerTo(slots);
        answer.Media[0].Direction = SdpDirection.Inactive;
        answer.Media[1].Codecs.RemoveAll(c => c.IsRtx);
        answer.Media[1].Codecs[0].Feedback.Clear();
        answer.Media[1].Extmaps.RemoveAll(e => e.Id is 3 or 13);
        answer.Media[1].Extmaps.Add(new(14, "urn:invented"));
        Assert.True(Negotiation.TryReadSubscribeAnswer(answer, slots, out var result, out _));

        Assert.Equal(["voice"], result.Unmatched.Select(u => u.Track.TrackId));
        var video = Assert.Single(result.Media);
        Assert.Null(video.RtxPayloadType);
        Assert.False(video.Codec.Nack || video.Codec.Pli);
        Assert.Equal((0, 0), (video.Extensions.TransportCc, video.Extensions.VideoOrientation));
    }

    [Fact]
    public void An_answer_to_another_offer_or_with_an_open_role_is_refused()
    {
        var slots = Negotiation.ArrangeSlots([], [Voice, Camera]);
        Assert.Equal(SdpErrorCode.NotAnAnswer, ErrorOf(AnswerTo(slots), [.. slots.Reverse()]));
        Assert.Equal(SdpErrorCode.NotAnAnswer, ErrorOf(AnswerTo(slots), [slots[0]]));

        var open = AnswerTo(slots);
        open.Media.ForEach(m => m.Setup = SdpSetup.ActPass);
        Assert.Equal(SdpErrorCode.BadSetup, ErrorOf(open, slots));

        var refused = AnswerTo(slots);
        refused.Media.ForEach(m => m.Port = 0);
        Assert.Equal(SdpErrorCode.NoMedia, ErrorOf(refused, slots));

        static string ErrorOf(SessionDescription answer, IReadOnlyList<SubscribeSlot> slots)
        {
            Assert.False(Negotiation.TryReadSubscribeAnswer(answer, slots, out _, out var error));
            return error.Code;
        }
    }

    /// <summary>What a browser makes of our offer: the same lines, receiving, active, a full agent.</summary>
    private static SessionDescription AnswerTo(IReadOnlyList<SubscribeSlot> slots)
    {
        var answer = Parse(Negotiation.WriteSubscribeOffer(Local, slots, 9, 1));
        answer.IceLite = false;
        foreach (var media in answer.Media)
        {
            media.Direction = media.Direction == SdpDirection.SendOnly ? SdpDirection.RecvOnly : SdpDirection.Inactive;
            media.Setup = SdpSetup.Active;
            media.IceUfrag = "brow";
            media.Ssrcs.Clear();
            media.SsrcGroups.Clear();
            media.Candidates.Clear();
        }

        return Parse(SdpWriter.Write(answer));
    }
}
