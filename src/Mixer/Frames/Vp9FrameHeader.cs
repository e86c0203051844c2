using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>The uncompressed header of a VP9 keyframe (VP9 bitstream specification §6.2), as far as the frame size.</summary>
internal static class Vp9FrameHeader
{
    private const uint SyncCode = 0x498342;
    private const uint ColorSpaceRgb = 7;

    public static bool TryReadKeyframeSize(ReadOnlySpan<byte> frame, out int width, out int height)
    {
        width = 0;
        height = 0;
        var bits = new BitReader(frame);
        if (bits.Bits(2) != 2)
        {
            return false;
        }

        var profile = bits.Bits(1) | (bits.Bits(1) << 1);
        if (profile == 3)
        {
            bits.Bits(1);
        }

        var showExisting = bits.Flag();
        var interFrame = bits.Flag();
        bits.Bits(2); // show_frame, error_resilient_mode
        if (showExisting || interFrame || bits.Bits(24) != SyncCode)
        {
            return false;
        }

        if (profile >= 2)
        {
            bits.Bits(1);
        }

        if (bits.Bits(3) != ColorSpaceRgb)
        {
            bits.Bits((profile & 1) != 0 ? 4 : 1);
        }
        else if ((profile & 1) != 0)
        {
            bits.Bits(1);
        }

        width = (int)bits.Bits(16) + 1;
        height = (int)bits.Bits(16) + 1;
        return !bits.Overrun;
    }
}
