using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Our end of the transport. We are always ICE-lite.</summary>
public sealed record LocalTransport
{
    public required string IceUfrag { get; init; }
    public required string IcePwd { get; init; }

    /// <summary>Of our DTLS certificate.</summary>
    public required Fingerprint Fingerprint { get; init; }

    /// <summary>Role we take where the offer leaves it open (actpass). Offers of ours always say actpass (RFC 8842 §5.2).</summary>
    public SdpSetup Setup { get; init; } = SdpSetup.Passive;

    public IReadOnlyList<Candidate> Candidates { get; init; } = [];

    /// <summary>Takes data channels (RFC 8841): our SCTP port. Null: an m-line for them is rejected.</summary>
    public int? SctpPort { get; init; }

    /// <summary>Bytes of the longest message that we take (RFC 8841 §6).</summary>
    public int MaxMessageSize { get; init; }
}

/// <summary>The other end of the transport, as its description names it. A changed ufrag is an ICE restart (RFC 8839 §4.4.1.1.1).</summary>
/// <param name="IceUfrag">What its checks carry after the colon.</param>
/// <param name="IcePwd">Key of the integrity of checks that we would send; an ICE-lite agent sends none.</param>
/// <param name="Fingerprint">The certificate must hash to it.</param>
/// <param name="DtlsRole">Our role: Client when the other side is passive.</param>
/// <param name="Candidates">What the description holds; an ICE-lite agent needs none.</param>
public sealed record RemoteTransport(
    string IceUfrag, string IcePwd, Fingerprint Fingerprint, DtlsRole DtlsRole, IReadOnlyList<Candidate> Candidates);

/// <summary>One agreed payload type and what goes with it.</summary>
public sealed record NegotiatedCodec
{
    public required Codec Codec { get; init; }
    public required int PayloadType { get; init; }

    /// <summary>RFC 4588 retransmissions of it.</summary>
    public int? RtxPayloadType { get; init; }

    /// <summary>RFC 2198 redundancy around it (Opus).</summary>
    public int? RedPayloadType { get; init; }

    /// <summary>Hz.</summary>
    public required int ClockRate { get; init; }

    public int Channels { get; init; } = 1;

    /// <summary>As the offer has it; empty when it has none.</summary>
    public string Fmtp { get; init; } = "";

    public bool Nack { get; init; }
    public bool Pli { get; init; }
    public bool Fir { get; init; }
    public bool Remb { get; init; }
    public bool TransportCc { get; init; }
}

/// <summary>Header extension ids of one m-line; 0 = not agreed.</summary>
public readonly record struct NegotiatedExtensions
{
    public byte Mid { get; init; }
    public byte Rid { get; init; }
    public byte RepairedRid { get; init; }
    public byte AudioLevel { get; init; }
    public byte TransportCc { get; init; }

    /// <summary>0 also where transport-cc is agreed: nobody needs both.</summary>
    public byte AbsSendTime { get; init; }

    public byte VideoOrientation { get; init; }
    public byte DependencyDescriptor { get; init; }
    public byte PlayoutDelay { get; init; }
    public byte AbsCaptureTime { get; init; }

    /// <summary>Two-byte headers may be used (RFC 8285 §6).</summary>
    public bool AllowMixed { get; init; }
}

/// <summary>One announced source.</summary>
/// <param name="Ssrc">Of the media.</param>
/// <param name="RtxSsrc">Of its retransmissions (FID group), null when there is none.</param>
/// <param name="Cname">RTCP name of the source.</param>
public sealed record PublishedSsrc(uint Ssrc, uint? RtxSsrc, string? Cname);

/// <summary>One m-line through which the other side may send.</summary>
public sealed record PublishedMedia
{
    /// <summary>Null only for a lone m-line without a=mid.</summary>
    public string? Mid { get; init; }

    public required int Index { get; init; }
    public required MediaKind Kind { get; init; }

    /// <summary>Every payload type that may arrive, in the answer's order.</summary>
    public required IReadOnlyList<NegotiatedCodec> Codecs { get; init; }

    public NegotiatedExtensions Extensions { get; init; }

    /// <summary>Announced sources, simulcast layers from low to high where a SIM group names them; empty when only mid and rid tell.</summary>
    public IReadOnlyList<PublishedSsrc> Ssrcs { get; init; } = [];

    /// <summary>How many of <see cref="Ssrcs"/>, from the first on, are layers of a SIM group; 0 without one.</summary>
    public int SimulcastSsrcs { get; init; }

    /// <summary>Simulcast rids in the order of the offer; empty without simulcast.</summary>
    public IReadOnlyList<string> Rids { get; init; } = [];

    public string? StreamId { get; init; }
    public string? TrackId { get; init; }

    /// <summary>Ours: RecvOnly while a track is published here, Inactive when it is not, or no longer.</summary>
    public required SdpDirection Direction { get; init; }
}

/// <param name="Mid">Of the m-line answered with port 0; null when it has none.</param>
/// <param name="Code">Why: one of <see cref="SdpErrorCode"/>.</param>
public sealed record RejectedMedia(string? Mid, MediaKind Kind, string Code);

/// <summary>The answer to a publisher.</summary>
public sealed record PublishNegotiation(
    string Answer, RemoteTransport Remote, IReadOnlyList<PublishedMedia> Media, IReadOnlyList<RejectedMedia> Rejected)
{
    /// <summary>The other side's SCTP port when data channels are agreed on, else null.</summary>
    public int? RemoteSctpPort { get; init; }
}

/// <summary>A track that a subscriber shall get.</summary>
public sealed record OutgoingTrack
{
    public required string TrackId { get; init; }
    public required string StreamId { get; init; }
    public required MediaKind Kind { get; init; }
    public required Codec Codec { get; init; }

    /// <summary>The publisher's: tells the H264 profile, the VP9 profile.</summary>
    public string Fmtp { get; init; } = "";

    public required uint Ssrc { get; init; }

    /// <summary>Null for audio and where nothing is retransmitted by RTX.</summary>
    public uint? RtxSsrc { get; init; }

    public required string Cname { get; init; }
}

/// <summary>One m-line through which a subscriber gets a track.</summary>
public sealed record SubscribedMedia
{
    public string? Mid { get; init; }
    public required int Index { get; init; }
    public required MediaKind Kind { get; init; }
    public required OutgoingTrack Track { get; init; }
    public required NegotiatedCodec Codec { get; init; }
    public NegotiatedExtensions Extensions { get; init; }

    public string TrackId => Track.TrackId;
    public int PayloadType => Codec.PayloadType;
    public int? RtxPayloadType => Codec.RtxPayloadType;
}

/// <param name="Track">What the subscriber does not get.</param>
/// <param name="Code"><see cref="SdpErrorCode.NoCommonCodec"/>, or <see cref="SdpErrorCode.NoMedia"/> when no m-line of its kind was left.</param>
public sealed record UnmatchedTrack(OutgoingTrack Track, string Code);

/// <summary>The answer to a subscriber that offered (WHEP).</summary>
public sealed record SubscribeNegotiation(
    string Answer, RemoteTransport Remote, IReadOnlyList<SubscribedMedia> Media, IReadOnlyList<UnmatchedTrack> Unmatched);

/// <summary>One m-line of our own offers; its place and kind never change, its track may.</summary>
/// <param name="Mid">"0", "1", …: the place in the offer.</param>
/// <param name="Track">Null while nothing is sent here.</param>
public sealed record SubscribeSlot(string Mid, MediaKind Kind, OutgoingTrack? Track);

/// <summary>What a browser's answer to our offer agreed to; slots it refused or holds inactive are absent.</summary>
public sealed record SubscribeAnswer(RemoteTransport Remote, IReadOnlyList<SubscribedMedia> Media, IReadOnlyList<UnmatchedTrack> Unmatched);
