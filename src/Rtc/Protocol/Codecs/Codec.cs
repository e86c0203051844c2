namespace Events.Rtc.Protocol.Codecs;

/// <summary>Media codecs whose payloads this SFU forwards. RTX, RED and FEC are formats around them and stand elsewhere.</summary>
public enum Codec : byte
{
    None,
    Opus,
    Pcmu,
    Pcma,
    Vp8,
    Vp9,
    H264,
    Av1,
}

/// <summary>Facts about a <see cref="Codec"/>.</summary>
public static class CodecFacts
{
    public static bool IsVideo(this Codec codec) => codec is Codec.Vp8 or Codec.Vp9 or Codec.H264 or Codec.Av1;

    public static bool IsAudio(this Codec codec) => codec is Codec.Opus or Codec.Pcmu or Codec.Pcma;

    /// <summary>RTP clock in Hz (RFC 7587 §4.1, RFC 3551 §4.5.14, RFC 7741 §4.1, RFC 9628 §4.1, RFC 6184 §5.1, AV1 RTP §4.1); 0 for none.</summary>
    public static int ClockRate(this Codec codec) => codec switch
    {
        Codec.Opus => 48_000,
        Codec.Pcmu or Codec.Pcma => 8_000,
        Codec.Vp8 or Codec.Vp9 or Codec.H264 or Codec.Av1 => 90_000,
        _ => 0,
    };
}
