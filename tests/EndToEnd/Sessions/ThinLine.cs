using System.Net;
using System.Net.Sockets;

namespace Events.Tests.EndToEnd.Sessions;

/// <summary>
/// A line of limited rate between one browser and the media ports: real sockets, a bottleneck towards the browser with a queue that drops at its end. In user space,
/// because not every kernel has netem and not every machine gives network namespaces.
/// </summary>
internal sealed class ThinLine : IAsyncDisposable
{
    private const int HeaderBytes = 28; // IPv4 and UDP
    private static readonly TimeSpan Queue = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _work = [];
    private readonly Lock _gate = new();
    private long _bitsPerSecond = 100_000_000;
    private DateTime _busyUntil;

    public ThinLine(IEnumerable<int> ports)
    {
        foreach (var port in ports)
        {
            var entrance = Open(0);
            Ports[port] = ((IPEndPoint)entrance.LocalEndPoint!).Port;
            _work.Add(ServeAsync(entrance, port));
        }
    }

    /// <summary>By media port the port that stands for it.</summary>
    public Dictionary<int, int> Ports { get; } = [];

    /// <summary>Towards the browser.</summary>
    public long BitsPerSecond
    {
        get => Interlocked.Read(ref _bitsPerSecond);
        set => Interlocked.Exchange(ref _bitsPerSecond, value);
    }

    /// <summary>Packets that found others before them at the bottleneck.</summary>
    public long Queued { get; private set; }

    /// <summary>Packets that found the queue full.</summary>
    public long Dropped { get; private set; }

    /// <summary>Makes a page take this line: candidates that it is told name our ports.</summary>
    public string Script => $$"""
        (() => {
          const ports = {{System.Text.Json.JsonSerializer.Serialize(Ports)}};
          const real = RTCPeerConnection.prototype.setRemoteDescription;
          RTCPeerConnection.prototype.setRemoteDescription = function (description) {
            const sdp = description.sdp.replace(/^(a=candidate:.* 127\.0\.0\.1 )(\d+)( typ host)/gm, (line, head, port, tail) => `${head}${ports[port] ?? port}${tail}`);
            return real.call(this, { type: description.type, sdp });
          };
        })();
        """;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var socket in Sockets())
        {
            socket.Dispose();
        }

        foreach (var work in Work())
        {
            try
            {
                await work;
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // It was stopped.
            }
        }

        _stop.Dispose();
    }

    private Socket[] Sockets()
    {
        lock (_gate)
        {
            return [.. _sockets];
        }
    }

    private Task[] Work()
    {
        lock (_gate)
        {
            return [.. _work];
        }
    }

    private Socket Open(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4_000_000 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        lock (_gate)
        {
            _sockets.Add(socket);
        }

        return socket;
    }

    /// <summary>From the browser: a socket of its own towards the node for each address that it sends from.</summary>
    private async Task ServeAsync(Socket entrance, int port)
    {
        var node = new IPEndPoint(IPAddress.Loopback, port);
        var exits = new Dictionary<EndPoint, Socket>();
        var buffer = new byte[2_048];
        while (true)
        {
            var received = await entrance.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            if (!exits.TryGetValue(received.RemoteEndPoint, out var exit))
            {
                exits[received.RemoteEndPoint] = exit = Open(0);
                var work = ReturnAsync(exit, entrance, received.RemoteEndPoint);
                lock (_gate)
                {
                    _work.Add(work);
                }
            }

            await exit.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), SocketFlags.None, node, _stop.Token);
        }
    }

    /// <summary>To the browser, through the bottleneck, in order.</summary>
    private async Task ReturnAsync(Socket exit, Socket entrance, EndPoint browser)
    {
        var queue = System.Threading.Channels.Channel.CreateUnbounded<(byte[] Bytes, DateTime At)>();
        var deliver = DeliverAsync(queue.Reader, entrance, browser);
        lock (_gate)
        {
            _work.Add(deliver);
        }

        var buffer = new byte[2_048];
        while (true)
        {
            var received = await exit.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            DateTime leaves;
            lock (_gate)
            {
                var now = DateTime.UtcNow;
                var starts = _busyUntil > now ? _busyUntil : now;
                if (starts - now > Queue)
                {
                    Dropped++;
                    continue;
                }

                Queued += starts > now ? 1 : 0;
                leaves = _busyUntil = starts + TimeSpan.FromSeconds((received.ReceivedBytes + HeaderBytes) * 8.0 / BitsPerSecond);
            }

            await queue.Writer.WriteAsync((buffer[..received.ReceivedBytes], leaves), _stop.Token);
        }
    }

    private async Task DeliverAsync(System.Threading.Channels.ChannelReader<(byte[] Bytes, DateTime At)> queue, Socket entrance, EndPoint browser)
    {
        await foreach (var (bytes, at) in queue.ReadAllAsync(_stop.Token))
        {
            var wait = at - DateTime.UtcNow;
            if (wait > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(wait, _stop.Token);
            }

            await entrance.SendToAsync(bytes, SocketFlags.None, browser, _stop.Token);
        }
    }
}
