namespace Events.Rtc.Protocol.Codecs;

/// <summary>Finds the first packet of a picture that a decoder can start with.</summary>
public static class KeyframeDetector
{
    /// <summary>
    /// True for the packet in which such a picture begins (for H264 also for its parameter sets), false for its later packets, for audio and
    /// for malformed payloads.
    /// </summary>
    public static bool IsKeyframe(Codec codec, ReadOnlySpan<byte> payload) => codec switch
    {
        Codec.Vp8 => Vp8Descriptor.TryRead(payload, out var vp8) && vp8.IsKeyframe,
        Codec.Vp9 => Vp9Descriptor.TryRead(payload, out var vp9) && vp9.IsKeyframe,
        Codec.H264 => H264Payload.TryRead(payload, out var h264) && h264.IsKeyframe,
        Codec.Av1 => Av1Payload.TryRead(payload, out var av1) && av1.IsKeyframe,
        _ => false,
    };
}
