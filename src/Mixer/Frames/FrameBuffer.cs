namespace Events.Mixer.Frames;

/// <summary>The bytes of the frame that is being put together; bounded.</summary>
internal sealed class FrameBuffer
{
    /// <summary>An uncompressed 4K frame has 12 MB; no coded one of a call comes near 8 MB.</summary>
    private const int MaxLength = 8 * 1024 * 1024;

    private byte[] _bytes = new byte[32 * 1024];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public Span<byte> Span => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>False when the frame would become absurdly large.</summary>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > MaxLength)
        {
            return false;
        }

        if (Length + bytes.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes.Length));
        }

        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
        return true;
    }
}
