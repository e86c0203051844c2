namespace Events.Rtc.Protocol.Sdp;

/// <summary>
/// A session description (RFC 8866) as far as WebRTC needs it. Session-level ICE and DTLS values are also copied into each media
/// description that has none of its own, so readers look only there.
/// </summary>
public sealed class SessionDescription
{
    /// <summary>Second field of the o= line: digits.</summary>
    public string SessionId { get; set; } = "0";

    /// <summary>Third field of the o= line; grows by one per offer or answer (RFC 3264 §8).</summary>
    public long SessionVersion { get; set; }

    public bool IceLite { get; set; }

    /// <summary>RFC 8285 §6: one-byte and two-byte header extensions may be mixed in one stream.</summary>
    public bool ExtmapAllowMixed { get; set; }

    public string? IceUfrag { get; set; }
    public string? IcePwd { get; set; }
    public string? IceOptions { get; set; }
    public SdpSetup Setup { get; set; }
    public SdpDirection Direction { get; set; } = SdpDirection.SendRecv;
    public List<Dtls.Fingerprint> Fingerprints { get; } = [];

    /// <summary>a=group lines (RFC 5888), BUNDLE among them.</summary>
    public List<SdpGroup> Groups { get; } = [];

    public List<MediaDescription> Media { get; } = [];

    /// <summary>The first BUNDLE group (RFC 8843), null when there is none.</summary>
    public SdpGroup? Bundle => Groups.Find(g => g.Semantics == "BUNDLE");
}

/// <param name="Semantics">"BUNDLE", "LS", …</param>
/// <param name="Mids">Identification tags in the order of the line; the first of a BUNDLE is the tagged one (RFC 8843 §7.2.1).</param>
public sealed record SdpGroup(string Semantics, IReadOnlyList<string> Mids);

/// <summary>RFC 8866 §6.7, from the view of who wrote the description.</summary>
public enum SdpDirection
{
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// <summary>RFC 4145 §4: who opens the DTLS association; <see cref="None"/> when the line is absent.</summary>
public enum SdpSetup
{
    None,
    ActPass,
    Active,
    Passive,
    HoldConn,
}

/// <summary>What an m-line carries; <see cref="Other"/> is kept only to be rejected in its place.</summary>
public enum MediaKind
{
    Audio,
    Video,
    Application,
    Other,
}
