namespace Events.Rtc.Protocol.Sdp;

/// <summary>Why a description was refused.</summary>
/// <param name="Code">Stable, for programs: one of <see cref="SdpErrorCode"/>.</param>
/// <param name="Message">A sentence for the person at the other end: what is wrong and what to send instead.</param>
/// <param name="Line">One-based line of the offending text; 0 when the fault belongs to no single line.</param>
public sealed record SdpError(string Code, string Message, int Line = 0);

/// <summary>The stable codes of <see cref="SdpError.Code"/>.</summary>
public static class SdpErrorCode
{
    public const string Empty = "sdp_empty";
    public const string TooLarge = "sdp_too_large";
    public const string TooMany = "sdp_too_many";
    public const string BadLine = "sdp_bad_line";
    public const string BadVersion = "sdp_bad_version";
    public const string BadOrigin = "sdp_bad_origin";
    public const string BadMedia = "sdp_bad_media";
    public const string BadAttribute = "sdp_bad_attribute";
    public const string DuplicateMid = "sdp_duplicate_mid";
    public const string DuplicateSsrc = "sdp_duplicate_ssrc";
    public const string NoMedia = "sdp_no_media";
    public const string NoFingerprint = "sdp_no_fingerprint";
    public const string NoIce = "sdp_no_ice";
    public const string BadIce = "sdp_bad_ice";
    public const string BothIceLite = "sdp_both_ice_lite";
    public const string BadSetup = "sdp_bad_setup";
    public const string NotBundled = "sdp_not_bundled";
    public const string NoMid = "sdp_no_mid";
    public const string NoRtcpMux = "sdp_no_rtcp_mux";
    public const string NotSecure = "sdp_not_secure";
    public const string NoCommonCodec = "sdp_no_common_codec";
    public const string NotAnAnswer = "sdp_not_an_answer";
}
