namespace Events.Rtc.Protocol.Sdp;

/// <summary>One m-line and its attributes. Attributes that the house does not know are left out.</summary>
public sealed class MediaDescription
{
    public MediaKind Kind { get; set; }

    /// <summary>The first field of the m-line as written: "audio", "video", "application", "text", …</summary>
    public string KindName { get; set; } = "audio";

    public int Port { get; set; } = 9;

    /// <summary>"UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP", …</summary>
    public string Protocol { get; set; } = "UDP/TLS/RTP/SAVPF";

    /// <summary>The format list of an m-line that is not RTP: "webrtc-datachannel". Empty for RTP, whose formats are <see cref="Codecs"/>.</summary>
    public List<string> Formats { get; } = [];

    /// <summary>One per payload type, in the m-line's order of preference.</summary>
    public List<RtpCodec> Codecs { get; } = [];

    public string? Mid { get; set; }
    public SdpDirection Direction { get; set; } = SdpDirection.SendRecv;

    /// <summary>First a=msid line (RFC 8830); the stream id is "-" when the track belongs to no stream.</summary>
    public MediaStreamId? Msid { get; set; }

    public List<RidDescription> Rids { get; } = [];
    public SimulcastDescription? Simulcast { get; set; }
    public List<SsrcDescription> Ssrcs { get; } = [];
    public List<SsrcGroup> SsrcGroups { get; } = [];
    public List<Extmap> Extmaps { get; } = [];
    public bool ExtmapAllowMixed { get; set; }
    public bool RtcpMux { get; set; }
    public bool RtcpRsize { get; set; }
    public string? IceUfrag { get; set; }
    public string? IcePwd { get; set; }
    public string? IceOptions { get; set; }
    public List<Dtls.Fingerprint> Fingerprints { get; } = [];
    public SdpSetup Setup { get; set; }
    public List<Candidate> Candidates { get; } = [];
    public bool EndOfCandidates { get; set; }

    /// <summary>What "rtcp-fb:*" lines have said so far; it stands in the codecs too.</summary>
    internal List<RtcpFeedback> FeedbackOfAll { get; } = [];

    /// <summary>RFC 8843 §6: port 0 is no rejection as long as the other side bundles.</summary>
    public bool BundleOnly { get; set; }

    /// <summary>RFC 8841 §5: the SCTP port of a data channel m-line.</summary>
    public int? SctpPort { get; set; }

    /// <summary>RFC 8841 §6: bytes of the longest message that the writer takes; 0 any. Read by nobody here: ours are shorter than its default.</summary>
    public int? MaxMessageSize { get; set; }

    /// <summary>Data channels over SCTP over DTLS (RFC 8841 §4).</summary>
    public bool IsDataChannel => Kind == MediaKind.Application
        && Protocol.ToUpperInvariant() is "UDP/DTLS/SCTP" or "TCP/DTLS/SCTP"
        && Formats.Contains("webrtc-datachannel");

    /// <summary>Port 0 without a=bundle-only: refused or removed (RFC 3264 §6, §8.2).</summary>
    public bool IsRejected => Port == 0 && !BundleOnly;

    public bool IsRtp => Kind is MediaKind.Audio or MediaKind.Video && Protocol.Contains("RTP/", StringComparison.OrdinalIgnoreCase);

    /// <summary>RTP keyed by DTLS (RFC 5764 §8; "RTP/SAVPF" alone is what old WebRTC writers sent and JSEP §5.1.2 accepts).</summary>
    public bool IsSecureRtp => IsRtp && Protocol.ToUpperInvariant() is "UDP/TLS/RTP/SAVPF" or "UDP/TLS/RTP/SAVP"
        or "TCP/DTLS/RTP/SAVPF" or "TCP/DTLS/RTP/SAVP" or "TCP/TLS/RTP/SAVPF" or "RTP/SAVPF" or "RTP/SAVP";
}

/// <summary>a=msid (RFC 8830).</summary>
public sealed record MediaStreamId(string StreamId, string? TrackId);

/// <summary>a=rid (RFC 8851).</summary>
/// <param name="Id">Identifier as it travels in the rid header extension.</param>
/// <param name="IsSend">Direction of the line, from the view of its writer.</param>
/// <param name="Restrictions">What follows the direction, as written: "pt=96;max-width=1280"; null when nothing does.</param>
public sealed record RidDescription(string Id, bool IsSend, string? Restrictions = null);

/// <summary>a=simulcast (RFC 8853): the streams in the order of the line.</summary>
public sealed record SimulcastDescription(IReadOnlyList<SimulcastStream> Send, IReadOnlyList<SimulcastStream> Receive);

/// <param name="Alternatives">Rids of which the sender picks one (a comma list), best first; never empty.</param>
public sealed record SimulcastStream(IReadOnlyList<SimulcastRid> Alternatives);

/// <param name="Id">The rid.</param>
/// <param name="IsPaused">Written with "~": not sent at first.</param>
public readonly record struct SimulcastRid(string Id, bool IsPaused = false);

/// <summary>The a=ssrc lines of one source (RFC 5576 §4.1).</summary>
public sealed record SsrcDescription(uint Ssrc, string? Cname = null, MediaStreamId? Msid = null);

/// <summary>a=ssrc-group (RFC 5576 §4.2): "FID" pairs a stream with its retransmissions, "SIM" lists simulcast layers from low to high.</summary>
public sealed record SsrcGroup(string Semantics, IReadOnlyList<uint> Ssrcs);

/// <summary>a=extmap (RFC 8285 §8).</summary>
/// <param name="Id">1–14, or 16–255 where two-byte headers are allowed.</param>
/// <param name="Uri">What the element means.</param>
/// <param name="Direction">Null when the line names none, which means sendrecv.</param>
public sealed record Extmap(byte Id, string Uri, SdpDirection? Direction = null);
