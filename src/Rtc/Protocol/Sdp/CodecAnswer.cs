using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>Moves codecs from an offered m-line to its answer.</summary>
internal static class CodecAnswer
{
    private static readonly RtcpFeedback[] KnownFeedback =
        [RtcpFeedback.Remb, RtcpFeedback.TransportCc, RtcpFeedback.Fir, RtcpFeedback.Nack, RtcpFeedback.Pli];

    /// <summary>
    /// Adds one offered payload type and its rtx to the answer, and red before them: libwebrtc sends RED only where it is listed before the codec
    /// that it is around.
    /// </summary>
    /// <param name="offer">The offered m-line.</param>
    /// <param name="codec">One of its payload types.</param>
    /// <param name="fmtp">What the answer says about it.</param>
    /// <param name="withRed">Also agree to RED around it.</param>
    /// <param name="answer">Its Codecs are filled.</param>
    public static NegotiatedCodec Add(MediaDescription offer, RtpCodec codec, string? fmtp, bool withRed, MediaDescription answer)
    {
        var red = withRed ? FindRed(offer, codec) : null;
        if (red is not null)
        {
            answer.Codecs.Add(Copy(red, red.Fmtp));
        }

        var answered = Copy(codec, fmtp);
        answer.Codecs.Add(answered);

        // RFC 4588 §8.6: apt names the payload type that is retransmitted.
        var rtx = offer.Codecs.Find(c => c.IsRtx && c.Parameters.GetInt("apt", -1) == codec.PayloadType);
        if (rtx is not null)
        {
            answer.Codecs.Add(Copy(rtx, rtx.Fmtp));
        }

        return Describe(answered, codec.Fmtp, rtx?.PayloadType, red?.PayloadType);
    }

    /// <summary>What an agreed payload type means to the forwarding code.</summary>
    public static NegotiatedCodec Describe(RtpCodec agreed, string? fmtp, int? rtx, int? red) => new()
    {
        Codec = agreed.Codec,
        PayloadType = agreed.PayloadType,
        RtxPayloadType = rtx,
        RedPayloadType = red,
        ClockRate = agreed.ClockRate,
        Channels = agreed.Channels,
        Fmtp = fmtp ?? "",
        Nack = agreed.HasFeedback(RtcpFeedback.Nack),
        Pli = agreed.HasFeedback(RtcpFeedback.Pli),
        Fir = agreed.HasFeedback(RtcpFeedback.Fir),
        Remb = agreed.HasFeedback(RtcpFeedback.Remb),
        TransportCc = agreed.HasFeedback(RtcpFeedback.TransportCc),
    };

    private static RtpCodec Copy(RtpCodec offered, string? fmtp)
    {
        var copy = new RtpCodec(offered.PayloadType, offered.Name, offered.ClockRate, offered.Channels) { Fmtp = fmtp };
        if (offered.Codec != Codec.None)
        {
            copy.Feedback.AddRange(KnownFeedback.Where(offered.HasFeedback));
        }

        return copy;
    }

    /// <summary>Its RED: the one whose blocks are all of this codec. RFC 2198 §5: "111/111" lists primary and redundant payload types.</summary>
    public static RtpCodec? FindRed(MediaDescription media, RtpCodec codec)
    {
        var type = codec.PayloadType.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return media.Codecs.Find(c => c.IsRed && c.ClockRate == codec.ClockRate && (c.Fmtp ?? "").Split('/').All(listed => listed == type));
    }

    /// <summary>RED doubles what a voice costs; of music in stereo that is a lot, and none of it is speech that must be understood.</summary>
    public static bool TakesRed(RtpCodec codec) => codec.Codec == Codec.Opus && !IsStereo(codec.Parameters);

    public static bool IsStereo(FormatParameters opus) => opus.GetInt("stereo", 0) == 1 || opus.GetInt("sprop-stereo", 0) == 1;
}
