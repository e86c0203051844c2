using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Events.Tests.Rtc.Server.Tests.Transport;

/// <summary>The network of a client whose UDP is blocked: its datagrams reach the node as frames of one TCP connection (RFC 4571), in awkward pieces.</summary>
internal sealed class TcpBridge : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
    private readonly TcpClient _tcp = new(AddressFamily.InterNetwork) { NoDelay = true };
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualResetEventSlim _reads = new(true);
    private EndPoint? _client;
    private Task _work = Task.CompletedTask;

    /// <summary>Where the client sends to.</summary>
    public IPEndPoint Address => (IPEndPoint)_udp.LocalEndPoint!;

    /// <summary>Datagrams that came from the node.</summary>
    public int Received { get; private set; }

    /// <summary>The node has closed the connection.</summary>
    public bool IsClosed { get; private set; }

    public static async Task<TcpBridge> OpenAsync(int port, int receiveBufferBytes = 0)
    {
        var bridge = new TcpBridge();
        bridge._udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (receiveBufferBytes > 0)
        {
            bridge._tcp.ReceiveBufferSize = receiveBufferBytes;
        }

        await bridge._tcp.ConnectAsync(IPAddress.Loopback, port);
        bridge._work = Task.WhenAll(Task.Run(bridge.OutAsync), Task.Run(bridge.InAsync));
        return bridge;
    }

    /// <summary>Stops reading from the node: a reader that has become slow.</summary>
    public void Pause() => _reads.Reset();

    public void Resume() => _reads.Set();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _reads.Set();
        _tcp.Dispose();
        await _work;
        _udp.Dispose();
        _stop.Dispose();
        _reads.Dispose();
    }

    private async Task OutAsync()
    {
        var buffer = new byte[4_096];
        var any = new IPEndPoint(IPAddress.Any, 0);
        var tcp = _tcp.Client; // Null once it is disposed of.
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var read = await _udp.ReceiveFromAsync(buffer.AsMemory(2), any, _stop.Token);
                _client = read.RemoteEndPoint;
                BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)read.ReceivedBytes);
                var frame = buffer.AsMemory(0, read.ReceivedBytes + 2);
                // Cut anywhere: a header may come in two pieces.
                var cut = Random.Shared.Next(frame.Length);
                await tcp.SendAsync(frame[..cut], _stop.Token);
                await tcp.SendAsync(frame[cut..], _stop.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Over.
        }
    }

    private async Task InAsync()
    {
        var header = new byte[2];
        var buffer = new byte[65_536];
        try
        {
            var stream = _tcp.GetStream();
            while (!_stop.IsCancellationRequested)
            {
                _reads.Wait(_stop.Token);
                await stream.ReadExactlyAsync(header, _stop.Token);
                var datagram = buffer.AsMemory(0, BinaryPrimitives.ReadUInt16BigEndian(header));
                await stream.ReadExactlyAsync(datagram, _stop.Token);
                Received++;
                await _udp.SendToAsync(datagram, _client!, _stop.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            IsClosed = true;
        }
    }
}
