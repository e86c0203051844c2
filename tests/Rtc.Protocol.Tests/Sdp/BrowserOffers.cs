namespace Events.Tests.Rtc.Protocol.Tests.Sdp;

/// <summary>Offers as the clients in the field write them, shortened only where lines repeat.</summary>
internal static class BrowserOffers
{
    private const string Print =
        "sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08";

    /// <summary>Chromium, unified plan: Opus and VP8 with three rids, H264 in four shapes, VP9, AV1, a data channel.</summary>
    public static readonly string ChromiumSimulcast = Lines($"""
        v=0
        o=- 4611731400430051336 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1 2
        a=extmap-allow-mixed
        a=msid-semantic: WMS 5f7a
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:4ZcD
        a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
        a=ice-options:trickle
        a=fingerprint:{Print}
        a=setup:actpass
        a=mid:0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendrecv
        a=msid:5f7a 6a1c-audio
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:111 opus/48000/2
        a=rtcp-fb:111 transport-cc
        a=fmtp:111 minptime=10;useinbandfec=1
        a=rtpmap:63 red/48000/2
        a=fmtp:63 111/111
        a=rtpmap:9 G722/8000
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:13 CN/8000
        a=rtpmap:110 telephone-event/48000
        a=rtpmap:126 telephone-event/8000
        a=ssrc:3170512841 cname:0rNXuPqS
        a=ssrc:3170512841 msid:5f7a 6a1c-audio
        m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105 106 107 108 109 98 99 100 101 45 46 114 115 116
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:4ZcD
        a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
        a=ice-options:trickle
        a=fingerprint:{Print}
        a=setup:actpass
        a=mid:1
        a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
        a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:13 urn:3gpp:video-orientation
        a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
        a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
        a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
        a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
        a=sendonly
        a=msid:5f7a 6a1c-video
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 goog-remb
        a=rtcp-fb:96 transport-cc
        a=rtcp-fb:96 ccm fir
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=96
        a=rtpmap:102 H264/90000
        a=rtcp-fb:102 nack
        a=rtcp-fb:102 nack pli
        a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
        a=rtpmap:103 rtx/90000
        a=fmtp:103 apt=102
        a=rtpmap:104 H264/90000
        a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
        a=rtpmap:105 rtx/90000
        a=fmtp:105 apt=104
        a=rtpmap:106 H264/90000
        a=rtcp-fb:106 nack
        a=rtcp-fb:106 nack pli
        a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
        a=rtpmap:107 rtx/90000
        a=fmtp:107 apt=106
        a=rtpmap:108 H264/90000
        a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f
        a=rtpmap:109 rtx/90000
        a=fmtp:109 apt=108
        a=rtpmap:98 VP9/90000
        a=rtcp-fb:98 nack
        a=fmtp:98 profile-id=0
        a=rtpmap:99 rtx/90000
        a=fmtp:99 apt=98
        a=rtpmap:100 VP9/90000
        a=fmtp:100 profile-id=2
        a=rtpmap:101 rtx/90000
        a=fmtp:101 apt=100
        a=rtpmap:45 AV1/90000
        a=fmtp:45 level-idx=5;profile=0;tier=0
        a=rtpmap:46 rtx/90000
        a=fmtp:46 apt=45
        a=rtpmap:114 red/90000
        a=rtpmap:115 rtx/90000
        a=fmtp:115 apt=114
        a=rtpmap:116 ulpfec/90000
        a=rid:q send
        a=rid:h send
        a=rid:f send
        a=simulcast:send q;h;f
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 0.0.0.0
        a=ice-ufrag:4ZcD
        a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
        a=ice-options:trickle
        a=fingerprint:{Print}
        a=setup:actpass
        a=mid:2
        a=sctp-port:5000
        a=max-message-size:262144
        """);

    /// <summary>Firefox: session-level fingerprint, braces in ids, directions in extmaps, both H264 modes.</summary>
    public static readonly string Firefox = Lines($$"""
        v=0
        o=mozilla...THIS_IS_SDPARTA-99.0 8323421375028337617 0 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=sendrecv
        a=fingerprint:{{Print}}
        a=group:BUNDLE 0 1
        a=ice-options:trickle
        a=msid-semantic:WMS *
        m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
        c=IN IP4 0.0.0.0
        a=sendonly
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
        a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
        a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
        a=fmtp:101 0-15
        a=ice-pwd:c24fa4b5c3b6e5e2cc7bbd4b4b22c5d9
        a=ice-ufrag:f7d8a4c5
        a=mid:0
        a=msid:{7a9ac1de-0a2f-4c84-9d0a-8e1b4f2f8b11} {d2f0b0a0-7d0b-4d3c-8f4e-3e3c5f2a9d44}
        a=rtcp-mux
        a=rtpmap:109 opus/48000/2
        a=rtpmap:9 G722/8000/1
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=rtpmap:101 telephone-event/8000/1
        a=setup:actpass
        a=ssrc:1934672543 cname:{b1d1cbfb-9b57-4ff6-8f1e-31a1f5b4a9ae}
        m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125 126 127 97 98
        c=IN IP4 0.0.0.0
        a=sendonly
        a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=extmap:5 urn:ietf:params:rtp-hdrext:toffset
        a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
        a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
        a=extmap:8/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
        a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
        a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1
        a=fmtp:120 max-fs=12288;max-fr=60
        a=fmtp:124 apt=120
        a=fmtp:121 max-fs=12288;max-fr=60
        a=fmtp:125 apt=121
        a=fmtp:127 apt=126
        a=fmtp:98 apt=97
        a=ice-pwd:c24fa4b5c3b6e5e2cc7bbd4b4b22c5d9
        a=ice-ufrag:f7d8a4c5
        a=mid:1
        a=msid:{7a9ac1de-0a2f-4c84-9d0a-8e1b4f2f8b11} {b6c6dc19-0b2e-4e6c-8c3c-9f5e0f5f2b77}
        a=rid:hi send
        a=rid:lo send
        a=rtcp-fb:120 nack
        a=rtcp-fb:120 nack pli
        a=rtcp-fb:120 ccm fir
        a=rtcp-fb:120 goog-remb
        a=rtcp-fb:120 transport-cc
        a=rtcp-fb:126 nack
        a=rtcp-fb:126 nack pli
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:120 VP8/90000
        a=rtpmap:124 rtx/90000
        a=rtpmap:121 VP9/90000
        a=rtpmap:125 rtx/90000
        a=rtpmap:126 H264/90000
        a=rtpmap:127 rtx/90000
        a=rtpmap:97 H264/90000
        a=rtpmap:98 rtx/90000
        a=setup:actpass
        a=simulcast:send hi;lo
        a=ssrc:2231627014 cname:{b1d1cbfb-9b57-4ff6-8f1e-31a1f5b4a9ae}
        a=ssrc:632943048 cname:{b1d1cbfb-9b57-4ff6-8f1e-31a1f5b4a9ae}
        a=ssrc-group:FID 2231627014 632943048
        """);

    /// <summary>Safari: H264 first, SIM and FID groups of the older kind of simulcast.</summary>
    public static readonly string SafariSim = Lines($"""
        v=0
        o=- 1815849 0 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE video
        m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99
        c=IN IP4 0.0.0.0
        a=ice-ufrag:9JvT
        a=ice-pwd:bQ3qV+gO9iUG5Vg8xkXyCsrP
        a=fingerprint:{Print}
        a=setup:actpass
        a=mid:video
        a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
        a=sendonly
        a=rtcp-mux
        a=rtpmap:96 H264/90000
        a=rtcp-fb:* nack
        a=rtcp-fb:* nack pli
        a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=96
        a=rtpmap:98 VP8/90000
        a=rtpmap:99 rtx/90000
        a=fmtp:99 apt=98
        a=ssrc-group:SIM 30 10 20
        a=ssrc-group:FID 10 11
        a=ssrc-group:FID 20 21
        a=ssrc-group:FID 30 31
        a=ssrc:10 cname:saf
        a=ssrc:10 msid:cam cam0
        a=ssrc:11 cname:saf
        a=ssrc:20 cname:saf
        a=ssrc:21 cname:saf
        a=ssrc:30 cname:saf
        a=ssrc:31 cname:saf
        """);

    /// <summary>OBS 30 over WHIP (libdatachannel): stereo Opus, one H264, session-level BUNDLE, candidates inside.</summary>
    public static readonly string ObsWhip = Lines($"""
        v=0
        o=rtc 3767197920 0 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1
        a=group:LS 0 1
        a=msid-semantic:WMS *
        a=setup:actpass
        a=ice-ufrag:1F+/
        a=ice-pwd:Un8WhHGsZ8ZpBnbGvxzCVw
        a=ice-options:ice2,trickle
        a=fingerprint:{Print}
        m=audio 52712 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 192.168.1.20
        a=mid:0
        a=sendonly
        a=ssrc:1805015010 cname:kJ3fYx
        a=ssrc:1805015010 msid:rtc rtc-audio
        a=msid:rtc rtc-audio
        a=rtcp-mux
        a=rtpmap:111 OPUS/48000/2
        a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
        a=candidate:1 1 UDP 2122317823 192.168.1.20 52712 typ host
        a=candidate:2 1 TCP 1686109951 192.168.1.20 9 typ host tcptype active
        a=end-of-candidates
        m=video 52712 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 192.168.1.20
        a=mid:1
        a=sendonly
        a=ssrc:1805015011 cname:kJ3fYx
        a=ssrc:1805015011 msid:rtc rtc-video
        a=rtcp-mux
        a=rtpmap:96 H264/90000
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
        a=rtcp-fb:96 goog-remb
        a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
        """);

    /// <summary>GStreamer whipsink (webrtcbin): H264 without a packetization mode, ssrc lines with msid, bundle-only second line.</summary>
    public static readonly string GStreamerWhip = Lines($"""
        v=0
        o=- 5713092338021842411 0 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=ice-options:trickle
        a=group:BUNDLE video0 audio1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 0.0.0.0
        a=setup:actpass
        a=ice-ufrag:Hq0Wm1UfQx0
        a=ice-pwd:mZVdNDBmXyT1j3LQnE6wMxnCFJY6pJyN
        a=rtcp-mux
        a=rtcp-rsize
        a=sendonly
        a=rtpmap:96 H264/90000
        a=rtcp-fb:96 nack pli
        a=framerate:30
        a=fmtp:96 profile-level-id=42c015;sprop-parameter-sets=Z0LAFdoFB+hAAAADAEAAAA8jxYuS,aM4yyA==
        a=ssrc:2650512190 msid:user2460521085@host-7f81f57a webrtctransceiver0
        a=ssrc:2650512190 cname:user2460521085@host-7f81f57a
        a=mid:video0
        a=fingerprint:{Print.Replace("sha-256", "SHA-256", StringComparison.Ordinal)}
        m=audio 0 UDP/TLS/RTP/SAVPF 97
        c=IN IP4 0.0.0.0
        a=setup:actpass
        a=bundle-only
        a=ice-ufrag:Hq0Wm1UfQx0
        a=ice-pwd:mZVdNDBmXyT1j3LQnE6wMxnCFJY6pJyN
        a=rtcp-mux
        a=sendonly
        a=rtpmap:97 OPUS/48000/2
        a=fmtp:97 sprop-stereo=1
        a=ssrc:118218743 cname:user2460521085@host-7f81f57a
        a=mid:audio1
        a=fingerprint:{Print}
        """);

    /// <summary>aiortc receiving (WHEP): full candidates, three fingerprints, H264 and VP8.</summary>
    public static readonly string AiortcReceive = Lines($"""
        v=0
        o=- 3908031120 3908031120 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=group:BUNDLE 0 1
        a=msid-semantic:WMS *
        m=audio 40223 UDP/TLS/RTP/SAVPF 96 0 8
        c=IN IP4 172.17.0.2
        a=recvonly
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=mid:0
        a=msid:7e3f 9bba
        a=rtcp:9 IN IP4 0.0.0.0
        a=rtcp-mux
        a=ssrc:3519842451 cname:5b6a
        a=rtpmap:96 opus/48000/2
        a=rtpmap:0 PCMU/8000
        a=rtpmap:8 PCMA/8000
        a=candidate:4d4aa9 1 udp 2130706431 172.17.0.2 40223 typ host
        a=candidate:9c1f6c 1 udp 1694498815 203.0.113.7 40223 typ srflx raddr 172.17.0.2 rport 40223
        a=end-of-candidates
        a=ice-ufrag:Yk0g
        a=ice-pwd:9fKpC1x2MqE0N6ZfVwJxAr
        a=fingerprint:{Print}
        a=setup:actpass
        m=video 40223 UDP/TLS/RTP/SAVPF 97 98 99 100 101 102
        c=IN IP4 172.17.0.2
        a=recvonly
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
        a=mid:1
        a=rtcp-mux
        a=rtpmap:97 VP8/90000
        a=rtcp-fb:97 nack
        a=rtcp-fb:97 nack pli
        a=rtcp-fb:97 goog-remb
        a=rtpmap:98 rtx/90000
        a=fmtp:98 apt=97
        a=rtpmap:99 H264/90000
        a=rtcp-fb:99 nack
        a=rtcp-fb:99 nack pli
        a=fmtp:99 packetization-mode=1;level-asymmetry-allowed=1;profile-level-id=42001f
        a=rtpmap:100 rtx/90000
        a=fmtp:100 apt=99
        a=rtpmap:101 H264/90000
        a=rtcp-fb:101 nack
        a=fmtp:101 packetization-mode=1;level-asymmetry-allowed=1;profile-level-id=42e01f
        a=rtpmap:102 rtx/90000
        a=fmtp:102 apt=101
        a=ice-ufrag:Yk0g
        a=ice-pwd:9fKpC1x2MqE0N6ZfVwJxAr
        a=fingerprint:{Print}
        a=setup:actpass
        """);

    public static TheoryData<string, string> All => new()
    {
        { nameof(ChromiumSimulcast), ChromiumSimulcast },
        { nameof(Firefox), Firefox },
        { nameof(SafariSim), SafariSim },
        { nameof(ObsWhip), ObsWhip },
        { nameof(GStreamerWhip), GStreamerWhip },
        { nameof(AiortcReceive), AiortcReceive },
    };

    private static string Lines(string text) => text.ReplaceLineEndings("\r\n") + "\r\n";
}
