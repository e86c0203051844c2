using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>Codecs that are recorded, by the names that the relay says.</summary>
public static class CodecNames
{
    /// <summary>False for a codec that this mixer does not record.</summary>
    public static bool TryParse(string? name, out Codec codec)
    {
        codec = name?.ToLowerInvariant() switch
        {
            "opus" => Codec.Opus,
            "vp8" => Codec.Vp8,
            "vp9" => Codec.Vp9,
            "h264" => Codec.H264,
            "av1" => Codec.Av1,
            _ => Codec.None,
        };
        return codec != Codec.None;
    }

    public static string NameOf(Codec codec) => codec switch
    {
        Codec.Opus => "opus",
        Codec.Vp8 => "vp8",
        Codec.Vp9 => "vp9",
        Codec.H264 => "h264",
        Codec.Av1 => "av1",
        _ => throw new ArgumentOutOfRangeException(nameof(codec)),
    };
}
