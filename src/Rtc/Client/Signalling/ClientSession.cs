using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;

namespace Events.Rtc.Client.Signalling;

/// <summary>What offer and answer have settled: where to connect, with which secrets, for which tracks.</summary>
/// <param name="Local">ICE credentials of this side.</param>
/// <param name="Remote">ICE credentials of the other side.</param>
/// <param name="RemoteFingerprint">Of the other side's certificate.</param>
/// <param name="DtlsRole">Of this side.</param>
/// <param name="Candidates">UDP addresses of the other side, in the order of its preference.</param>
/// <param name="Media">Accepted m-lines in the order of the description.</param>
public sealed record ClientSession(
    IceCredentials Local,
    IceCredentials Remote,
    Fingerprint RemoteFingerprint,
    DtlsRole DtlsRole,
    IReadOnlyList<TransportAddress> Candidates,
    IReadOnlyList<ClientMedia> Media);

/// <summary>One accepted m-line, or one simulcast encoding of it.</summary>
public sealed record ClientMedia
{
    public required string Mid { get; init; }

    public required MediaKind Kind { get; init; }

    public required Codec Codec { get; init; }

    public required byte PayloadType { get; init; }

    /// <summary>Hz.</summary>
    public required int ClockRate { get; init; }

    /// <summary>0: retransmissions repeat the packet itself.</summary>
    public byte RtxPayloadType { get; init; }

    /// <summary>Redundancy around it (RFC 2198); 0: none.</summary>
    public byte RedPayloadType { get; init; }

    /// <summary>True: this side sends the track; false: it receives it.</summary>
    public required bool Sends { get; init; }

    /// <summary>SSRC of the track; 0 when the other side has not told its own.</summary>
    public uint Ssrc { get; init; }

    /// <summary>SSRC of its retransmissions (RFC 4588); 0 when unknown or unused.</summary>
    public uint RtxSsrc { get; init; }

    public string Cname { get; init; } = "";

    /// <summary>Simulcast encoding (RFC 8851) that this is; null without rids.</summary>
    public string? Rid { get; init; }

    /// <summary>Place among the simulcast encodings of its m-line, low to high.</summary>
    public int Layer { get; init; }

    public bool Nack { get; init; }

    public bool Pli { get; init; }

    public bool Remb { get; init; }

    public bool TransportCc { get; init; }

    /// <summary>Ids of header extensions; 0 is absent.</summary>
    public byte MidExtension { get; init; }

    public byte AudioLevelExtension { get; init; }

    public byte TransportCcExtension { get; init; }

    public byte RidExtension { get; init; }

    public byte RepairedRidExtension { get; init; }

    public byte DependencyDescriptorExtension { get; init; }
}
