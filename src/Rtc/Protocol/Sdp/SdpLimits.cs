namespace Events.Rtc.Protocol.Sdp;

/// <summary>Bounds on what a description may hold; past them it is refused with <see cref="SdpErrorCode.TooMany"/> or TooLarge.</summary>
public static class SdpLimits
{
    /// <summary>Characters of a whole description. A Chromium offer of one video m-line is about 6 KB; an answer's m-line under 1 KB.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>Characters of one line.</summary>
    public const int MaxLineLength = 8 * 1024;

    /// <summary>m-lines: a viewer of a full meeting holds one per track it receives, 150 voices and the pictures on its screen.</summary>
    public const int MaxMedia = 256;

    /// <summary>Payload types of one m-line: the RTP field has seven bits (RFC 3550 §5.1).</summary>
    public const int MaxPayloadTypes = 128;

    /// <summary>Characters of a codec's parameters; H.264 with its parameter sets in them has some hundred.</summary>
    public const int MaxFmtp = 1_024;

    public const int MaxExtmaps = 64;
    public const int MaxCandidates = 64;
    public const int MaxFingerprints = 8;
    public const int MaxFeedback = 32;
    public const int MaxGroups = 16;
    public const int MaxSsrcs = 64;
    public const int MaxSsrcGroups = 64;
    public const int MaxRids = 16;

    /// <summary>Characters of a mid or an rid: what fits a one-byte header extension element (RFC 8285 §4.2).</summary>
    public const int MaxIdentification = 16;

    /// <summary>Characters of a cname, a stream id or a track id.</summary>
    public const int MaxName = 256;
}
