namespace Events.Mixer.Compose;

/// <summary>A planar 4:2:0 picture with even sides, planes one behind the other as FFmpeg's rawvideo has them. Limited-range BT.601.</summary>
public sealed class YuvImage
{
    public YuvImage(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(width & 1, 0, nameof(width));
        ArgumentOutOfRangeException.ThrowIfNotEqual(height & 1, 0, nameof(height));
        Width = width;
        Height = height;
        Bytes = new byte[SizeOf(width, height)];
    }

    public int Width { get; }

    public int Height { get; }

    public byte[] Bytes { get; }

    public static int SizeOf(int width, int height) => width * height * 3 / 2;

    /// <summary>Plane 0 is luma, 1 and 2 are chroma of half the size.</summary>
    public Span<byte> Plane(int plane)
    {
        var luma = Width * Height;
        return plane == 0 ? Bytes.AsSpan(0, luma) : Bytes.AsSpan(luma + ((plane - 1) * luma / 4), luma / 4);
    }

    public void CopyFrom(YuvImage source) => source.Bytes.CopyTo(Bytes, 0);

    public void Fill(int x, int y, int width, int height, YuvColor color)
    {
        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            var stride = Width >> shift;
            var target = Plane(plane);
            for (var row = y >> shift; row < (y + height) >> shift; row++)
            {
                target.Slice((row * stride) + (x >> shift), width >> shift).Fill(color[plane]);
            }
        }
    }

    /// <summary>Copies a whole picture to a place that holds it.</summary>
    public void Blit(YuvImage source, int x, int y)
    {
        for (var plane = 0; plane < 3; plane++)
        {
            var shift = plane == 0 ? 0 : 1;
            var width = source.Width >> shift;
            var from = source.Plane(plane);
            var to = Plane(plane);
            for (var row = 0; row < source.Height >> shift; row++)
            {
                from.Slice(row * width, width).CopyTo(to[((((y >> shift) + row) * (Width >> shift)) + (x >> shift))..]);
            }
        }
    }
}

/// <summary>A colour of <see cref="YuvImage"/>.</summary>
public readonly record struct YuvColor(byte Y, byte U, byte V)
{
    public byte this[int plane] => plane switch
    {
        0 => Y,
        1 => U,
        _ => V,
    };

    /// <summary>ITU-R BT.601, limited range.</summary>
    public static YuvColor FromRgb(int red, int green, int blue) => new(
        (byte)Math.Round(16 + (((65.481 * red) + (128.553 * green) + (24.966 * blue)) / 255)),
        (byte)Math.Round(128 + (((-37.797 * red) - (74.203 * green) + (112.0 * blue)) / 255)),
        (byte)Math.Round(128 + (((112.0 * red) - (93.786 * green) - (18.214 * blue)) / 255)));
}
