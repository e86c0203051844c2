using System.Buffers.Binary;

namespace Events.Rtc.Client.Media;

/// <summary>One frame of an IVF file; the bytes are valid until the next read.</summary>
/// <param name="Data">The encoded frame.</param>
/// <param name="Timestamp">Presentation time in the file's time base.</param>
public readonly record struct IvfFrame(ReadOnlyMemory<byte> Data, long Timestamp)
{
    /// <summary>VP8: bit 0 of the frame tag is 0 on a keyframe (RFC 6386 §9.1).</summary>
    public bool IsVp8Keyframe => Data.Length > 0 && (Data.Span[0] & 1) == 0;
}

/// <summary>
/// Reads IVF (the container of libvpx: a 32-byte file header, then 12-byte frame headers) from a file or a pipe. Malformed bytes end
/// the stream with a reason; they never throw.
/// </summary>
public sealed class IvfReader(Stream stream)
{
    /// <summary>Larger frames are refused: a 4K keyframe of VP8 stays well under it.</summary>
    public const int MaxFrameBytes = 4 * 1024 * 1024;

    private const int FileHeaderLength = 32;
    private const int FrameHeaderLength = 12;

    private readonly byte[] _header = new byte[FileHeaderLength];
    private byte[] _frame = new byte[64 * 1024];

    /// <summary>Four characters, "VP80" for VP8.</summary>
    public string FourCc { get; private set; } = "";

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Units of <see cref="IvfFrame.Timestamp"/> per second, as a fraction.</summary>
    public (uint Rate, uint Scale) TimeBase { get; private set; }

    /// <summary>Why reading stopped before the clean end: a stable code, else null.</summary>
    public string? Failure { get; private set; }

    /// <summary>Reads the file header; false when it is not IVF.</summary>
    public async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellation = default)
    {
        if (await ReadAsync(_header, cancellation).ConfigureAwait(false) != FileHeaderLength)
        {
            return Fail("ivf_truncated");
        }

        if (!_header.AsSpan(0, 4).SequenceEqual("DKIF"u8) || BinaryPrimitives.ReadUInt16LittleEndian(_header.AsSpan(6)) != FileHeaderLength)
        {
            return Fail("ivf_bad_header");
        }

        FourCc = System.Text.Encoding.ASCII.GetString(_header, 8, 4);
        Width = BinaryPrimitives.ReadUInt16LittleEndian(_header.AsSpan(12));
        Height = BinaryPrimitives.ReadUInt16LittleEndian(_header.AsSpan(14));
        TimeBase = (BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(16)), BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(20)));
        return TimeBase is { Rate: > 0, Scale: > 0 } || Fail("ivf_bad_time_base");
    }

    /// <summary>The next frame; null at the end (then see <see cref="Failure"/>).</summary>
    public async ValueTask<IvfFrame?> ReadFrameAsync(CancellationToken cancellation = default)
    {
        if (Failure is not null)
        {
            return null;
        }

        var got = await ReadAsync(_header.AsMemory(0, FrameHeaderLength), cancellation).ConfigureAwait(false);
        if (got < FrameHeaderLength)
        {
            Failure = got == 0 ? null : "ivf_truncated";
            return null;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(_header);
        if (size is 0 or > MaxFrameBytes)
        {
            Failure = "ivf_bad_frame_size";
            return null;
        }

        if (_frame.Length < size)
        {
            _frame = new byte[Math.Min(MaxFrameBytes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(size))];
        }

        if (await ReadAsync(_frame.AsMemory(0, (int)size), cancellation).ConfigureAwait(false) < (int)size)
        {
            Failure = "ivf_truncated";
            return null;
        }

        return new IvfFrame(_frame.AsMemory(0, (int)size), BinaryPrimitives.ReadInt64LittleEndian(_header.AsSpan(4)));
    }

    private ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellation) =>
        stream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellation);

    private bool Fail(string reason)
    {
        Failure = reason;
        return false;
    }
}
