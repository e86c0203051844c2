namespace Events.Rtc.Protocol.Sdp;

/// <summary>Why a description was refused.</summary>
/// <param name="Code">Stable, for programs: one of <see cref="SdpErrorCode"/>.</param>
/// <param name="Message">A sentence for the person at the other end: what is wrong and what to send instead.</param>
/// <param name="Line">One-based line of the offending text; 0 when the fault belongs to no single line.</param>
public sealed record SdpError(string Code, string Message, int Line = 0);

/// <summary>The stable codes of <see cref="SdpError.Code"/>.</summary>
public static class SdpErrorCode
{
    public const string Empty = "sdp-empty";
    public const string TooLarge = "sdp-too-large";
    public const string TooMany = "sdp-too-many";
    public const string BadLine = "sdp-bad-line";
    public const string BadVersion = "sdp-bad-version";
    public const string BadOrigin = "sdp-bad-origin";
    public const string BadMedia = "sdp-bad-media";
    public const string BadAttribute = "sdp-bad-attribute";
    public const string DuplicateMid = "sdp-duplicate-mid";
    public const string DuplicateSsrc = "sdp-duplicate-ssrc";
    public const string NoMedia = "sdp-no-media";
    public const string NoFingerprint = "sdp-no-fingerprint";
    public const string NoIce = "sdp-no-ice";
    public const string BadIce = "sdp-bad-ice";
    public const string BothIceLite = "sdp-both-ice-lite";
    public const string BadSetup = "sdp-bad-setup";
    public const string NotBundled = "sdp-not-bundled";
    public const string NoMid = "sdp-no-mid";
    public const string NoRtcpMux = "sdp-no-rtcp-mux";
    public const string NotSecure = "sdp-not-secure";
    public const string NoCommonCodec = "sdp-no-common-codec";
    public const string NotAnAnswer = "sdp-not-an-answer";
}
