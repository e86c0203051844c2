using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Transport.Tcp;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport;

/// <summary>Where datagrams go, and the chain of those that wait for it. One per peer; touched by its worker only.</summary>
internal sealed class Destination
{
    public TransportAddress Address;

    /// <summary>First and last waiting slot, −1 when none waits.</summary>
    internal int Head = -1;
    internal int Tail = -1;

    /// <summary>Something waits for it.</summary>
    public bool IsWaiting => Head >= 0;
}

/// <summary>
/// The send slab. Datagrams are written into it one behind the other, chained per destination, and leave with few <c>sendmmsg</c> calls in
/// which a destination's equal-sized neighbours travel as one segmented send (UDP_SEGMENT), or into its TCP connection. Order per destination
/// is kept. The kernel takes what lies side by side, as a frame does, as one piece.
/// </summary>
internal sealed unsafe class SendQueue : IDisposable
{
    /// <summary>Room for the largest datagram that we forward; larger ones are refused at <see cref="Reserve"/>'s caller.</summary>
    public const int SlotBytes = 2048;

    private const int Slots = 512;
    private const int MaxMessages = Slots;

    /// <summary>UDP_MAX_SEGMENTS of the kernel (include/linux/udp.h).</summary>
    private const int MaxSegments = 64;

    /// <summary>A segmented send is one IP packet before it is cut: payload ≤ 65,535 − 40 − 8.</summary>
    private const int MaxSegmentedBytes = 65_000;

    private readonly UdpSocket _socket;
    private readonly TcpCandidate _tcp;
    private readonly DatagramSink? _sink;
    private readonly byte* _slab;
    private readonly int[] _next = new int[Slots];
    private readonly int[] _starts = new int[Slots];
    private readonly int[] _lengths = new int[Slots];
    private readonly Destination[] _dirty = new Destination[Slots];
    private readonly Destination[] _single;
    private readonly MultiMessageHeader* _headers;
    private readonly IoVector* _vectors;
    private readonly SocketAddressInet6* _names;
    private readonly byte* _controls;
    private readonly Segments[] _segments = new Segments[MaxMessages];
    private int _used;
    private int _usedBytes;
    private int _dirtyCount;
    private int _singleUsed;

    /// <param name="socket">Where datagrams leave.</param>
    /// <param name="tcp">Where they leave for clients of ICE-TCP.</param>
    /// <param name="sink">Takes them instead, one by one, when there is one.</param>
    public SendQueue(UdpSocket socket, TcpCandidate tcp, DatagramSink? sink = null)
    {
        _socket = socket;
        _tcp = tcp;
        _sink = sink;
        _slab = (byte*)NativeMemory.AlignedAlloc(Slots * SlotBytes, 64);
        _headers = (MultiMessageHeader*)NativeMemory.AllocZeroed(MaxMessages, (nuint)sizeof(MultiMessageHeader));
        _vectors = (IoVector*)NativeMemory.AllocZeroed(Slots, (nuint)sizeof(IoVector));
        _names = (SocketAddressInet6*)NativeMemory.AllocZeroed(Slots, (nuint)sizeof(SocketAddressInet6));
        _controls = (byte*)NativeMemory.AllocZeroed(MaxMessages, ControlSpace);
        _single = new Destination[256];
        for (var i = 0; i < _single.Length; i++)
        {
            _single[i] = new Destination();
        }
    }

    /// <summary>Datagrams that wait.</summary>
    public int Waiting => _used;

    /// <summary>Datagrams handed to the kernel.</summary>
    public long Sent { get; private set; }

    /// <summary>Sends that they travelled in: a segmented one counts once.</summary>
    public long Messages { get; private set; }

    /// <summary>System calls made for them.</summary>
    public long Calls { get; private set; }

    /// <summary>Datagrams that the kernel refused (full buffer, unreachable): lost, as on any network.</summary>
    public long Refused { get; private set; }

    /// <summary>Room for the next datagram; flushes when the slab is full.</summary>
    public Span<byte> Reserve()
    {
        if (_used == Slots)
        {
            Flush();
        }

        return new Span<byte>(_slab + _usedBytes, SlotBytes);
    }

    /// <summary>Queues what was written into the reserved room.</summary>
    public void Commit(Destination destination, int length)
    {
        var slot = _used++;
        _starts[slot] = _usedBytes;
        _lengths[slot] = length;
        _usedBytes += length;
        _next[slot] = -1;
        if (destination.Tail < 0)
        {
            destination.Head = slot;
            _dirty[_dirtyCount++] = destination;
        }
        else
        {
            _next[destination.Tail] = slot;
        }

        destination.Tail = slot;
    }

    /// <summary>Queues a copy to an address that has no <see cref="Destination"/> of its own (answers to connectivity checks).</summary>
    public void Send(in TransportAddress address, ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length > SlotBytes)
        {
            return;
        }

        if (_singleUsed == _single.Length)
        {
            Flush();
        }

        datagram.CopyTo(Reserve());
        var destination = _single[_singleUsed++];
        destination.Address = address;
        Commit(destination, datagram.Length);
    }

    /// <summary>Flushes when at least so many wait.</summary>
    public void FlushFrom(int waiting)
    {
        if (_used >= waiting)
        {
            Flush();
        }
    }

    /// <summary>Hands everything to the kernel. What it will not take now is dropped and counted: media is not worth a wait.</summary>
    public void Flush()
    {
        if (_used == 0)
        {
            return;
        }

        if (_sink is not null)
        {
            FlushTo(_sink);
            return;
        }

        var messages = 0;
        var vectors = 0;
        for (var i = 0; i < _dirtyCount; i++)
        {
            var destination = _dirty[i];
            if (destination.Address.IsTcp)
            {
                StreamOut(destination);
                continue;
            }

            var name = _names + i;
            var nameLength = _socket.WriteAddress(destination.Address, name);
            var slot = destination.Head;
            while (slot >= 0)
            {
                if (messages == MaxMessages)
                {
                    Submit(messages);
                    messages = 0;
                }

                var first = vectors;
                var segment = _lengths[slot];
                var total = 0;
                var last = segment;
                var count = 0;
                var end = -1;
                // Equal sizes, of which the last may be smaller (udp(7), UDP_SEGMENT).
                do
                {
                    last = _lengths[slot];
                    if (_starts[slot] == end)
                    {
                        _vectors[vectors - 1].Length += (nuint)last;
                    }
                    else
                    {
                        _vectors[vectors++] = new() { Base = _slab + _starts[slot], Length = (nuint)last };
                    }

                    end = _starts[slot] + last;
                    count++;
                    total += last;
                    slot = _next[slot];
                }
                while (slot >= 0
                    && last == segment
                    && _lengths[slot] <= segment
                    && _socket.SegmentationOffload
                    && count < MaxSegments
                    && total + _lengths[slot] <= MaxSegmentedBytes);

                ref var header = ref _headers[messages].Header;
                header.Name = (byte*)name;
                header.NameLength = nameLength;
                header.Vectors = _vectors + first;
                header.VectorCount = (nuint)(vectors - first);
                _segments[messages] = new(count, segment);
                if (count > 1)
                {
                    var control = _controls + (messages * ControlSpace);
                    *(nuint*)control = 18; // CMSG_LEN(sizeof(ushort))
                    *(int*)(control + 8) = LevelUdp;
                    *(int*)(control + 12) = UdpSegment;
                    *(ushort*)(control + 16) = (ushort)segment;
                    header.Control = control;
                    header.ControlLength = ControlSpace;
                }
                else
                {
                    header.Control = null;
                    header.ControlLength = 0;
                }

                messages++;
            }

            destination.Head = -1;
            destination.Tail = -1;
        }

        Submit(messages);
        Clear();
    }

    private void FlushTo(DatagramSink sink)
    {
        for (var i = 0; i < _dirtyCount; i++)
        {
            var destination = _dirty[i];
            for (var slot = destination.Head; slot >= 0; slot = _next[slot])
            {
                sink(destination.Address, Datagram(slot));
                Sent++;
            }

            destination.Head = -1;
            destination.Tail = -1;
        }

        Clear();
    }

    /// <summary>Forgets what waits.</summary>
    public void Discard()
    {
        for (var i = 0; i < _dirtyCount; i++)
        {
            _dirty[i].Head = -1;
            _dirty[i].Tail = -1;
        }

        Clear();
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_slab);
        NativeMemory.Free(_headers);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_names);
        NativeMemory.Free(_controls);
    }

    private void StreamOut(Destination destination)
    {
        for (var slot = destination.Head; slot >= 0; slot = _next[slot])
        {
            _tcp.Add(destination.Address, Datagram(slot));
        }

        destination.Head = -1;
        destination.Tail = -1;
        _tcp.Drain(destination.Address);
    }

    private ReadOnlySpan<byte> Datagram(int slot) => new(_slab + _starts[slot], _lengths[slot]);

    private void Clear()
    {
        _used = 0;
        _usedBytes = 0;
        _dirtyCount = 0;
        _singleUsed = 0;
    }

    private void Submit(int messages)
    {
        var offset = 0;
        while (offset < messages)
        {
            var sent = SendMultiple(_socket.Descriptor, _headers + offset, (uint)(messages - offset), MessageDontWait);
            Calls++;
            if (sent > 0)
            {
                for (var i = 0; i < sent; i++)
                {
                    Sent += _segments[offset + i].Count;
                }

                Messages += sent;

                offset += sent;
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == ErrorInterrupted)
            {
                continue;
            }

            if (error == ErrorMessageSize && _socket.ForbidsFragments)
            {
                _socket.AllowFragments();
                continue;
            }

            if (error is ErrorIo or ErrorInvalid or ErrorMessageSize && _segments[offset].Count > 1)
            {
                // EIO: the device cannot cut it (no checksum offload), one by one from now on. EINVAL, EMSGSIZE: this run's
                // segments exceed this path's MTU, which says nothing of the others.
                _socket.SegmentationOffload &= error != ErrorIo;
                SendOneByOne(_headers[offset].Header, _segments[offset]);
            }
            else
            {
                Refused += _segments[offset].Count;
            }

            offset++;
        }
    }

    private void SendOneByOne(in MessageHeader run, Segments segments)
    {
        IoVector piece = default;
        MultiMessageHeader single = default;
        single.Header.Name = run.Name;
        single.Header.NameLength = run.NameLength;
        single.Header.Vectors = &piece;
        single.Header.VectorCount = 1;
        for (nuint i = 0; i < run.VectorCount; i++)
        {
            var rest = run.Vectors[i];
            for (; rest.Length > 0; rest.Base += piece.Length, rest.Length -= piece.Length)
            {
                piece = new() { Base = rest.Base, Length = Math.Min(rest.Length, (nuint)segments.Bytes) };
                Calls++;
                if (SendMultiple(_socket.Descriptor, &single, 1, MessageDontWait) == 1)
                {
                    Sent++;
                    Messages++;
                }
                else
                {
                    Refused++;
                }
            }
        }
    }

    /// <summary>How many datagrams travel in a message, and how large they are; the last may be smaller.</summary>
    private readonly record struct Segments(int Count, int Bytes);
}
