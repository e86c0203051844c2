using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client.Signalling;

/// <summary>What a client wants to send and receive.</summary>
public sealed record ClientMediaPlan
{
    public int SendAudio { get; init; }

    public int SendVideo { get; init; }

    public int ReceiveAudio { get; init; }

    public int ReceiveVideo { get; init; }

    /// <summary>Feedback of the congestion controller, as browsers offer it.</summary>
    public bool TransportCc { get; init; } = true;

    /// <summary>Offered for video, as browsers do beside the other; without both there are only receiver reports.</summary>
    public bool Remb { get; init; } = true;

    /// <summary>Simulcast encodings of each video track sent: 1 (none) to 3.</summary>
    public int SimulcastLayers { get; init; } = 1;

    /// <summary>What video is sent or received in. AV1 comes with its dependency descriptor.</summary>
    public Codec VideoCodec { get; init; } = Codec.Vp8;

    /// <summary>Names the encodings by a SIM group of SSRCs, as browsers did before rids.</summary>
    public bool LegacySimulcast { get; init; }

    /// <summary>One audio and one video track out.</summary>
    public static ClientMediaPlan Publish { get; } = new() { SendAudio = 1, SendVideo = 1 };

    /// <summary>One audio and one video track in.</summary>
    public static ClientMediaPlan View { get; } = new() { ReceiveAudio = 1, ReceiveVideo = 1 };
}

/// <summary>Offer and answer of one client peer connection: Opus and one video codec, bundled, with RTX and the feedback that browsers use.</summary>
public sealed class ClientDescription
{
    private const int VideoPayloadType = 96;
    private const int RedPayloadType = 63;
    private const int RtxPayloadType = 97;
    private const byte MidId = 1;
    private const byte AudioLevelId = 2;
    private const byte TransportCcId = 3;
    private const byte RidId = 4;
    private const byte RepairedRidId = 5;
    private const byte DependencyDescriptorId = 6;

    /// <summary>Low, medium, high.</summary>
    private static readonly string[] Rids = ["l", "m", "h"];

    private readonly Fingerprint _fingerprint;
    private readonly string _cname = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly string _sessionId = RandomNumberGenerator.GetInt32(int.MaxValue).ToString(CultureInfo.InvariantCulture);

    public ClientDescription(Fingerprint localFingerprint) => _fingerprint = localFingerprint;

    public IceCredentials Local { get; } = IceCredentials.Create();

    /// <summary>Addresses of this side, for peers that do not learn them from our checks; an ICE-lite server needs none.</summary>
    public IReadOnlyList<TransportAddress> LocalCandidates { get; init; } = [];

    /// <summary>Of Opus in offers: 96 to 127, but not video's 96 and 97; RED has 63.</summary>
    public int OpusPayloadType { get; init; } = 111;

    /// <summary>Sends audio with redundancy, and takes it (RFC 2198), where the other side does. Default false.</summary>
    public bool AudioRed { get; init; }

    private SessionDescription? Offer { get; set; }

    /// <summary>Writes the offer of this plan and keeps it for <see cref="TryReadAnswer"/>.</summary>
    public string WriteOffer(ClientMediaPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var offer = NewSession();
        var mids = new List<string>();
        void Add(MediaKind kind, int count, bool sends)
        {
            for (var i = 0; i < count; i++)
            {
                var mid = mids.Count.ToString(CultureInfo.InvariantCulture);
                mids.Add(mid);
                var media = MakeMedia(kind, mid, sends, plan, SdpSetup.ActPass);
                if (sends && kind == MediaKind.Video && plan.SimulcastLayers > 1)
                {
                    AddSimulcast(media, plan);
                }

                offer.Media.Add(media);
            }
        }

        Add(MediaKind.Audio, plan.SendAudio, true);
        Add(MediaKind.Video, plan.SendVideo, true);
        Add(MediaKind.Audio, plan.ReceiveAudio, false);
        Add(MediaKind.Video, plan.ReceiveVideo, false);
        offer.Groups.Add(new("BUNDLE", mids));
        Offer = offer;
        return SdpWriter.Write(offer);
    }

    /// <summary>Reads the answer to the offer written before; false with a stable code when it cannot be used.</summary>
    public bool TryReadAnswer(string sdp, [NotNullWhen(true)] out ClientSession? session, [NotNullWhen(false)] out string? error)
    {
        session = null;
        if (Offer is null || !SdpReader.TryParse(sdp, out var answer, out var parseError))
        {
            error = "sdp_unreadable";
            return false;
        }

        if (answer.Media.Count != Offer.Media.Count)
        {
            error = SdpErrorCode.NotAnAnswer;
            return false;
        }

        var media = new List<ClientMedia>();
        for (var i = 0; i < answer.Media.Count; i++)
        {
            if (Settle(Offer.Media[i], answer.Media[i], sends: Offer.Media[i].Direction == SdpDirection.SendOnly) is { } settled)
            {
                media.AddRange(Encodings(settled, Offer.Media[i], answer.Media[i]));
            }
        }

        // RFC 5763 §5: the answerer that is active opens the association, otherwise we do.
        var role = answer.Media.Exists(m => m.Setup == SdpSetup.Active) ? DtlsRole.Server : DtlsRole.Client;
        return TryConclude(answer, role, media, out session, out error);
    }

    /// <summary>Answers an offer of tracks to receive (as an SFU makes it to a subscriber); this side opens the DTLS association.</summary>
    public bool TryAnswer(
        string sdp, [NotNullWhen(true)] out string? answerSdp, [NotNullWhen(true)] out ClientSession? session, [NotNullWhen(false)] out string? error)
    {
        answerSdp = null;
        session = null;
        if (!SdpReader.TryParse(sdp, out var offer, out _))
        {
            error = "sdp_unreadable";
            return false;
        }

        var answer = NewSession();
        var media = new List<ClientMedia>();
        var mids = new List<string>();
        foreach (var offered in offer.Media)
        {
            var answered = AnswerMedia(offered);
            answer.Media.Add(answered);
            if (!answered.IsRejected && Settle(answered, offered, sends: false) is { } settled)
            {
                media.Add(settled);
                mids.Add(settled.Mid);
            }
        }

        answer.Groups.Add(new("BUNDLE", mids));
        answerSdp = SdpWriter.Write(answer);
        return TryConclude(offer, DtlsRole.Client, media, out session, out error);
    }

    private bool TryConclude(
        SessionDescription remote, DtlsRole role, List<ClientMedia> media, [NotNullWhen(true)] out ClientSession? session, [NotNullWhen(false)] out string? error)
    {
        session = null;
        var transport = remote.Media.Find(m => !m.IsRejected && m.IceUfrag is not null);
        if (transport is not { IceUfrag: { } ufrag, IcePwd: { } password })
        {
            error = SdpErrorCode.NoIce;
            return false;
        }

        if (transport.Fingerprints.Count == 0)
        {
            error = SdpErrorCode.NoFingerprint;
            return false;
        }

        var candidates = new List<TransportAddress>();
        foreach (var candidate in transport.Candidates.Where(c => c is { Protocol: "udp", Component: 1 }).OrderByDescending(c => c.Priority))
        {
            if (candidate.TryGetAddress(out var address))
            {
                candidates.Add(address);
            }
        }

        error = media.Count == 0 ? SdpErrorCode.NoCommonCodec : candidates.Count == 0 ? "sdp_no_candidate" : null;
        session = error is null ? new(Local, new(ufrag, password), transport.Fingerprints[0], role, candidates, media) : null;
        return error is null;
    }

    private SessionDescription NewSession() => new() { SessionId = _sessionId, SessionVersion = 1, ExtmapAllowMixed = true };

    private MediaDescription NewMedia(MediaKind kind, string mid, SdpDirection direction, SdpSetup setup)
    {
        var media = new MediaDescription
        {
            Kind = kind,
            KindName = kind == MediaKind.Audio ? "audio" : "video",
            Mid = mid,
            Direction = direction,
            RtcpMux = true,
            RtcpRsize = true,
            IceUfrag = Local.Ufrag,
            IcePwd = Local.Password,
            Fingerprints = { _fingerprint },
            Setup = setup,
        };
        media.Candidates.AddRange(LocalCandidates.Select(address => Candidate.Host(address)));
        return media;
    }

    private MediaDescription MakeMedia(MediaKind kind, string mid, bool sends, ClientMediaPlan plan, SdpSetup setup)
    {
        var media = NewMedia(kind, mid, sends ? SdpDirection.SendOnly : SdpDirection.RecvOnly, setup);
        media.Extmaps.Add(new(MidId, RtpExtensionUris.Mid));
        if (plan.TransportCc)
        {
            media.Extmaps.Add(new(TransportCcId, RtpExtensionUris.TransportWideCc));
        }

        if (kind == MediaKind.Audio)
        {
            media.Extmaps.Add(new(AudioLevelId, RtpExtensionUris.AudioLevel));
            media.Codecs.Add(new(OpusPayloadType, "opus", 48_000, 2) { Fmtp = "minptime=10;useinbandfec=1" });
            if (AudioRed)
            {
                media.Codecs.Add(new(RedPayloadType, "red", 48_000, 2) { Fmtp = $"{OpusPayloadType}/{OpusPayloadType}" });
            }
        }
        else
        {
            var video = new RtpCodec(VideoPayloadType, NameOf(plan.VideoCodec), plan.VideoCodec.ClockRate())
            {
                // What each browser decodes: constrained baseline, with more than one NAL unit in a packet.
                Fmtp = plan.VideoCodec == Codec.H264 ? "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" : null,
                Feedback = { RtcpFeedback.Nack, RtcpFeedback.Pli, RtcpFeedback.Fir },
            };
            if (plan.Remb)
            {
                video.Feedback.Add(RtcpFeedback.Remb);
            }

            if (plan.VideoCodec == Codec.Av1)
            {
                media.Extmaps.Add(new(DependencyDescriptorId, RtpExtensionUris.DependencyDescriptor));
            }

            media.Codecs.Add(video);
            media.Codecs.Add(new(RtxPayloadType, "rtx", 90_000) { Fmtp = $"apt={VideoPayloadType}" });
        }

        if (plan.TransportCc)
        {
            media.Codecs[0].Feedback.Add(RtcpFeedback.TransportCc);
        }

        if (sends)
        {
            media.Msid = new(_cname, $"{_cname}-{mid}");
            AddSources(media);
        }

        return media;
    }

    private void AddSimulcast(MediaDescription media, ClientMediaPlan plan)
    {
        media.Ssrcs.Clear();
        media.SsrcGroups.Clear();
        if (plan.LegacySimulcast)
        {
            for (var layer = 0; layer < plan.SimulcastLayers; layer++)
            {
                AddSources(media);
            }

            media.SsrcGroups.Insert(0, new("SIM", [.. media.SsrcGroups.Select(g => g.Ssrcs[0])]));
            return;
        }

        // With rids the SSRCs are not announced (RFC 8853 §5.5).
        media.Extmaps.Add(new(RidId, RtpExtensionUris.RtpStreamId));
        media.Extmaps.Add(new(RepairedRidId, RtpExtensionUris.RepairedRtpStreamId));
        var rids = Rids[..Math.Min(plan.SimulcastLayers, Rids.Length)];
        media.Rids.AddRange(rids.Select(r => new RidDescription(r, IsSend: true)));
        media.Simulcast = new([.. rids.Select(r => new SimulcastStream([new(r)]))], []);
    }

    /// <summary>One stream for each simulcast encoding that the answer takes; the m-line itself without simulcast.</summary>
    private static IEnumerable<ClientMedia> Encodings(ClientMedia media, MediaDescription ours, MediaDescription theirs)
    {
        var layer = 0;
        if (ours.SsrcGroups.Find(g => g.Semantics == "SIM") is { } group)
        {
            foreach (var ssrc in group.Ssrcs)
            {
                var rtx = ours.SsrcGroups.Find(g => g.Semantics == "FID" && g.Ssrcs[0] == ssrc);
                yield return media with { Ssrc = ssrc, RtxSsrc = media.RtxPayloadType == 0 ? 0 : rtx?.Ssrcs[1] ?? 0, Layer = layer++ };
            }
        }
        else if (ours.Simulcast is not null && theirs.Simulcast is { Receive.Count: > 0 } taken)
        {
            foreach (var stream in taken.Receive)
            {
                yield return media with
                {
                    Rid = stream.Alternatives[0].Id,
                    Layer = layer++,
                    Ssrc = NewSsrc(),
                    RtxSsrc = media.RtxPayloadType == 0 ? 0 : NewSsrc(),
                };
            }
        }
        else
        {
            yield return media with { Ssrc = media.Ssrc == 0 && media.Sends ? NewSsrc() : media.Ssrc };
        }
    }

    private void AddSources(MediaDescription media)
    {
        var primary = NewSsrc();
        media.Ssrcs.Add(new(primary, _cname, media.Msid));
        if (media.Kind == MediaKind.Video)
        {
            var rtx = NewSsrc();
            media.Ssrcs.Add(new(rtx, _cname, media.Msid));
            media.SsrcGroups.Add(new("FID", [primary, rtx]));
        }
    }

    private MediaDescription AnswerMedia(MediaDescription offered)
    {
        var answered = NewMedia(offered.Kind, offered.Mid ?? "", SdpDirection.RecvOnly, SdpSetup.Active);
        answered.KindName = offered.KindName;
        answered.Protocol = offered.Protocol;
        answered.Formats.AddRange(offered.Formats);
        var codec = offered.Codecs.Find(c => c.Codec == Codec.Opus || c.Codec.IsVideo());
        if (offered.IsRejected || codec is null || offered.Direction is SdpDirection.RecvOnly or SdpDirection.Inactive)
        {
            answered.Port = 0;
            answered.Codecs.AddRange(offered.Codecs);
            return answered;
        }

        answered.Codecs.Add(codec);
        if (FindRtx(offered, codec.PayloadType) is { } rtx)
        {
            answered.Codecs.Add(rtx);
        }

        if (AudioRed && FindRed(offered, codec.PayloadType) is { } red)
        {
            answered.Codecs.Insert(0, red);
        }

        foreach (var extmap in offered.Extmaps.Where(e => e.Uri is RtpExtensionUris.Mid or RtpExtensionUris.TransportWideCc or RtpExtensionUris.DependencyDescriptor))
        {
            answered.Extmaps.Add(extmap with { Direction = null });
        }

        return answered;
    }

    /// <summary>What both sides of one m-line agree on; null when it carries nothing.</summary>
    private static ClientMedia? Settle(MediaDescription ours, MediaDescription theirs, bool sends)
    {
        if (theirs.IsRejected || theirs.Direction == SdpDirection.Inactive || theirs.Direction == (sends ? SdpDirection.SendOnly : SdpDirection.RecvOnly))
        {
            return null;
        }

        var codec = theirs.Codecs.Find(c => c.Codec != Codec.None && ours.Codecs.Exists(o => o.PayloadType == c.PayloadType));
        if (codec is null)
        {
            return null;
        }

        var sender = sends ? ours : theirs;
        var primary = sender.SsrcGroups.Find(g => g.Semantics == "FID")?.Ssrcs ?? [.. sender.Ssrcs.Take(1).Select(s => s.Ssrc)];
        var rtx = FindRtx(ours, codec.PayloadType) is { } a && FindRtx(theirs, codec.PayloadType) is { } b && a.PayloadType == b.PayloadType ? a : null;
        var red = FindRed(ours, codec.PayloadType) is { } c && FindRed(theirs, codec.PayloadType) is { } d && c.PayloadType == d.PayloadType ? c : null;
        byte ExtensionOf(string uri) =>
            ours.Extmaps.Find(e => e.Uri == uri) is { } mine && theirs.Extmaps.Find(e => e.Uri == uri) is { } other && mine.Id == other.Id ? mine.Id : (byte)0;
        return new()
        {
            Mid = ours.Mid ?? "",
            Kind = ours.Kind,
            Codec = codec.Codec,
            PayloadType = (byte)codec.PayloadType,
            ClockRate = codec.ClockRate,
            RtxPayloadType = (byte)(rtx?.PayloadType ?? 0),
            RedPayloadType = (byte)(red?.PayloadType ?? 0),
            Sends = sends,
            Ssrc = primary.Count > 0 ? primary[0] : 0,
            RtxSsrc = rtx is not null && primary.Count > 1 ? primary[1] : 0,
            Cname = sender.Ssrcs.Count > 0 ? sender.Ssrcs[0].Cname ?? "" : "",
            Nack = codec.HasFeedback(RtcpFeedback.Nack),
            Pli = codec.HasFeedback(RtcpFeedback.Pli),
            Remb = codec.HasFeedback(RtcpFeedback.Remb),
            TransportCc = codec.HasFeedback(RtcpFeedback.TransportCc),
            MidExtension = ExtensionOf(RtpExtensionUris.Mid),
            AudioLevelExtension = ExtensionOf(RtpExtensionUris.AudioLevel),
            TransportCcExtension = ExtensionOf(RtpExtensionUris.TransportWideCc),
            RidExtension = ExtensionOf(RtpExtensionUris.RtpStreamId),
            RepairedRidExtension = ExtensionOf(RtpExtensionUris.RepairedRtpStreamId),
            DependencyDescriptorExtension = ExtensionOf(RtpExtensionUris.DependencyDescriptor),
        };
    }

    private static string NameOf(Codec codec) => codec switch
    {
        Codec.Vp8 => "VP8",
        Codec.Vp9 => "VP9",
        Codec.H264 => "H264",
        Codec.Av1 => "AV1",
        _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "This is no video codec."),
    };

    private static RtpCodec? FindRtx(MediaDescription media, int payloadType) =>
        media.Codecs.Find(c => c.IsRtx && c.Parameters.GetInt("apt", -1) == payloadType);

    private static RtpCodec? FindRed(MediaDescription media, int payloadType) =>
        media.Codecs.Find(c => c.IsRed && c.Fmtp == $"{payloadType}/{payloadType}");

    // Zero is kept out of the wire: some peers read it as "any".
    private static uint NewSsrc() => (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);
}
