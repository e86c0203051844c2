using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>One payload type of an m-line: its a=rtpmap, a=fmtp and a=rtcp-fb lines.</summary>
public sealed class RtpCodec
{
    private string? _fmtp;

    public RtpCodec(int payloadType, string name = "", int clockRate = 0, int channels = 1)
    {
        PayloadType = payloadType;
        Name = name;
        ClockRate = clockRate;
        Channels = channels;
    }

    /// <summary>0–127.</summary>
    public int PayloadType { get; }

    /// <summary>Encoding name as written ("VP8", "opus", "rtx"); empty when a dynamic payload type has no rtpmap.</summary>
    public string Name { get; set; }

    /// <summary>Hz.</summary>
    public int ClockRate { get; set; }

    public int Channels { get; set; }

    /// <summary>The text behind the payload type of a=fmtp; null when there is no such line.</summary>
    public string? Fmtp
    {
        get => _fmtp;
        set
        {
            _fmtp = value;
            Parameters = FormatParameters.Parse(value);
        }
    }

    /// <summary><see cref="Fmtp"/> taken apart.</summary>
    public FormatParameters Parameters { get; private set; } = FormatParameters.None;

    public List<RtcpFeedback> Feedback { get; } = [];

    /// <summary>The media codec; None for rtx, red, fec and what we do not forward.</summary>
    public Codec Codec => CodecOf(Name, ClockRate);

    public bool IsRtx => Name.Equals("rtx", StringComparison.OrdinalIgnoreCase);

    public bool IsRed => Name.Equals("red", StringComparison.OrdinalIgnoreCase);

    public bool HasFeedback(RtcpFeedback feedback) => Feedback.Contains(feedback);

    private static Codec CodecOf(string name, int clockRate) => (name.ToUpperInvariant(), clockRate) switch
    {
        ("OPUS", 48000) => Codec.Opus,
        ("PCMU", 8000) => Codec.Pcmu,
        ("PCMA", 8000) => Codec.Pcma,
        ("VP8", 90000) => Codec.Vp8,
        ("VP9", 90000) => Codec.Vp9,
        ("H264", 90000) => Codec.H264,
        ("AV1" or "AV1X", 90000) => Codec.Av1,
        _ => Codec.None,
    };
}

/// <summary>a=rtcp-fb (RFC 4585 §4.2): "nack" with parameter "pli", "transport-cc" with none, …</summary>
public readonly record struct RtcpFeedback(string Type, string Parameter = "")
{
    public static readonly RtcpFeedback Nack = new("nack");
    public static readonly RtcpFeedback Pli = new("nack", "pli");
    public static readonly RtcpFeedback Fir = new("ccm", "fir");
    public static readonly RtcpFeedback Remb = new("goog-remb");
    public static readonly RtcpFeedback TransportCc = new("transport-cc");

    public override string ToString() => Parameter.Length == 0 ? Type : $"{Type} {Parameter}";
}
