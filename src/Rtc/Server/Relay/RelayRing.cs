using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Relay;

/// <summary>
/// A bounded queue of messages between one worker and one relay thread: the worker writes and never waits, the relay waits and reads
/// in order. A message that does not fit is refused.
/// </summary>
internal sealed unsafe class RelayRing : IDisposable
{
    private readonly MessageRing _messages;
    private readonly int _wake;
    private int _sleeping;
    private readonly Lock _waking = new();
    private bool _disposed;
    private volatile bool _closed;

    /// <param name="capacity">Bytes; 8 MB hold 30 s of a 2 Mbit/s track.</param>
    public RelayRing(int capacity = 8 * 1024 * 1024)
    {
        _messages = new MessageRing(capacity);
        _wake = EventDescriptor(0, SocketCloseOnExec);
    }

    /// <summary>Writes a message of two parts. False when there is no room: nothing was written.</summary>
    public bool TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (_closed || !_messages.TryWrite(first, second))
        {
            return false;
        }

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
            if (_messages.TryRead(destination, out length))
            {
                return true;
            }

            Volatile.Write(ref _sleeping, 1);
            Interlocked.MemoryBarrier();
            if (_messages.IsEmpty && !_closed)
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
}
