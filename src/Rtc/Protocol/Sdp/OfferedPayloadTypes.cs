using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>
/// The payload types of our own offers. One number means one configuration on every m-line, as a BUNDLE demands (RFC 8843 §9.1), so each
/// H264 profile has its own.
/// </summary>
internal static class OfferedPayloadTypes
{
    /// <summary>Level 3.1 stands for all: browsers name it whatever they decode, and level-asymmetry-allowed lets the sender exceed it.</summary>
    private const string H264Format = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=";

    /// <summary>The codec of a track and, for video, its rtx; false for what cannot be offered.</summary>
    public static bool TryCreate(Codec codec, string fmtp, out RtpCodec media, out RtpCodec? rtx)
    {
        var parameters = FormatParameters.Parse(fmtp);
        rtx = null;
        switch (codec)
        {
            case Codec.Opus:
                var isStereo = CodecAnswer.IsStereo(parameters);
                // Stereo has its own number because its fmtp differs.
                media = isStereo
                    ? new(112, "opus", 48000, 2) { Fmtp = "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1" }
                    : new(111, "opus", 48000, 2) { Fmtp = "minptime=10;useinbandfec=1" };
                media.Feedback.Add(RtcpFeedback.TransportCc);
                return true;
            case Codec.Pcmu:
                media = new(0, "PCMU", 8000);
                return true;
            case Codec.Pcma:
                media = new(8, "PCMA", 8000);
                return true;
            case Codec.Vp8:
                media = Video(96, "VP8", null, out rtx);
                return true;
            case Codec.Vp9:
                media = Video(98, "VP9", "profile-id=0", out rtx);
                return true;
            case Codec.Av1:
                media = Video(45, "AV1", null, out rtx);
                return true;
            case Codec.H264:
                media = CodecMatch.ProfileOf(parameters) switch
                {
                    H264Profile.Baseline => Video(104, "H264", H264Format + "42001f", out rtx),
                    H264Profile.Main => Video(106, "H264", H264Format + "4d001f", out rtx),
                    H264Profile.ConstrainedHigh => Video(108, "H264", H264Format + "640c1f", out rtx),
                    H264Profile.High => Video(100, "H264", H264Format + "64001f", out rtx),
                    _ => Video(102, "H264", H264Format + "42e01f", out rtx),
                };
                return true;
            default:
                media = new(0);
                return false;
        }
    }

    /// <summary>RED around a codec of an offer; null where it is not worth while. Chromium's own number for it.</summary>
    public static RtpCodec? Red(RtpCodec codec) =>
        CodecAnswer.TakesRed(codec) ? new(63, "red", 48000, 2) { Fmtp = FormattableString.Invariant($"{codec.PayloadType}/{codec.PayloadType}") } : null;

    /// <summary>rtx takes the next number.</summary>
    private static RtpCodec Video(int payloadType, string name, string? fmtp, out RtpCodec rtx)
    {
        var media = new RtpCodec(payloadType, name, 90000) { Fmtp = fmtp };
        media.Feedback.AddRange([RtcpFeedback.Remb, RtcpFeedback.TransportCc, RtcpFeedback.Fir, RtcpFeedback.Nack, RtcpFeedback.Pli]);
        rtx = new(payloadType + 1, "rtx", 90000) { Fmtp = FormattableString.Invariant($"apt={payloadType}") };
        return media;
    }
}
