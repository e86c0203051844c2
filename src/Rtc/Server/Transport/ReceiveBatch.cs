using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport;

/// <summary>Takes one datagram out of a batch. A struct behind the constraint, so that the call is direct.</summary>
internal interface IDatagramReceiver
{
    /// <summary>The bytes are the receiver's until it returns; it may change them in place.</summary>
    void Receive(Span<byte> datagram, in TransportAddress from);
}

/// <summary>Buffers of one <c>recvmmsg</c>: a batch of messages, each up to 64 KB when the kernel coalesces (UDP_GRO).</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    private const int Messages = 32;

    /// <summary>
    /// The largest UDP payload, which a coalesced run never exceeds (udp(7)), and five lines of cache: at a power of two apart, the beginnings of all would
    /// compete for the same few places in it.
    /// </summary>
    private const int SlotBytes = 65_536 + (5 * 64);

    private readonly UdpSocket _socket;
    private readonly byte* _memory;
    private readonly MultiMessageHeader* _headers;
    private readonly IoVector* _vectors;
    private readonly SocketAddressInet6* _names;
    private readonly byte* _controls;

    public ReceiveBatch(UdpSocket socket)
    {
        _socket = socket;
        _memory = (byte*)NativeMemory.AlignedAlloc(Messages * SlotBytes, 64);
        _headers = (MultiMessageHeader*)NativeMemory.AllocZeroed(Messages, (nuint)sizeof(MultiMessageHeader));
        _vectors = (IoVector*)NativeMemory.AllocZeroed(Messages, (nuint)sizeof(IoVector));
        _names = (SocketAddressInet6*)NativeMemory.AllocZeroed(Messages, (nuint)sizeof(SocketAddressInet6));
        _controls = (byte*)NativeMemory.AllocZeroed(Messages, ControlSpace);
        for (var i = 0; i < Messages; i++)
        {
            _vectors[i].Base = _memory + (i * SlotBytes);
            _vectors[i].Length = SlotBytes;
            _headers[i].Header.Name = (byte*)(_names + i);
            _headers[i].Header.Vectors = _vectors + i;
            _headers[i].Header.VectorCount = 1;
            _headers[i].Header.Control = _controls + (i * ControlSpace);
        }
    }

    /// <summary>Receives what is there, up to one batch, and hands each datagram on. True when there may be more.</summary>
    public bool Receive<TReceiver>(ref TReceiver receiver)
        where TReceiver : IDatagramReceiver, allows ref struct
    {
        for (var i = 0; i < Messages; i++)
        {
            // The kernel overwrites these with what it used.
            _headers[i].Header.NameLength = (uint)sizeof(SocketAddressInet6);
            _headers[i].Header.ControlLength = ControlSpace;
        }

        var count = ReceiveMultiple(_socket.Descriptor, _headers, Messages, MessageDontWait, null);
        if (count <= 0)
        {
            return count < 0 && Marshal.GetLastPInvokeError() == ErrorInterrupted;
        }

        for (var i = 0; i < count; i++)
        {
            var length = (int)_headers[i].Length;
            var from = _socket.ReadAddress(_names + i);
            var segment = SegmentSize(ref _headers[i].Header, length);
            for (var offset = 0; offset < length; offset += segment)
            {
                receiver.Receive(new Span<byte>(_memory + (i * SlotBytes) + offset, Math.Min(segment, length - offset)), from);
            }
        }

        return count == Messages;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        NativeMemory.Free(_headers);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_names);
        NativeMemory.Free(_controls);
    }

    private static int SegmentSize(ref MessageHeader header, int length)
    {
        // One cmsg at most: length (8), level (4), type (4), then the segment size as an int (udp(7), UDP_GRO).
        if (header.ControlLength >= 20 && *(int*)(header.Control + 8) == LevelUdp && *(int*)(header.Control + 12) == UdpGro)
        {
            var segment = *(int*)(header.Control + 16);
            if (segment > 0)
            {
                return segment;
            }
        }

        return Math.Max(length, 1);
    }
}
