using System.Buffers.Binary;
using System.Net.Sockets;

namespace Events.Rtc.Relay;

/// <summary>The unix SEQPACKET socket that relay receivers connect to.</summary>
internal sealed class RelayListener : IDisposable
{
    private static readonly TimeSpan AcceptAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly RtcServer _server;
    private readonly string _path;
    private readonly Func<string, bool> _acceptsNodeKey;
    private readonly RtcLog _log;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();

    public RelayListener(RtcServer server, string path, Func<string, bool> acceptsNodeKey, RtcLog log)
    {
        _server = server;
        _path = path;
        _acceptsNodeKey = acceptsNodeKey;
        _log = log;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.Delete(path); // What a killed process left behind; one node has one data directory.
        _listener = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(16);
        _ = AcceptAsync();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        File.Delete(_path);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (SocketException) when (!_stop.IsCancellationRequested)
            {
                // One that hung up before it was accepted, or no descriptors left: the next one may fare better.
                await Task.Delay(AcceptAgainAfter).ConfigureAwait(false);
                continue;
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return; // Disposed.
            }

            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var buffer = new byte[RelayCodec.MaxMessageLength];
        RelayConnection? connection = null;
        var reason = "closed_by_receiver";
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(TimeSpan.FromSeconds(5));
            var length = await socket.ReceiveAsync(buffer, patience.Token).ConfigureAwait(false);
            var subscribe = length > 1 && buffer[0] == (byte)RelayMessageType.Subscribe
                ? RelayCodec.Decode<RelaySubscribe>(buffer.AsSpan(0, length))
                : null;
            if (subscribe?.NodeKey is null
                || !_acceptsNodeKey(subscribe.NodeKey)
                || !RoomName.IsValid(subscribe.Room))
            {
                var refusal = new RelayError("relay_refused", "The first message must be a subscription with the node key and a room.");
                await socket.SendAsync(RelayCodec.Encode(RelayMessageType.Error, refusal), _stop.Token).ConfigureAwait(false);
                socket.Dispose();
                return;
            }

            connection = new RelayConnection(socket, subscribe.Room);
            connection.Start();
            var worker = _server.AttachRelay(connection);
            _log.RelayConnected(subscribe.Room);
            while ((length = await socket.ReceiveAsync(buffer, _stop.Token).ConfigureAwait(false)) > 0)
            {
                if (length == 5 && buffer[0] == (byte)RelayMessageType.RequestKeyframe)
                {
                    var handle = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(1));
                    worker.Post(() => connection.RequestKeyframe(handle, worker.Now));
                }
                else if (length == RelayCodec.SizeRequestLength && buffer[0] == (byte)RelayMessageType.RequestSize)
                {
                    var handle = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(1));
                    int width = BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(5));
                    int height = BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(7));
                    worker.Post(() => connection.RequestSize(handle, width, height, worker.Now));
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            reason = exception.GetType().Name;
        }

        if (connection is null)
        {
            socket.Dispose();
            return;
        }

        connection.Close(reason);
        _server.DetachRelay(connection);
        _log.RelayEnded(connection.Room, connection.EndReason ?? reason, connection.Dropped);
    }
}
