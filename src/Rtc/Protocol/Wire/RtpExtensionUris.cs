namespace Events.Rtc.Protocol.Wire;

/// <summary>Names by which SDP negotiates RTP header extensions (<c>a=extmap</c>, RFC 8285 §5).</summary>
public static class RtpExtensionUris
{
    /// <summary>RFC 9143.</summary>
    public const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";

    /// <summary>RFC 8852.</summary>
    public const string RtpStreamId = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";

    /// <summary>RFC 8852.</summary>
    public const string RepairedRtpStreamId = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";

    /// <summary>RFC 6464.</summary>
    public const string AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    /// <summary>draft-holmer-rmcat-transport-wide-cc-extensions-01: a 16-bit sequence number over all streams of a transport.</summary>
    public const string TransportWideCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

    /// <summary>24 bits, 6.18 fixed-point seconds.</summary>
    public const string AbsSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

    /// <summary>RFC 5450.</summary>
    public const string TransmissionOffset = "urn:ietf:params:rtp-hdrext:toffset";

    /// <summary>3GPP TS 26.114.</summary>
    public const string VideoOrientation = "urn:3gpp:video-orientation";

    public const string PlayoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

    /// <summary>AV1 RTP specification, appendix A.</summary>
    public const string DependencyDescriptor =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

    public const string AbsCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

    public const string VideoLayersAllocation = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00";

    public const string ColorSpace = "http://www.webrtc.org/experiments/rtp-hdrext/color-space";

    public const string VideoContentType = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";
}
