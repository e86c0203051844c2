namespace Events.Mixer.Frames;

/// <summary>One whole coded frame, in the form that Matroska stores it.</summary>
/// <param name="RtpTimestamp">Its 32-bit RTP timestamp.</param>
/// <param name="Keyframe">Decodable without earlier frames; true for audio.</param>
/// <param name="Data">The coded bytes; valid until the next packet is given to the depacketiser.</param>
/// <param name="Width">Pixels, known on keyframes, else 0.</param>
/// <param name="Height">Pixels, known on keyframes, else 0.</param>
public readonly record struct MediaFrame(uint RtpTimestamp, bool Keyframe, ReadOnlyMemory<byte> Data, int Width, int Height);
