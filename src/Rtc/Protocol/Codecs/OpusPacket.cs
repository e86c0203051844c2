namespace Events.Rtc.Protocol.Codecs;

/// <summary>What an Opus packet tells without decoding it (RFC 6716 §3.1, §3.2).</summary>
/// <param name="Samples">Duration in samples at 48 kHz, at most 5,760 (120 ms).</param>
/// <param name="FrameCount">Frames inside.</param>
/// <param name="IsStereo">Coded as stereo.</param>
/// <param name="IsDtx">Nothing but a table of contents: the encoder is silent, and sends this only to keep going (RFC 6716 §2.1.9).</param>
public readonly record struct OpusPacket(int Samples, int FrameCount, bool IsStereo, bool IsDtx)
{
    /// <summary>120 ms at 48 kHz (RFC 6716 §3.2.5).</summary>
    public const int MaxSamples = 5_760;

    /// <summary>RFC 6716 §2.1.9: packets of at most two bytes carry no audio.</summary>
    private const int MaxDtxLength = 2;

    public static bool TryRead(ReadOnlySpan<byte> payload, out OpusPacket packet)
    {
        packet = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        int frames;
        switch (payload[0] & 3)
        {
            case 0:
                frames = 1;
                break;
            case 1 or 2:
                frames = 2;
                break;
            default:
                // RFC 6716 §3.2.5: the second byte counts the frames.
                if (payload.Length < 2)
                {
                    return false;
                }

                frames = payload[1] & 0x3F;
                break;
        }

        var samples = frames * SamplesPerFrame(payload[0] >> 3);
        if (frames == 0 || samples > MaxSamples)
        {
            return false;
        }

        packet = new(samples, frames, (payload[0] & 4) != 0, payload.Length <= MaxDtxLength);
        return true;
    }

    /// <summary>RFC 6716 table 2, in samples at 48 kHz.</summary>
    private static int SamplesPerFrame(int configuration) => configuration switch
    {
        < 12 => (configuration & 3) == 3 ? 2_880 : 480 << (configuration & 3), // SILK: 10, 20, 40, 60 ms
        < 16 => 480 << (configuration & 1), // hybrid: 10, 20 ms
        _ => 120 << (configuration & 3), // CELT: 2.5, 5, 10, 20 ms
    };
}
