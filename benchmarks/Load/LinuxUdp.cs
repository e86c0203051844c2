using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Events.Benchmarks.Load;

/// <summary>The Linux calls that let one thread serve hundreds of sockets: epoll and recvmmsg with UDP_GRO.</summary>
internal static unsafe partial class LinuxUdp
{
    public const int InterruptedCall = 4; // EINTR
    private const int EpollCtlAdd = 1;
    private const int EpollCtlDelete = 2;
    private const uint EpollIn = 1;
    private const int UdpLevel = 17; // SOL_UDP
    private const int UdpGro = 104;
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int ReceiveBufferForce = 33; // SO_RCVBUFFORCE
    private const int DontWait = 0x40; // MSG_DONTWAIT
    private const int NoSignal = 0x4000; // MSG_NOSIGNAL
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK
    private const int EventNonBlocking = 0x800; // EFD_NONBLOCK

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct EpollEvent
    {
        public uint Events;
        public long Data;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct BatchMessage
    {
        public MessageHeader Header;
        public uint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    public static int CreateEpoll() => Check(epoll_create1(0), "epoll_create1");

    /// <summary>A descriptor that is readable from <see cref="Signal"/> to <see cref="ClearSignal"/>.</summary>
    public static int CreateEvent() => Check(eventfd(0, EventNonBlocking), "eventfd");

    public static void Signal(int eventDescriptor)
    {
        var one = 1UL;
        Check((int)write(eventDescriptor, &one, sizeof(ulong)), "write");
    }

    public static void ClearSignal(int eventDescriptor)
    {
        ulong count;
        Check((int)read(eventDescriptor, &count, sizeof(ulong)), "read");
    }

    public static void Watch(int epoll, int socket, long key)
    {
        var watched = new EpollEvent { Events = EpollIn, Data = key };
        Check(epoll_ctl(epoll, EpollCtlAdd, socket, &watched), "epoll_ctl");
    }

    public static void Unwatch(int epoll, int socket) => Check(epoll_ctl(epoll, EpollCtlDelete, socket, null), "epoll_ctl");

    public static int Wait(int epoll, Span<EpollEvent> events, long timeoutNanoseconds)
    {
        var timeout = new TimeSpecification { Seconds = timeoutNanoseconds / 1_000_000_000, Nanoseconds = timeoutNanoseconds % 1_000_000_000 };
        fixed (EpollEvent* first = events)
        {
            var count = epoll_pwait2(epoll, first, events.Length, &timeout, null);
            return count >= 0 ? count : Marshal.GetLastPInvokeError() == InterruptedCall ? 0 : Check(count, "epoll_pwait2");
        }
    }

    /// <summary>False when the datagram was not taken: the socket's buffer is full, or nobody listens there.</summary>
    public static bool Send(int socket, ReadOnlySpan<byte> datagram)
    {
        fixed (byte* first = datagram)
        {
            return send(socket, first, (nuint)datagram.Length, DontWait | NoSignal) >= 0;
        }
    }

    /// <summary>Messages received, 0 when none wait.</summary>
    public static int Receive(int socket, BatchMessage* messages, int count) => Math.Max(0, recvmmsg(socket, messages, (uint)count, DontWait, null));

    public static bool EnableGro(int socket)
    {
        var on = 1;
        return setsockopt(socket, UdpLevel, UdpGro, &on, sizeof(int)) == 0;
    }

    /// <summary>Passes the sysctl limit as root; elsewhere the ordinary limit has to do.</summary>
    public static void ForceReceiveBuffer(int socket, int bytes) => _ = setsockopt(socket, SocketLevel, ReceiveBufferForce, &bytes, sizeof(int));

    /// <summary>Lets this thread's sleeps end on time instead of 50 µs late.</summary>
    public static void SharpenTimers() => _ = prctl(SetTimerSlack, 1, 0, 0, 0);

    public static void Close(int descriptor) => _ = close(descriptor);

    private static int Check(int result, string call) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError(), call);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, EpollEvent* watched);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_pwait2(int epoll, EpollEvent* events, int count, TimeSpecification* timeout, void* signals);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int recvmmsg(int socket, BatchMessage* messages, uint count, int flags, TimeSpecification* timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int socket, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
