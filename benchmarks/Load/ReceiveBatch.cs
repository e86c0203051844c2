using System.Runtime.InteropServices;

namespace Events.Benchmarks.Load;

/// <summary>Buffers of one recvmmsg call, shared by all sockets of a thread. With UDP_GRO a message may hold a run of datagrams.</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    private const int Messages = 16;
    private const int BufferBytes = 64 * 1024;

    // One cmsg: cmsg_len 8, level 4, type 4, an int in 8 bytes of space.
    private const int ControlBytes = 24;

    private readonly byte* _buffers = (byte*)NativeMemory.AlignedAlloc(Messages * BufferBytes, 64);
    private readonly byte* _controls = (byte*)NativeMemory.AllocZeroed(Messages * ControlBytes);
    private readonly LinuxUdp.IoVector* _vectors = (LinuxUdp.IoVector*)NativeMemory.AllocZeroed(Messages, (nuint)sizeof(LinuxUdp.IoVector));
    private readonly LinuxUdp.BatchMessage* _messages = (LinuxUdp.BatchMessage*)NativeMemory.AllocZeroed(Messages, (nuint)sizeof(LinuxUdp.BatchMessage));

    public static int Capacity => Messages;

    public int Receive(int socket)
    {
        for (var i = 0; i < Messages; i++)
        {
            _vectors[i] = new() { Base = _buffers + (i * BufferBytes), Length = BufferBytes };
            // The kernel writes lengths back, so they are set anew for every call.
            _messages[i] = new()
            {
                Header = new() { Vectors = _vectors + i, VectorCount = 1, Control = _controls + (i * ControlBytes), ControlLength = ControlBytes },
            };
        }

        return LinuxUdp.Receive(socket, _messages, Messages);
    }

    public Span<byte> Message(int index) => new(_buffers + (index * BufferBytes), (int)_messages[index].Length);

    /// <summary>Size of each datagram in the message; the last may be smaller.</summary>
    public int SegmentSize(int index)
    {
        const int CmsgHeader = 16, SolUdp = 17, UdpGro = 104;
        var header = _messages[index].Header;
        var control = _controls + (index * ControlBytes);
        var isGro = header.ControlLength >= CmsgHeader + sizeof(int) && *(int*)(control + 8) == SolUdp && *(int*)(control + 12) == UdpGro;
        return isGro ? *(int*)(control + CmsgHeader) : Math.Max(1, (int)_messages[index].Length);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_buffers);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_messages);
    }
}
