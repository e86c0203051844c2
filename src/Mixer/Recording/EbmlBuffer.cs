using System.Buffers.Binary;
using System.Text;

namespace Events.Mixer.Recording;

/// <summary>A growing buffer of EBML elements (RFC 8794).</summary>
internal sealed class EbmlBuffer
{
    /// <summary>An unknown size in eight bytes: all value bits set (RFC 8794 §6.2).</summary>
    private const ulong UnknownSize = 0x01FF_FFFF_FFFF_FFFF;

    private byte[] _bytes = new byte[64 * 1024];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void OpenUnknown(uint id)
    {
        WriteId(id);
        BinaryPrimitives.WriteUInt64BigEndian(Take(8), UnknownSize);
    }

    public void Unsigned(uint id, ulong value)
    {
        var length = 1;
        while (length < 8 && value >> (8 * length) != 0)
        {
            length++;
        }

        WriteId(id);
        WriteSize(length);
        var destination = Take(length);
        for (var i = 0; i < length; i++)
        {
            destination[i] = (byte)(value >> (8 * (length - 1 - i)));
        }
    }

    public void Signed64(uint id, long value)
    {
        WriteId(id);
        WriteSize(8);
        BinaryPrimitives.WriteInt64BigEndian(Take(8), value);
    }

    public void Float(uint id, double value)
    {
        WriteId(id);
        WriteSize(8);
        BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);
    }

    public void Text(uint id, string value) => Binary(id, Encoding.UTF8.GetBytes(value));

    public void Binary(uint id, ReadOnlySpan<byte> value)
    {
        WriteId(id);
        WriteSize(value.Length);
        value.CopyTo(Take(value.Length));
    }

    public void Master(uint id, Action<EbmlBuffer> content)
    {
        var inner = new EbmlBuffer();
        content(inner);
        Binary(id, inner.Written);
    }

    /// <summary>RFC 9559 §10.2: track number, relative timestamp, flags, data, no lacing.</summary>
    public void SimpleBlock(uint id, byte track, short relativeTimestamp, bool keyframe, ReadOnlySpan<byte> data)
    {
        WriteId(id);
        WriteSize(4 + data.Length);
        var destination = Take(4 + data.Length);
        destination[0] = (byte)(0x80 | track);
        BinaryPrimitives.WriteInt16BigEndian(destination[1..], relativeTimestamp);
        destination[3] = (byte)(keyframe ? 0x80 : 0);
        data.CopyTo(destination[4..]);
    }

    private void WriteId(uint id)
    {
        var length = id > 0xFF_FFFF ? 4 : id > 0xFFFF ? 3 : id > 0xFF ? 2 : 1;
        var destination = Take(length);
        for (var i = 0; i < length; i++)
        {
            destination[i] = (byte)(id >> (8 * (length - 1 - i)));
        }
    }

    private void WriteSize(int size)
    {
        // One byte up to 126 (127 would be "unknown"), else four bytes: 28 value bits.
        if (size < 0x7F)
        {
            Take(1)[0] = (byte)(0x80 | size);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(size, (1 << 28) - 1);
        BinaryPrimitives.WriteUInt32BigEndian(Take(4), 0x1000_0000u | (uint)size);
    }

    private Span<byte> Take(int count)
    {
        if (Length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }

        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }
}
