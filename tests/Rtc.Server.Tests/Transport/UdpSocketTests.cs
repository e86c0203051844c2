using System.Net;
using System.Net.Sockets;
using Events.Rtc;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Rooms;
using Events.Rtc.Transport;
using Microsoft.Extensions.Logging;

namespace Events.Tests.Rtc.Server.Tests.Transport;

public class UdpSocketTests
{
    [Fact]
    public void What_finds_no_room_in_the_receive_buffer_is_counted_to_the_datagram()
    {
        const int Sent = 500;
        using var socket = UdpSocket.Bind(IPAddress.Loopback, 0, 20_000);
        using var batch = new ReceiveBatch(socket);
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.Connect(IPAddress.Loopback, socket.Port);
        Assert.Equal(0u, socket.ReceiveDrops);
        for (var i = 0; i < Sent; i++)
        {
            sender.Send(new byte[1_000]); // On loopback it is queued, or dropped, before this returns.
        }

        var counter = new Counter();
        while (batch.Receive(ref counter))
        {
        }

        Assert.InRange(counter.Received, 1, Sent - 1);
        Assert.Equal((uint)(Sent - counter.Received), socket.ReceiveDrops);
    }

    [Fact]
    public async Task A_socket_buffer_that_is_too_small_is_warned_of_at_the_start_with_what_to_set()
    {
        var warnings = new Warnings();
        using var metrics = new RtcMetrics();
        using var server = new RtcServer(new RtcOptions { Port = 0, Workers = 1, SocketBufferBytes = 100_000 }, new Nobody(), metrics, warnings);
        var warning = Assert.Single(warnings.Seen);
        Assert.Contains("100000 bytes", warning, StringComparison.Ordinal);
        Assert.Contains("sysctl -w net.core.rmem_max=16777216 net.core.wmem_max=16777216", warning, StringComparison.Ordinal);
        Assert.Equal(0, (await server.MeasureAsync()).ReceiveDrops);
    }

    private struct Counter : IDatagramReceiver
    {
        public int Received { get; private set; }

        public void Receive(Span<byte> datagram, in TransportAddress from) => Received++;
    }

    private sealed class Nobody : IRoomObserver
    {
        public void Record(string type, object data)
        {
        }
    }

    private sealed class Warnings : ILogger<RtcLog>
    {
        public List<string> Seen { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Seen.Add(formatter(state, exception));
    }
}
