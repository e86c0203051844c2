namespace Events.Rtc.Protocol.Codecs;

/// <summary>Reads the picture size from a sequence parameter set (ITU-T H.264 §7.3.2.1.1).</summary>
public static class H264SequenceParameterSet
{
    private const int MaxReferenceFramesInCycle = 255;

    /// <summary>Bytes: with every scaling list written out a set stays below 600.</summary>
    private const int MaxHead = 1_024;

    public static bool TryReadSize(ReadOnlySpan<byte> nal, out int width, out int height)
    {
        width = 0;
        height = 0;
        if (nal.Length < 5)
        {
            return false;
        }

        // The size stands in front of what may be long (the usability information), so the head is enough.
        Span<byte> unescaped = stackalloc byte[MaxHead];
        var bits = new BitReader(unescaped[..Unescape(nal[1..Math.Min(nal.Length, MaxHead)], unescaped)]);
        var profile = bits.Bits(8);
        bits.Bits(16); // constraint flags, level
        bits.ExpGolomb(); // id
        uint chroma = 1;
        if (profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135)
        {
            chroma = bits.ExpGolomb();
            SkipHighProfile(ref bits, chroma);
        }

        bits.ExpGolomb(); // log2_max_frame_num_minus4
        if (!SkipOrderCount(ref bits))
        {
            return false;
        }

        bits.ExpGolomb(); // max_num_ref_frames
        bits.Bits(1); // gaps_in_frame_num_value_allowed_flag
        var macroblockColumns = bits.ExpGolomb() + 1;
        var mapRows = bits.ExpGolomb() + 1;
        var framesOnly = bits.Bits(1);
        if (framesOnly == 0)
        {
            bits.Bits(1);
        }

        bits.Bits(1); // direct_8x8_inference_flag
        uint left = 0, right = 0, top = 0, bottom = 0;
        if (bits.Flag())
        {
            (left, right, top, bottom) = (bits.ExpGolomb(), bits.ExpGolomb(), bits.ExpGolomb(), bits.ExpGolomb());
        }

        // Crop units: §7.4.2.1.1, equations 7-19 to 7-22.
        var cropX = chroma is 1 or 2 ? 2L : 1L;
        var cropY = (chroma == 1 ? 2L : 1L) * (2 - framesOnly);
        var fullWidth = (macroblockColumns * 16L) - (cropX * ((long)left + right));
        var fullHeight = (mapRows * 16L * (2 - framesOnly)) - (cropY * ((long)top + bottom));
        if (bits.Overrun || fullWidth is <= 0 or > 16_384 || fullHeight is <= 0 or > 16_384)
        {
            return false;
        }

        width = (int)fullWidth;
        height = (int)fullHeight;
        return true;
    }

    private static void SkipHighProfile(ref BitReader bits, uint chroma)
    {
        if (chroma == 3)
        {
            bits.Bits(1);
        }

        bits.ExpGolomb();
        bits.ExpGolomb();
        bits.Bits(1);
        if (!bits.Flag())
        {
            return;
        }

        for (var i = 0; i < (chroma == 3 ? 12 : 8); i++)
        {
            if (!bits.Flag())
            {
                continue;
            }

            // scaling_list(), §7.3.2.1.1.1
            var last = 8;
            var next = 8;
            for (var j = 0; j < (i < 6 ? 16 : 64) && next != 0; j++)
            {
                next = (last + bits.SignedExpGolomb() + 256) % 256;
                last = next == 0 ? last : next;
            }
        }
    }

    private static bool SkipOrderCount(ref BitReader bits)
    {
        switch (bits.ExpGolomb())
        {
            case 0:
                bits.ExpGolomb();
                return true;
            case 1:
                bits.Bits(1);
                bits.SignedExpGolomb();
                bits.SignedExpGolomb();
                var count = bits.ExpGolomb();
                for (var i = 0; i < count && i < MaxReferenceFramesInCycle; i++)
                {
                    bits.SignedExpGolomb();
                }

                return count <= MaxReferenceFramesInCycle;
            case 2:
                return true;
            default:
                return false;
        }
    }

    /// <summary>Drops emulation prevention bytes (§7.3.1).</summary>
    private static int Unescape(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var zeros = 0;
        var length = 0;
        foreach (var value in source)
        {
            if (zeros >= 2 && value == 3)
            {
                zeros = 0;
                continue;
            }

            zeros = value == 0 ? zeros + 1 : 0;
            destination[length++] = value;
        }

        return length;
    }
}
