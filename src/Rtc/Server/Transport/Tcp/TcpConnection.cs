using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport.Tcp;

/// <summary>What came of a system call on a connection.</summary>
internal enum TcpOutcome
{
    Done,

    /// <summary>The kernel has nothing, or takes nothing, for now.</summary>
    Later,

    /// <summary>The connection is over.</summary>
    Over,
}

/// <summary>One accepted connection (RFC 6544): its bytes in, its waiting datagrams out. Touched by its worker only.</summary>
internal sealed unsafe class TcpConnection(int descriptor, TransportAddress address, ulong payer, MonotonicTime deadline)
{
    private byte* _begun;
    private int _begunLength;
    private FrameBuffer _waiting;

    public int Descriptor { get; private set; } = descriptor;

    public TransportAddress Address { get; } = address;

    /// <summary>Whom it counts against while it is not authenticated: the address, of IPv6 the first 64 bits.</summary>
    public ulong Payer { get; } = payer;

    public bool IsClosed => Descriptor < 0;

    /// <summary>A connectivity check that came on it was authentic, and its transport still lives.</summary>
    public bool IsAuthenticated { get; set; }

    /// <summary>When it is closed unless it is authenticated by then.</summary>
    public MonotonicTime Deadline { get; set; } = deadline;

    /// <summary>Datagrams that it sent while it was not authenticated.</summary>
    public int Guesses { get; set; }

    /// <summary>When the kernel last took a byte, or nothing waited.</summary>
    public MonotonicTime LastTaken { get; set; }

    /// <summary>It is woken when the kernel takes more.</summary>
    public bool WaitsForOutput { get; set; }

    public bool HasWaiting => !_waiting.IsEmpty;

    /// <summary>Datagrams that the kernel took whole.</summary>
    public long Sent { get; private set; }

    /// <returns>Datagrams that were dropped for it.</returns>
    public int Add(ReadOnlySpan<byte> datagram, BlockPool rings) => _waiting.Add(datagram, rings);

    /// <summary>Gives the kernel what waits.</summary>
    public TcpOutcome Drain(BlockPool rings, BlockPool datagrams, MonotonicTime now)
    {
        var vectors = stackalloc IoVector[3];
        while (!_waiting.IsEmpty)
        {
            MessageHeader message = default;
            message.Vectors = vectors;
            message.VectorCount = (nuint)_waiting.Fill(vectors, rings.BlockBytes);
            var taken = SendMessage(Descriptor, &message, MessageDontWait | MessageNoSignal);
            if (taken > 0)
            {
                LastTaken = now;
                Sent += _waiting.Taken((int)taken, rings, datagrams);
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error != ErrorInterrupted)
            {
                return error is ErrorAgain or ErrorNoBuffers ? TcpOutcome.Later : TcpOutcome.Over;
            }
        }

        LastTaken = now;
        return TcpOutcome.Done;
    }

    /// <summary>Reads behind what an earlier read left over.</summary>
    /// <param name="buffer">Takes the leftover and so many bytes.</param>
    /// <param name="bytes">To read at most.</param>
    /// <param name="length">Bytes in the buffer.</param>
    /// <param name="datagrams">Where the leftover's memory goes back to.</param>
    public TcpOutcome Read(byte* buffer, int bytes, out int length, BlockPool datagrams)
    {
        length = 0;
        nint read;
        do
        {
            read = Receive(Descriptor, buffer + _begunLength, (nuint)bytes, MessageDontWait);
        }
        while (read < 0 && Marshal.GetLastPInvokeError() == ErrorInterrupted);
        if (read <= 0)
        {
            return read < 0 && Marshal.GetLastPInvokeError() == ErrorAgain ? TcpOutcome.Later : TcpOutcome.Over;
        }

        if (_begun != null)
        {
            NativeMemory.Copy(_begun, buffer, (nuint)_begunLength);
            datagrams.Return(_begun);
            _begun = null;
        }

        length = _begunLength + (int)read;
        _begunLength = 0;
        return TcpOutcome.Done;
    }

    /// <summary>Keeps the beginning of a datagram until the rest comes; false when there is no memory for it.</summary>
    public bool Keep(ReadOnlySpan<byte> begun, BlockPool datagrams)
    {
        if (begun.IsEmpty)
        {
            return true;
        }

        _begun = datagrams.Rent();
        if (_begun == null)
        {
            return false;
        }

        begun.CopyTo(new Span<byte>(_begun, datagrams.BlockBytes));
        _begunLength = begun.Length;
        return true;
    }

    /// <summary>Ends it; what waits is lost.</summary>
    public void Close(BlockPool rings, BlockPool datagrams)
    {
        if (IsClosed)
        {
            return;
        }

        _ = LinuxSockets.Close(Descriptor);
        Descriptor = -1;
        _waiting.Clear(rings, datagrams);
        if (_begun != null)
        {
            datagrams.Return(_begun);
            _begun = null;
            _begunLength = 0;
        }
    }
}
