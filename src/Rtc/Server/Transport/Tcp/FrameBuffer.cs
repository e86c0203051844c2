using System.Buffers.Binary;
using Events.Rtc.Protocol.Wire;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport.Tcp;

/// <summary>
/// Framed datagrams that wait for one connection: a ring that drops the oldest, behind what the kernel took half of. The memory is borrowed
/// from the worker's pools while anything waits.
/// </summary>
internal unsafe struct FrameBuffer
{
    private byte* _ring;
    private byte* _rest;
    private int _head;
    private int _used;
    private int _restOffset;
    private int _restLength;

    public readonly bool IsEmpty => _used == 0 && _restLength == 0;

    /// <summary>Appends a datagram; returns how many had to go for it, itself included when there is no memory.</summary>
    public int Add(ReadOnlySpan<byte> datagram, BlockPool rings)
    {
        if (_ring == null && (_ring = rings.Rent()) == null)
        {
            return 1;
        }

        var dropped = 0;
        var needed = StreamFraming.HeaderBytes + datagram.Length;
        while (_used + needed > rings.BlockBytes)
        {
            var oldest = FrameBytes(rings.BlockBytes);
            _head = (_head + oldest) % rings.BlockBytes;
            _used -= oldest;
            dropped++;
        }

        Span<byte> header = stackalloc byte[StreamFraming.HeaderBytes];
        StreamFraming.WriteHeader(header, datagram.Length);
        Append(header, rings.BlockBytes);
        Append(datagram, rings.BlockBytes);
        return dropped;
    }

    /// <summary>What waits, in order, as up to three vectors.</summary>
    public readonly int Fill(IoVector* vectors, int ringBytes)
    {
        var count = 0;
        if (_restLength > 0)
        {
            vectors[count++] = new() { Base = _rest + _restOffset, Length = (nuint)_restLength };
        }

        if (_used > 0)
        {
            var first = Math.Min(_used, ringBytes - _head);
            vectors[count++] = new() { Base = _ring + _head, Length = (nuint)first };
            if (first < _used)
            {
                vectors[count++] = new() { Base = _ring, Length = (nuint)(_used - first) };
            }
        }

        return count;
    }

    /// <summary>The kernel took so many bytes. A datagram that it took half of must be finished, so the other half moves out of the ring.</summary>
    /// <returns>Datagrams of which the last byte is gone.</returns>
    public int Taken(int bytes, BlockPool rings, BlockPool rests)
    {
        var datagrams = 0;
        if (_restLength > 0)
        {
            var part = Math.Min(bytes, _restLength);
            _restOffset += part;
            _restLength -= part;
            bytes -= part;
            if (_restLength > 0)
            {
                return 0;
            }

            datagrams++;
        }

        while (bytes > 0)
        {
            var frame = FrameBytes(rings.BlockBytes);
            var part = Math.Min(bytes, frame);
            if (part < frame)
            {
                _rest = _rest == null ? rests.Rent() : _rest;
                _restOffset = 0;
                _restLength = frame - part;
                Copy((_head + part) % rings.BlockBytes, new Span<byte>(_rest, _restLength), rings.BlockBytes);
            }
            else
            {
                datagrams++;
            }

            _head = (_head + frame) % rings.BlockBytes;
            _used -= frame;
            bytes -= part;
        }

        ReturnUnused(rings, rests);
        return datagrams;
    }

    /// <summary>Gives the memory back; what waited is lost.</summary>
    public void Clear(BlockPool rings, BlockPool rests)
    {
        _used = 0;
        _restLength = 0;
        ReturnUnused(rings, rests);
    }

    private void ReturnUnused(BlockPool rings, BlockPool rests)
    {
        if (_used == 0 && _ring != null)
        {
            rings.Return(_ring);
            _ring = null;
            _head = 0;
        }

        if (_restLength == 0 && _rest != null)
        {
            rests.Return(_rest);
            _rest = null;
        }
    }

    private readonly int FrameBytes(int ringBytes)
    {
        Span<byte> header = stackalloc byte[StreamFraming.HeaderBytes];
        Copy(_head, header, ringBytes);
        return StreamFraming.HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(header);
    }

    private readonly void Copy(int from, Span<byte> destination, int ringBytes)
    {
        var first = Math.Min(destination.Length, ringBytes - from);
        new ReadOnlySpan<byte>(_ring + from, first).CopyTo(destination);
        new ReadOnlySpan<byte>(_ring, destination.Length - first).CopyTo(destination[first..]);
    }

    private void Append(ReadOnlySpan<byte> bytes, int ringBytes)
    {
        var at = (_head + _used) % ringBytes;
        var first = Math.Min(bytes.Length, ringBytes - at);
        bytes[..first].CopyTo(new Span<byte>(_ring + at, first));
        bytes[first..].CopyTo(new Span<byte>(_ring, bytes.Length - first));
        _used += bytes.Length;
    }
}
