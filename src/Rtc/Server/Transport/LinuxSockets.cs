using System.Runtime.InteropServices;

namespace Events.Rtc.Transport;

/// <summary>The few system calls of a batched UDP endpoint, as Linux on 64 bit defines them (recvmmsg(2), sendmmsg(2), udp(7)).</summary>
internal static unsafe partial class LinuxSockets
{
    public const int AddressFamilyInet = 2;
    public const int AddressFamilyInet6 = 10;
    public const int SocketStream = 1;
    public const int SocketDatagram = 2;
    public const int SocketNonBlocking = 0x800;
    public const int SocketCloseOnExec = 0x80000;

    public const int LevelSocket = 1;
    public const int OptionReuseAddress = 2;
    public const int OptionSendBuffer = 7;
    public const int OptionReceiveBuffer = 8;
    public const int OptionSendBufferForce = 32;
    public const int OptionReceiveBufferForce = 33;

    /// <summary>Memory and drops of a socket: nine 32-bit numbers, of which the last counts the datagrams for which there was no room (linux/sock_diag.h).</summary>
    public const int OptionMemoryInformation = 55;
    public const int MemoryInformationWords = 9;
    public const int MemoryInformationDrops = 8;

    public const int LevelIP = 0;

    /// <summary>Whether datagrams may be cut on their way (ip(7)).</summary>
    public const int OptionPathMtuDiscovery = 10;
    public const int PathMtuWant = 1;
    public const int PathMtuDo = 2;

    public const int LevelIPv6 = 41;
    public const int OptionIPv6Only = 26;

    public const int LevelTcp = 6;
    public const int TcpNoDelay = 1;
    public const int TcpUserTimeout = 18;
    public const int TcpNotSentLowAt = 25;

    public const int LevelUdp = 17;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;

    public const int MessageDontWait = 0x40;
    public const int MessageNoSignal = 0x4000;

    public const int ErrorInterrupted = 4;
    public const int ErrorIo = 5;
    public const int ErrorAgain = 11;
    public const int ErrorInvalid = 22;
    public const int ErrorMessageSize = 90;
    public const int ErrorAddressInUse = 98;
    public const int ErrorConnectionAborted = 103;
    public const int ErrorNoBuffers = 105;

    public const short PollIn = 1;

    public const int PollAdd = 1;
    public const int PollDelete = 2;
    public const int PollModify = 3;
    public const uint PollInput = 0x1;
    public const uint PollOutput = 0x4;
    public const uint PollError = 0x8;
    public const uint PollHangUp = 0x10;

    /// <summary>struct epoll_event is packed on x86-64 only (epoll_ctl(2)): 32 bits of events, then 64 of the caller's own.</summary>
    public static readonly int PollEventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    public static readonly int PollEventNumberAt = PollEventBytes - 8;

    /// <summary>The cmsg header (16 bytes) and a ushort or int, rounded up to 8.</summary>
    public const int ControlSpace = 24;

    public const int SetTimerSlack = 29;

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MultiMessageHeader
    {
        public MessageHeader Header;
        public uint Length;
    }

    /// <summary>sockaddr_in6, 28 bytes; port and address in network order.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct SocketAddressInet6
    {
        public ushort Family;
        public ushort Port;
        public uint FlowInfo;
        public fixed byte Address[16];
        public uint ScopeId;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSocketOption(int socket, int level, int option, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(int socket, void* address, uint* length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int socket, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(int socket, void* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int socket, void* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int PollSet(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int PollControl(int set, int operation, int descriptor, void* pollEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int PollWait(int set, void* events, int count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMultiple(int socket, MultiMessageHeader* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMultiple(int socket, MultiMessageHeader* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, ulong count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int ProcessControl(int option, ulong argument2, ulong argument3, ulong argument4, ulong argument5);
}
