using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Relay;

/// <summary>A bounded queue of messages from one thread to another; neither ever waits. A message that does not fit is refused.</summary>
/// <param name="capacity">Bytes.</param>
internal sealed class MessageRing(int capacity) : IDisposable
{
    private const int LengthBytes = 4;

    private readonly NativeBlock _buffer = new(capacity);
    private long _written;
    private long _read;

    /// <summary>As the reader sees it.</summary>
    public bool IsEmpty => Volatile.Read(ref _written) == _read;

    /// <summary>All that has been written: a place to read up to.</summary>
    public long End => Volatile.Read(ref _written);

    /// <summary>Writes a message of two parts. False when there is no room: nothing was written.</summary>
    public bool TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var length = first.Length + second.Length;
        var written = _written;
        if (_buffer.Length - (written - Volatile.Read(ref _read)) < length + LengthBytes)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteInt32LittleEndian(prefix, length);
        CopyIn(written, prefix);
        CopyIn(written + LengthBytes, first);
        CopyIn(written + LengthBytes + first.Length, second);
        Volatile.Write(ref _written, written + LengthBytes + length);
        return true;
    }

    /// <summary>Reads the next message; false when there is none.</summary>
    public bool TryRead(Span<byte> destination, out int length) => TryRead(destination, End, out length);

    /// <summary>Reads the next message before <paramref name="end"/>; false when there is none.</summary>
    public bool TryRead(Span<byte> destination, long end, out int length)
    {
        length = 0;
        var read = _read;
        if (read == end)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[LengthBytes];
        CopyOut(read, prefix);
        length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        CopyOut(read + LengthBytes, destination[..length]);
        Volatile.Write(ref _read, read + LengthBytes + length);
        return true;
    }

    /// <summary>Once neither thread comes to it any more.</summary>
    public void Dispose() => _buffer.Dispose();

    private void CopyIn(long position, ReadOnlySpan<byte> source)
    {
        var at = (int)(position % _buffer.Length);
        var first = Math.Min(source.Length, _buffer.Length - at);
        source[..first].CopyTo(_buffer.Span[at..]);
        source[first..].CopyTo(_buffer.Span);
    }

    private void CopyOut(long position, Span<byte> destination)
    {
        var at = (int)(position % _buffer.Length);
        var first = Math.Min(destination.Length, _buffer.Length - at);
        _buffer.Span.Slice(at, first).CopyTo(destination);
        _buffer.Span[..(destination.Length - first)].CopyTo(destination[first..]);
    }
}
