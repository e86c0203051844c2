using System.Buffers.Binary;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Relay;

/// <summary>
/// A bounded queue of messages between one worker and one relay thread: the worker writes and never waits, the relay reads
/// in order. A message that does not fit is refused.
/// </summary>
internal sealed unsafe class RelayRing : IDisposable
{
    private const int LengthBytes = 4;

    private readonly byte[] _buffer;
    private readonly int _wake;
    private long _written;
    private long _read;
    private int _sleeping;
    private readonly Lock _waking = new();
    private bool _disposed;
    private volatile bool _closed;

    /// <param name="capacity">Bytes; 8 MB hold 30 s of a 2 Mbit/s track.</param>
    public RelayRing(int capacity = 8 * 1024 * 1024)
    {
        _buffer = GC.AllocateUninitializedArray<byte>(capacity);
        _wake = EventDescriptor(0, SocketCloseOnExec);
    }

    /// <summary>Writes a message of two parts. False when there is no room: nothing was written.</summary>
    public bool TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var length = first.Length + second.Length;
        var written = _written;
        if (_closed || _buffer.Length - (written - Volatile.Read(ref _read)) < length + LengthBytes)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteInt32LittleEndian(prefix, length);
        CopyIn(written, prefix);
        CopyIn(written + LengthBytes, first);
        CopyIn(written + LengthBytes + first.Length, second);
        Volatile.Write(ref _written, written + LengthBytes + length);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) != 0)
        {
            Wake();
        }

        return true;
    }

    /// <summary>Waits for the next message; false once the ring is closed.</summary>
    public bool TryRead(Span<byte> destination, out int length)
    {
        while (!_closed)
        {
            var read = _read;
            if (Volatile.Read(ref _written) != read)
            {
                Span<byte> prefix = stackalloc byte[LengthBytes];
                CopyOut(read, prefix);
                length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
                CopyOut(read + LengthBytes, destination[..length]);
                Volatile.Write(ref _read, read + LengthBytes + length);
                return true;
            }

            Volatile.Write(ref _sleeping, 1);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _written) == read && !_closed)
            {
                ulong count;
                _ = Read(_wake, &count, sizeof(ulong));
            }

            Volatile.Write(ref _sleeping, 0);
        }

        length = 0;
        return false;
    }

    public void Close()
    {
        _closed = true;
        Wake();
    }

    public void Dispose()
    {
        lock (_waking)
        {
            _disposed = true;
            _ = Transport.LinuxSockets.Close(_wake);
        }
    }

    private void Wake()
    {
        // Only where the reader sleeps or the ring ends. Once closed, the descriptor's number may be another file's.
        lock (_waking)
        {
            if (!_disposed)
            {
                ulong one = 1;
                _ = Write(_wake, &one, sizeof(ulong));
            }
        }
    }

    private void CopyIn(long position, ReadOnlySpan<byte> source)
    {
        var at = (int)(position % _buffer.Length);
        var first = Math.Min(source.Length, _buffer.Length - at);
        source[..first].CopyTo(_buffer.AsSpan(at));
        source[first..].CopyTo(_buffer);
    }

    private void CopyOut(long position, Span<byte> destination)
    {
        var at = (int)(position % _buffer.Length);
        var first = Math.Min(destination.Length, _buffer.Length - at);
        _buffer.AsSpan(at, first).CopyTo(destination);
        _buffer.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }
}
