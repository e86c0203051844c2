namespace Events.Rtc.Protocol.Codecs;

/// <summary>The media codecs that the house forwards; <see cref="None"/> is every other one.</summary>
public enum Codec
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
