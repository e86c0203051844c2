using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Events.Tests.Rtc.Signalling.Fakes;

/// <summary>As much of the SignalR JSON protocol as a test needs, over a WebSocket.</summary>
public sealed class HubClient : IAsyncDisposable
{
    private const byte RecordSeparator = 0x1E;

    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonElement>> _calls = new();
    private readonly Channel<(string Target, JsonElement Argument)> _events = Channel.CreateUnbounded<(string, JsonElement)>();
    private readonly TaskCompletionSource _handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _sending = new(1);
    private TaskCompletionSource? _paused;
    private int _nextCall;

    private HubClient()
    {
    }

    /// <summary>Completes when the server has ended the connection.</summary>
    public Task Ended => _ended.Task;

    public static async Task<HubClient> ConnectAsync(Uri node, string? origin)
    {
        HubClient client = new();
        if (origin is not null)
            client._socket.Options.SetRequestHeader("Origin", origin);
        await client._socket.ConnectAsync(new UriBuilder(node) { Scheme = "ws", Path = "/hubs/rtc" }.Uri, CancellationToken.None);
        _ = client.ReceiveAsync();
        await client.SendRawAsync("""{"protocol":"json","version":1}""");
        await client._handshake.Task.WaitAsync(Wait.Deadline);
        return client;
    }

    public Task SendRawAsync(string message) => SendBytesAsync([.. Encoding.UTF8.GetBytes(message), RecordSeparator]);

    public async Task SendBytesAsync(byte[] bytes)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Calls and waits for the answer: <c>result</c>, or the whole completion when the call itself broke.</summary>
    public Task<JsonElement> CallAsync(string method, params object?[] arguments) => CallRawAsync(method, JsonSerializer.Serialize(arguments));

    public async Task<JsonElement> CallRawAsync(string method, string argumentsJson)
    {
        string id = $"{Interlocked.Increment(ref _nextCall)}";
        TaskCompletionSource<JsonElement> call = _calls.GetOrAdd(id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        await SendRawAsync($$"""{"type":1,"invocationId":"{{id}}","target":"{{method}}","arguments":{{argumentsJson}}}""");
        return await call.Task.WaitAsync(Wait.Deadline);
    }

    /// <summary>The next event with this name; others before it are passed over.</summary>
    public async Task<JsonElement> EventAsync(string target)
    {
        using CancellationTokenSource deadline = new(Wait.Deadline);
        while (true)
        {
            (string name, JsonElement argument) = await _events.Reader.ReadAsync(deadline.Token);
            if (name == target)
                return argument;
        }
    }

    /// <summary>Reads nothing from the socket any more, like a client that hangs.</summary>
    public void Pause() => _paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Continue() => _paused!.SetResult();

    /// <summary>Closes as a client does that means to.</summary>
    public Task CloseAsync() => _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

    /// <summary>Ends the connection without a word.</summary>
    public void Drop() => _socket.Abort();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _sending.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ReceiveAsync()
    {
        List<byte> message = [];
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                if (_paused is { } paused)
                    await paused.Task;
                ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                foreach (byte b in buffer.AsSpan(0, received.Count))
                {
                    if (b != RecordSeparator)
                    {
                        message.Add(b);
                        continue;
                    }

                    Dispatch(message.ToArray());
                    message.Clear();
                }
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The end, one way or the other.
        }

        _ended.TrySetResult();
        foreach (TaskCompletionSource<JsonElement> call in _calls.Values)
            call.TrySetException(new IOException("The connection ended."));
    }

    private void Dispatch(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement message = document.RootElement.Clone();
        if (!message.TryGetProperty("type", out JsonElement type))
        {
            _handshake.TrySetResult();
            return;
        }

        if (type.GetInt32() == 1)
            _events.Writer.TryWrite((message.GetProperty("target").GetString()!, message.GetProperty("arguments")[0]));
        else if (type.GetInt32() == 3)
            _calls[message.GetProperty("invocationId").GetString()!].TrySetResult(message.TryGetProperty("result", out JsonElement result) ? result : message);
    }
}
