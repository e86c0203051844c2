using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Events.Rtc;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Transport;
using Events.Rtc.Transport.Tcp;

namespace Events.Tests.Rtc.Server.Tests.Transport;

/// <summary>Real sockets on loopback, where a sent datagram is queued at its receiver before the send returns.</summary>
public sealed partial class SendQueueTests : IDisposable
{
    /// <summary>SO_NO_CHECK (socket.h): without checksums the kernel refuses segmented sends with EINVAL, as it does where segments exceed the path's MTU.</summary>
    private const int WithoutChecksums = 11;

    /// <summary>CLONE_NEWNET (sched.h): of the calling thread, and what it starts.</summary>
    private const int NewNetwork = 0x40000000;

    private readonly UdpSocket _udp;
    private readonly TcpCandidate _tcp;
    private readonly SendQueue _queue;
    private readonly Viewer _anna = new();
    private readonly Viewer _ben = new();
    private byte _next;

    public SendQueueTests()
    {
        (_udp, _tcp) = WorkerSockets.Bind(new RtcOptions { BindAddress = IPAddress.Loopback, Port = 0 }, 0, new WorkerCounters(), _ => { });
        _queue = new SendQueue(_udp, _tcp);
    }

    public void Dispose()
    {
        _queue.Dispose();
        _tcp.Dispose();
        _udp.Dispose();
        _anna.Dispose();
        _ben.Dispose();
    }

    [Fact]
    public void A_frame_of_equal_packets_and_a_smaller_last_one_is_one_send_to_each_viewer()
    {
        foreach (var viewer in (Viewer[])[_anna, _ben])
        {
            Queue(viewer, 1_007, 1_007, 1_007, 1_007, 300);
        }

        _queue.Flush();
        Assert.Equal((10, 2, 1), (_queue.Sent, _queue.Messages, _queue.Calls));
        _anna.ExpectAll();
        _ben.ExpectAll();
    }

    [Fact]
    public void What_follows_a_smaller_packet_or_is_larger_is_a_send_of_its_own_in_order()
    {
        Queue(_anna, 500, 500, 120, 120, 900);
        _queue.Flush();
        Assert.Equal((5, 3), (_queue.Sent, _queue.Messages));
        _anna.ExpectAll();
    }

    [Fact]
    public void Packets_of_two_viewers_that_lie_in_turns_are_one_send_to_each()
    {
        for (var i = 0; i < 4; i++)
        {
            Queue(_anna, 800);
            Queue(_ben, 640);
        }

        Queue(_anna, 800, 90);
        _queue.Flush();
        Assert.Equal((10, 2, 1), (_queue.Sent, _queue.Messages, _queue.Calls));
        _anna.ExpectAll();
        _ben.ExpectAll();
    }

    [Fact]
    public void A_run_that_cannot_be_segmented_leaves_one_by_one()
    {
        using (var socket = new Socket(new SafeSocketHandle(_udp.Descriptor, ownsHandle: false)))
        {
            socket.SetRawSocketOption(1, WithoutChecksums, [1, 0, 0, 0]);
        }

        Queue(_anna, 700, 700);
        Queue(_ben, 650);
        Queue(_anna, 700, 31);
        _queue.Flush();
        Assert.Equal((5, 5, 0), (_queue.Sent, _queue.Messages, _queue.Refused));
        Assert.True(_udp.SegmentationOffload);
        _anna.ExpectAll();
        _ben.ExpectAll();
    }

    /// <summary>In a network of its own, whose loopback is narrower than a packet of video.</summary>
    [Fact]
    public void What_is_too_large_for_its_path_is_cut_from_then_on()
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Assert.True(Unshare(NewNetwork) == 0, $"unshare: error {Marshal.GetLastPInvokeError()}; it takes root");
                using (var ip = Process.Start("ip", "link set lo up mtu 1000"))
                {
                    ip.WaitForExit();
                    Assert.Equal(0, ip.ExitCode);
                }

                using var tests = new SendQueueTests();
                tests.Queue(tests._anna, 900, 900, 120);
                tests._queue.Flush();
                Assert.True(tests._udp.ForbidsFragments);
                tests.Queue(tests._ben, 1_100, 1_100, 300);
                tests.Queue(tests._anna, 1_100);
                tests.Queue(tests._anna, 600, 600);
                tests._queue.Flush();
                Assert.Equal((9, 0), (tests._queue.Sent, tests._queue.Refused));
                Assert.False(tests._udp.ForbidsFragments);
                Assert.True(tests._udp.SegmentationOffload);
                tests._anna.ExpectAll();
                tests._ben.ExpectAll();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.True(failure is null, $"{failure}");
    }

    [Fact]
    public void A_full_slab_leaves_and_begins_again()
    {
        const int Datagrams = 1_300;
        for (var i = 0; i < Datagrams; i++)
        {
            Queue(i % 2 == 0 ? _anna : _ben, 40 + (i % 3));
        }

        _queue.Flush();
        Assert.Equal(Datagrams, _queue.Sent);
        Assert.Equal(0, _queue.Waiting);
        _anna.ExpectAll();
        _ben.ExpectAll();
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    private void Queue(Viewer viewer, params ReadOnlySpan<int> lengths)
    {
        foreach (var length in lengths)
        {
            var room = _queue.Reserve();
            Assert.Equal(SendQueue.SlotBytes, room.Length);
            var datagram = new byte[length];
            Array.Fill(datagram, ++_next);
            datagram.CopyTo(room);
            viewer.Expected.Add(datagram);
            _queue.Commit(viewer.Destination, length);
        }
    }

    private sealed class Viewer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };

        public Viewer()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Destination.Address = TransportAddress.From((IPEndPoint)_socket.LocalEndPoint!);
        }

        public Destination Destination { get; } = new();

        public List<byte[]> Expected { get; } = [];

        public void ExpectAll()
        {
            var buffer = new byte[SendQueue.SlotBytes];
            foreach (var datagram in Expected)
            {
                Assert.True(_socket.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead));
                Assert.Equal(datagram, buffer.AsSpan(0, _socket.Receive(buffer)).ToArray());
            }

            Assert.Equal(0, _socket.Available);
        }

        public void Dispose() => _socket.Dispose();
    }
}
