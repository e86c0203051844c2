using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>What av1C needs of a sequence header OBU (AV1 bitstream specification §5.5).</summary>
internal readonly record struct Av1Sequence(int Width, int Height, byte Profile, byte Level, byte Tier, byte ColorBits)
{
    private const uint SelectValue = 2;
    private const uint Bt709 = 1;
    private const uint Srgb = 13;
    private const uint Identity = 0;

    /// <summary>The four bytes of av1C before its OBUs (AV1 Codec ISO Media File Format Binding §2.3.3).</summary>
    public byte[] ConfigurationHeader() => [0x81, (byte)((Profile << 5) | Level), (byte)((Tier << 7) | ColorBits), 0];

    /// <summary>Reads an OBU's payload.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out Av1Sequence sequence)
    {
        sequence = default;
        var bits = new BitReader(payload);
        var profile = bits.Bits(3);
        bits.Bits(1); // still_picture
        var reduced = bits.Flag();
        uint level = 0;
        uint tier = 0;
        if (reduced)
        {
            level = bits.Bits(5);
        }
        else if (!TryReadOperatingPoints(ref bits, out level, out tier))
        {
            return false;
        }

        var widthBits = (int)bits.Bits(4) + 1;
        var heightBits = (int)bits.Bits(4) + 1;
        var width = (int)bits.Bits(widthBits) + 1;
        var height = (int)bits.Bits(heightBits) + 1;
        if (!reduced && bits.Flag())
        {
            bits.Bits(7); // frame id lengths
        }

        bits.Bits(3); // superblock size, filter intra, intra edge filter
        if (!reduced)
        {
            SkipTools(ref bits);
        }

        bits.Bits(3); // superres, cdef, restoration
        var color = ReadColor(ref bits, profile);
        sequence = new(width, height, (byte)profile, (byte)level, (byte)tier, color);
        return !bits.Overrun;
    }

    private static bool TryReadOperatingPoints(ref BitReader bits, out uint level, out uint tier)
    {
        level = 0;
        tier = 0;
        var decoderModel = false;
        var delayBits = 0;
        if (bits.Flag())
        {
            bits.Bits(32); // num_units_in_display_tick
            bits.Bits(32); // time_scale
            if (bits.Flag())
            {
                bits.ExpGolomb(); // num_ticks_per_picture_minus_1
            }

            decoderModel = bits.Flag();
            if (decoderModel)
            {
                delayBits = (int)bits.Bits(5) + 1;
                bits.Bits(32); // num_units_in_decoding_tick
                bits.Bits(10); // buffer_removal_time, frame_presentation_time lengths
            }
        }

        var initialDelay = bits.Flag();
        var points = bits.Bits(5) + 1;
        for (var i = 0; i < points && !bits.Overrun; i++)
        {
            bits.Bits(12); // operating_point_idc
            var pointLevel = bits.Bits(5);
            var pointTier = pointLevel > 7 ? bits.Bits(1) : 0;
            (level, tier) = i == 0 ? (pointLevel, pointTier) : (level, tier);
            if (decoderModel && bits.Flag())
            {
                bits.Bits(delayBits);
                bits.Bits(delayBits);
                bits.Bits(1);
            }

            if (initialDelay && bits.Flag())
            {
                bits.Bits(4);
            }
        }

        return !bits.Overrun;
    }

    private static void SkipTools(ref BitReader bits)
    {
        bits.Bits(4); // interintra, masked, warped motion, dual filter
        var orderHint = bits.Flag();
        if (orderHint)
        {
            bits.Bits(2); // jnt_comp, ref_frame_mvs
        }

        var screenContent = bits.Flag() ? SelectValue : bits.Bits(1);
        if (screenContent > 0 && !bits.Flag())
        {
            bits.Bits(1); // seq_force_integer_mv
        }

        if (orderHint)
        {
            bits.Bits(3);
        }
    }

    /// <summary>color_config() as av1C wants it: high_bitdepth 6, twelve_bit 5, monochrome 4, subsampling 3 and 2, sample position 1…0.</summary>
    private static byte ReadColor(ref BitReader bits, uint profile)
    {
        var high = bits.Bits(1);
        var twelve = profile == 2 && high == 1 ? bits.Bits(1) : 0;
        var mono = profile == 1 ? 0 : bits.Bits(1);
        uint primaries = 2, transfer = 2, matrix = 2;
        if (bits.Flag())
        {
            (primaries, transfer, matrix) = (bits.Bits(8), bits.Bits(8), bits.Bits(8));
        }

        uint x = 1, y = 1, position = 0;
        if (mono == 0 && primaries == Bt709 && transfer == Srgb && matrix == Identity)
        {
            (x, y) = (0, 0);
        }
        else if (mono == 0)
        {
            bits.Bits(1); // color_range
            (x, y) = profile switch
            {
                0 => (1u, 1u),
                1 => (0u, 0u),
                _ when twelve == 1 => ReadSubsampling(ref bits),
                _ => (1u, 0u),
            };
            position = x == 1 && y == 1 ? bits.Bits(2) : 0;
        }

        return (byte)((high << 6) | (twelve << 5) | (mono << 4) | (x << 3) | (y << 2) | position);
    }

    private static (uint X, uint Y) ReadSubsampling(ref BitReader bits)
    {
        var x = bits.Bits(1);
        return (x, x == 1 ? bits.Bits(1) : 0);
    }
}
