using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Sdp;
using static Events.Tests.Rtc.Protocol.Tests.Sdp.SdpTexts;

namespace Events.Tests.Rtc.Protocol.Tests.Sdp;

public class PublishNegotiationTests
{
    [Fact]
    public void Chromium_publishes_opus_and_every_forwardable_video_codec_in_its_own_order()
    {
        var negotiation = Publish(BrowserOffers.ChromiumSimulcast);

        Assert.Equal(["0", "1"], negotiation.Media.Select(m => m.Mid));
        var audio = Assert.Single(negotiation.Media[0].Codecs);
        Assert.Equal((Codec.Opus, 111, 48000, 2, true), (audio.Codec, audio.PayloadType, audio.ClockRate, audio.Channels, audio.TransportCc));
        Assert.Equal(63, audio.RedPayloadType);
        var video = negotiation.Media[1].Codecs;
        Assert.Equal([96, 102, 106, 108, 98, 45], video.Select(c => c.PayloadType));
        Assert.Equal([97, 103, 107, 109, 99, 46], video.Select(c => c.RtxPayloadType!.Value));
        Assert.True(video[0] is { Nack: true, Pli: true, Fir: true, Remb: true, TransportCc: true });
        Assert.True(video[1] is { Nack: true, Pli: true, Fir: false, Remb: false, TransportCc: false });
    }

    [Fact]
    public void Simulcast_is_accepted_in_the_order_of_the_offer()
    {
        var negotiation = Publish(BrowserOffers.ChromiumSimulcast);

        Assert.Equal(["q", "h", "f"], negotiation.Media[1].Rids);
        Assert.Contains("a=simulcast:recv q;h;f\r\n", negotiation.Answer, StringComparison.Ordinal);
        Assert.Contains("a=rid:q recv\r\n", negotiation.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_past_the_policy_are_left_out()
    {
        var negotiation = Publish(BrowserOffers.ChromiumSimulcast, CodecPolicy.Default with { MaxSimulcastLayers = 2 });

        Assert.Equal(["q", "h"], negotiation.Media[1].Rids);
        Assert.DoesNotContain("a=rid:f", negotiation.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Simulcast_without_the_rid_extension_is_not_accepted()
    {
        var offer = BrowserOffers.ChromiumSimulcast.Replace("sdes:rtp-stream-id", "sdes:other", StringComparison.Ordinal);

        Assert.Empty(Publish(offer).Media[1].Rids);
    }

    [Fact]
    public void Extensions_keep_the_offerers_ids_and_abs_send_time_yields_to_transport_cc()
    {
        var extensions = Publish(BrowserOffers.ChromiumSimulcast).Media[1].Extensions;

        Assert.Equal(
            new NegotiatedExtensions
            {
                Mid = 4,
                Rid = 10,
                RepairedRid = 11,
                TransportCc = 3,
                VideoOrientation = 13,
                PlayoutDelay = 5,
                AllowMixed = true,
            },
            extensions);
    }

    /// <summary>With it, libwebrtc sends VP8 without picture ids and temporal layers.</summary>
    [Fact]
    public void The_dependency_descriptor_is_agreed_on_for_av1_alone()
    {
        Assert.Equal(0, Publish(BrowserOffers.ChromiumSimulcast).Media[1].Extensions.DependencyDescriptor);
        Assert.DoesNotContain("dependency-descriptor", Publish(BrowserOffers.ChromiumSimulcast).Answer, StringComparison.Ordinal);
        var av1 = PutFirst(BrowserOffers.ChromiumSimulcast, "AV1");

        Assert.Equal(Codec.Av1, Publish(av1).Media[1].Codecs[0].Codec);
        Assert.Equal(12, Publish(av1).Media[1].Extensions.DependencyDescriptor);
    }

    /// <summary>As setCodecPreferences does: the first payload type of the codec leads the m-line.</summary>
    private static string PutFirst(string offer, string codec)
    {
        var type = System.Text.RegularExpressions.Regex.Match(offer, $@"a=rtpmap:(\d+) {codec}/90000").Groups[1].Value;
        return System.Text.RegularExpressions.Regex.Replace(offer, @"(m=video \d+ \S+ )(.*?)\r", m => $"{m.Groups[1].Value}{type} {string.Join(' ', m.Groups[2].Value.Split(' ').Where(t => t != type))}\r");
    }

    [Fact]
    public void Data_channels_are_rejected_in_their_place_and_leave_the_bundle()
    {
        var negotiation = Publish(BrowserOffers.ChromiumSimulcast);
        var answer = Parse(negotiation.Answer);

        Assert.Equal(3, answer.Media.Count);
        Assert.True(answer.Media[2].IsRejected);
        Assert.Equal("m=application 0 UDP/DTLS/SCTP webrtc-datachannel", negotiation.Answer.Split("\r\n").Single(l => l.StartsWith("m=app", StringComparison.Ordinal)));
        Assert.Equal(["0", "1"], answer.Bundle!.Mids);
        Assert.Equal([new RejectedMedia("2", MediaKind.Application, SdpErrorCode.NoMedia)], negotiation.Rejected);
    }

    [Fact]
    public void Data_channels_are_taken_where_they_are_wanted_beside_media_and_alone()
    {
        var local = Local with { SctpPort = 5_001, MaxMessageSize = 20_000 };
        Assert.True(Negotiation.TryAnswerPublish(Parse(BrowserOffers.ChromiumSimulcast), local, CodecPolicy.Default, 7, 1, out var negotiation, out _));
        var answer = Parse(negotiation.Answer);
        Assert.Equal((false, 5_001, false), (answer.Media[2].IsRejected, answer.Media[2].SctpPort, answer.Media[2].RtcpMux));
        Assert.Contains("a=max-message-size:20000", negotiation.Answer, StringComparison.Ordinal);
        Assert.Equal(["0", "1", "2"], answer.Bundle!.Mids);
        Assert.Equal(5_000, negotiation.RemoteSctpPort);
        Assert.Empty(negotiation.Rejected);

        var alone = Parse(BrowserOffers.ChromiumSimulcast);
        alone.Media.RemoveRange(0, 2);
        Assert.True(Negotiation.TryAnswerPublish(alone, local, CodecPolicy.Default, 7, 1, out negotiation, out var error), error?.ToString());
        Assert.Empty(negotiation.Media);
        Assert.Equal(["2"], Parse(negotiation.Answer).Bundle!.Mids);
    }

    [Fact]
    public void The_answer_is_ice_lite_passive_receiving_and_carries_the_candidates_once()
    {
        var answer = Parse(Publish(BrowserOffers.ChromiumSimulcast).Answer);

        Assert.True(answer.IceLite);
        Assert.Equal("7", answer.SessionId);
        Assert.Equal(1, answer.SessionVersion);
        foreach (var media in answer.Media.Take(2))
        {
            Assert.Equal((SdpDirection.RecvOnly, SdpSetup.Passive, true, true), (media.Direction, media.Setup, media.RtcpMux, media.RtcpRsize));
            Assert.Equal(("sfu1ufrag", 9), (media.IceUfrag, media.Port));
            Assert.Equal(Local.Fingerprint, Assert.Single(media.Fingerprints));
        }

        Assert.Equal(Local.Candidates, answer.Media[0].Candidates);
        Assert.True(answer.Media[0].EndOfCandidates);
        Assert.Empty(answer.Media[1].Candidates);
    }

    [Fact]
    public void Host_candidates_have_the_priority_of_the_formula()
    {
        // RFC 8445 §5.1.2.1: 126 × 2^24 + 65535 × 2^8 + 255; RFC 6544 §4.2 with 90 for TCP.
        Assert.Equal(2130706431u, Local.Candidates[0].Priority);
        Assert.Equal((90u << 24) + (((4u << 13) | 8191u) << 8) + 255, Local.Candidates[1].Priority); // RFC 6544 §4.2: passive, direction preference 4
        Assert.NotEqual(Local.Candidates[0].Foundation, Local.Candidates[1].Foundation);
    }

    [Fact]
    public void Our_role_follows_the_offers_setup()
    {
        Assert.Equal(DtlsRole.Server, Publish(BrowserOffers.Firefox).Remote.DtlsRole);
        Assert.Equal(DtlsRole.Server, Publish(WithSetup("active")).Remote.DtlsRole);
        var passive = Publish(WithSetup("passive"));
        Assert.Equal(DtlsRole.Client, passive.Remote.DtlsRole);
        Assert.Contains("a=setup:active\r\n", passive.Answer, StringComparison.Ordinal);
        Assert.Equal(SdpErrorCode.BadSetup, PublishError(WithSetup("holdconn")));

        static string WithSetup(string setup) => BrowserOffers.Firefox.Replace("setup:actpass", "setup:" + setup, StringComparison.Ordinal);
    }

    [Fact]
    public void Firefox_is_read_with_its_session_level_fingerprint_and_directed_extensions()
    {
        var negotiation = Publish(BrowserOffers.Firefox);

        Assert.Equal("f7d8a4c5", negotiation.Remote.IceUfrag);
        Assert.Equal("sha-256", negotiation.Remote.Fingerprint.Algorithm);
        var video = negotiation.Media[1];
        Assert.Equal([120, 121, 126], video.Codecs.Select(c => c.PayloadType));
        Assert.Equal(["hi", "lo"], video.Rids);
        Assert.Equal([new PublishedSsrc(2231627014, 632943048, "{b1d1cbfb-9b57-4ff6-8f1e-31a1f5b4a9ae}")], video.Ssrcs);
        // recvonly is of no use where they send; sendonly is answered recvonly.
        Assert.Equal((0, 8), (video.Extensions.PlayoutDelay, video.Extensions.Rid));
        Assert.Contains("a=extmap:8/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n", negotiation.Answer, StringComparison.Ordinal);
        Assert.Equal("{b6c6dc19-0b2e-4e6c-8c3c-9f5e0f5f2b77}", video.TrackId);
    }

    [Fact]
    public void Safaris_sim_group_orders_the_layers_and_pairs_their_retransmissions()
    {
        var media = Assert.Single(Publish(BrowserOffers.SafariSim).Media);

        Assert.Equal([(30u, 31u), (10u, 11u), (20u, 21u)], media.Ssrcs.Select(s => (s.Ssrc, s.RtxSsrc!.Value)));
        Assert.Equal(("cam", "cam0"), (media.StreamId, media.TrackId));
        Assert.True(media.Codecs[0] is { Codec: Codec.H264, Nack: true, Pli: true, RtxPayloadType: 97 });
    }

    [Fact]
    public void Obs_publishes_h264_and_stereo_opus()
    {
        var negotiation = Publish(BrowserOffers.ObsWhip);

        Assert.Equal(2, negotiation.Media.Count);
        Assert.Contains("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n", negotiation.Answer, StringComparison.Ordinal);
        Assert.Equal((Codec.H264, 96, null), (negotiation.Media[1].Codecs[0].Codec, negotiation.Media[1].Codecs[0].PayloadType, negotiation.Media[1].Codecs[0].RtxPayloadType));
        Assert.Equal("1F+/", negotiation.Remote.IceUfrag);
        Assert.Equal(2, negotiation.Remote.Candidates.Count);
        Assert.Equal("active", negotiation.Remote.Candidates[1].TcpType);
    }

    [Fact]
    public void GStreamer_may_offer_h264_without_packetization_mode_and_a_bundle_only_line()
    {
        var negotiation = Publish(BrowserOffers.GStreamerWhip);

        Assert.Equal(["video0", "audio1"], negotiation.Media.Select(m => m.Mid));
        Assert.Equal(Codec.H264, negotiation.Media[0].Codecs[0].Codec);
        Assert.DoesNotContain(Parse(negotiation.Answer).Media, m => m.Port == 0);
    }

    [Fact]
    public void The_policy_order_wins_when_it_is_asked_to()
    {
        var policy = CodecPolicy.Default with { Video = [Codec.Vp9, Codec.Vp8], KeepOfferOrder = false };

        Assert.Equal([Codec.Vp9, Codec.Vp8], Publish(BrowserOffers.ChromiumSimulcast, policy).Media[1].Codecs.Select(c => c.Codec));
    }

    [Fact]
    public void Red_is_agreed_before_opus_because_browsers_send_it_only_then()
    {
        var negotiation = Publish(BrowserOffers.ChromiumSimulcast);

        Assert.Equal(63, negotiation.Media[0].Codecs[0].RedPayloadType);
        Assert.Contains("a=fmtp:63 111/111\r\n", negotiation.Answer, StringComparison.Ordinal);
        var line = negotiation.Answer.Split("\r\n").First(l => l.StartsWith("m=audio", StringComparison.Ordinal));
        Assert.EndsWith(" 63 111", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Red_is_not_agreed_when_the_policy_has_it_not_around_stereo_or_around_what_the_client_encrypts()
    {
        var stereo = BrowserOffers.ChromiumSimulcast.Replace("useinbandfec=1", "useinbandfec=1;stereo=1", StringComparison.Ordinal);
        Assert.NotEqual(stereo, BrowserOffers.ChromiumSimulcast);
        PublishNegotiation[] without =
        [
            Publish(BrowserOffers.ChromiumSimulcast, CodecPolicy.Default with { AudioRed = false }),
            Publish(BrowserOffers.ChromiumSimulcast, CodecPolicy.Default with { EncryptedMids = ["0"] }),
            Publish(stereo),
        ];

        Assert.All(without, n => Assert.Null(n.Media[0].Codecs[0].RedPayloadType));
        Assert.All(without, n => Assert.DoesNotContain("red/48000", n.Answer, StringComparison.Ordinal));
        Assert.Equal(63, Publish(BrowserOffers.ChromiumSimulcast, CodecPolicy.Default with { EncryptedMids = ["1"] }).Media[0].Codecs[0].RedPayloadType);
    }

    [Theory]
    [InlineData("42001f", true)]
    [InlineData("42e01f", true)]
    [InlineData("4d001f", true)]
    [InlineData("64001f", true)]
    [InlineData("640c1f", true)]
    [InlineData("f4001f", false)]
    [InlineData("zz", false)]
    public void H264_profiles_that_every_decoder_knows_are_taken(string profile, bool isTaken)
    {
        var offer = Video("sendonly", (96, "VP8/90000", null), (102, "H264/90000", "packetization-mode=1;profile-level-id=" + profile));

        Assert.Equal(isTaken, Publish(offer).Media[0].Codecs.Any(c => c.Codec == Codec.H264));
    }

    [Fact]
    public void An_m_line_without_a_common_codec_is_rejected_and_alone_it_is_an_error()
    {
        var offer = BrowserOffers.ObsWhip.Replace("H264/90000", "H265/90000", StringComparison.Ordinal);
        var negotiation = Publish(offer);

        Assert.Equal([new RejectedMedia("1", MediaKind.Video, SdpErrorCode.NoCommonCodec)], negotiation.Rejected);
        Assert.True(Parse(negotiation.Answer).Media[1].IsRejected);
        Assert.Equal(SdpErrorCode.NoCommonCodec, PublishError(Video("sendonly", (96, "H265/90000", null))));
    }

    [Theory]
    [InlineData("a=fingerprint:", SdpErrorCode.NoFingerprint)]
    [InlineData("a=ice-ufrag:", SdpErrorCode.NoIce)]
    [InlineData("a=ice-pwd:", SdpErrorCode.NoIce)]
    [InlineData("a=group:BUNDLE", SdpErrorCode.NotBundled)]
    [InlineData("a=rtcp-mux", SdpErrorCode.NoRtcpMux)]
    [InlineData("a=mid:", SdpErrorCode.NoMid)]
    public void An_offer_that_lacks_a_line_is_refused_with_its_code(string start, string code)
    {
        var lines = BrowserOffers.ObsWhip.Split("\r\n").Where(l => !l.StartsWith(start, StringComparison.Ordinal));

        Assert.Equal(code, PublishError(string.Join("\r\n", lines)));
    }

    [Fact]
    public void Sha_1_alone_is_no_fingerprint()
    {
        var sha1 = "a=fingerprint:sha-1 " + string.Join(':', Enumerable.Repeat("AB", 20));
        var offer = string.Join("\r\n", BrowserOffers.ObsWhip.Split("\r\n").Select(l => l.StartsWith("a=fingerprint", StringComparison.Ordinal) ? sha1 : l));

        Assert.Equal(SdpErrorCode.NoFingerprint, PublishError(offer));
    }

    [Fact]
    public void Plain_rtp_two_lite_agents_and_shared_ssrcs_are_refused()
    {
        Assert.Equal(SdpErrorCode.NotSecure, PublishError(BrowserOffers.SafariSim.Replace("UDP/TLS/RTP/SAVPF", "RTP/AVP", StringComparison.Ordinal)));
        Assert.Equal(SdpErrorCode.BothIceLite, PublishError(BrowserOffers.SafariSim.Replace("a=group", "a=ice-lite\r\na=group", StringComparison.Ordinal)));
        Assert.Equal(SdpErrorCode.DuplicateSsrc, PublishError(BrowserOffers.ObsWhip.Replace("1805015011", "1805015010", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_single_m_line_needs_neither_bundle_nor_mid()
    {
        var lines = Video("sendonly", (96, "VP8/90000", null)).Replace("a=mid:v\r\n", "", StringComparison.Ordinal);
        var negotiation = Publish(lines);

        Assert.Null(Assert.Single(negotiation.Media).Mid);
        Assert.DoesNotContain("a=group", negotiation.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public void A_removed_track_is_answered_inactive_and_a_stopped_m_line_with_port_0()
    {
        var inactive = Publish(BrowserOffers.ObsWhip.Replace("a=mid:1\r\na=sendonly", "a=mid:1\r\na=inactive", StringComparison.Ordinal));
        Assert.Equal([SdpDirection.RecvOnly, SdpDirection.Inactive], inactive.Media.Select(m => m.Direction));
        Assert.Equal(SdpDirection.Inactive, Parse(inactive.Answer).Media[1].Direction);

        var stopped = Publish(BrowserOffers.ObsWhip
            .Replace("m=video 52712", "m=video 0", StringComparison.Ordinal).Replace("BUNDLE 0 1", "BUNDLE 0", StringComparison.Ordinal));
        Assert.Single(stopped.Media);
        Assert.True(Parse(stopped.Answer).Media[1].IsRejected);
        Assert.Empty(stopped.Rejected);
    }

    [Fact]
    public void A_refused_first_m_line_passes_its_tag_on()
    {
        // The data channel comes first in the bundle, with credentials of its own: the transport is that of the next m-line.
        var offer = BrowserOffers.ChromiumSimulcast
            .Replace("BUNDLE 0 1 2", "BUNDLE 2 0 1", StringComparison.Ordinal)
            .Replace("webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:4ZcD", "webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:data", StringComparison.Ordinal);

        Assert.Equal("4ZcD", Publish(offer).Remote.IceUfrag);
    }

    [Fact]
    public void An_ice_restart_shows_as_another_ufrag()
    {
        var before = Publish(BrowserOffers.ChromiumSimulcast).Remote;
        var after = Publish(BrowserOffers.ChromiumSimulcast.Replace("4ZcD", "nEw1", StringComparison.Ordinal)).Remote;

        Assert.Equal(("4ZcD", "nEw1"), (before.IceUfrag, after.IceUfrag));
        Assert.Equal(before.Fingerprint, after.Fingerprint);
    }
}
