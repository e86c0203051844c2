using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Relay;

/// <summary>
/// A bounded queue of messages between one worker and one relay thread: the worker writes and never waits, the relay waits and reads
/// in order. A message that does not fit is refused. Its memory is given back once both have released it.
/// </summary>
internal sealed unsafe class RelayRing
{
    private readonly MessageRing _messages;
    private readonly int _wake;
    private int _sleeping;
    private readonly Lock _waking = new();
    private int _users = 2;
    private bool _isOver;
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

    /// <summary>The reader does not come to it any more.</summary>
    public void ReleaseReader()
    {
        lock (_waking)
        {
            _isOver = true;
            _ = Transport.LinuxSockets.Close(_wake);
        }

        Release();
    }

    /// <summary>Nor does the writer.</summary>
    public void ReleaseWriter() => Release();

    private void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            _messages.Dispose();
        }
    }

    private void Wake()
    {
        // Only where the reader sleeps or the ring ends. Once closed, the descriptor's number may be another file's.
        lock (_waking)
        {
            if (!_isOver)
            {
                ulong one = 1;
                _ = Write(_wake, &one, sizeof(ulong));
            }
        }
    }
}
