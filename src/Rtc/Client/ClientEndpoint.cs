using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>Reads the process's monotonic clock.</summary>
public static class ClientClock
{
    private static readonly long StartUnixNanoseconds = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
    private static readonly long StartTimestamp = Stopwatch.GetTimestamp();

    public static MonotonicTime Now => new((long)(Stopwatch.GetElapsedTime(StartTimestamp).Ticks * 100) + 1);

    /// <summary>See <see cref="ClientPeerOptions.UnixNanosecondsAtZero"/>.</summary>
    public static long UnixNanosecondsAtZero => StartUnixNanoseconds;
}

/// <summary>A <see cref="ClientPeer"/> with a UDP socket of its own. All members may be called from any thread; events come one at a time.</summary>
public sealed class ClientEndpoint : IClientPeerEvents, IAsyncDisposable
{
    private const int RefusalsBeforeGone = 5;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly TransportAddress _remote;
    private readonly ClientPeer _peer;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private int _isDisposed;
    private Task _work = Task.CompletedTask;
    private int _refusals;

    public ClientEndpoint(ClientSession session, ClientPeerOptions options, IDtlsEngineFactory dtls, ISrtpCipherFactory ciphers, IPAddress? signallingHost = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(options);
        (_remote, _socket) = Connect(session.Candidates, signallingHost);
        _peer = new(options with { UnixNanosecondsAtZero = ClientClock.UnixNanosecondsAtZero }, session, dtls, ciphers, this);
    }

    /// <summary>A packet of a received track, on the receiving task.</summary>
    public MediaHandler? OnMedia { get; set; }

    /// <summary>The server's port.</summary>
    public int RemotePort => _remote.Port;

    public Action<ClientSendTrack>? OnKeyframeRequested { get; set; }

    public delegate void MediaHandler(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now);

    /// <summary>Completes when ICE and DTLS stand; fails with a <see cref="SignallingException"/> when they do not.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Completes with the reason when the connection has ended.</summary>
    public Task<string> Ended => _ended.Task;

    public IReadOnlyList<ClientSendTrack> Senders => _peer.Senders;

    /// <summary>A copy of the received tracks' list.</summary>
    public IReadOnlyList<ClientReceiveTrack> Receivers
    {
        get
        {
            lock (_gate)
            {
                return [.. _peer.Receivers];
            }
        }
    }

    /// <summary>
    /// Picks the address that this client can most likely reach: the host that it signalled with, else the best one that is not link-local
    /// (which would need a zone).
    /// </summary>
    public static TransportAddress Choose(IReadOnlyList<TransportAddress> candidates, IPAddress? signallingHost)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        foreach (var candidate in candidates)
        {
            if (signallingHost is not null && candidate.ToIPEndPoint().Address.Equals(signallingHost))
            {
                return candidate;
            }
        }

        foreach (var candidate in candidates)
        {
            if (!candidate.ToIPEndPoint().Address.IsIPv6LinkLocal)
            {
                return candidate;
            }
        }

        return candidates[0];
    }

    public void Start()
    {
        lock (_gate)
        {
            _peer.Start(ClientClock.Now);
        }

        _work = Task.WhenAll(Task.Run(ReceiveAsync), Task.Run(TickAsync));
    }

    public bool SendMedia(ClientSendTrack track, ReadOnlySpan<byte> payload, RtpTimestamp timestamp, bool marker, AudioLevel? level = null)
    {
        lock (_gate)
        {
            return _peer.SendMedia(track, payload, timestamp, marker, ClientClock.Now, level);
        }
    }

    public void RequestKeyframe(ClientReceiveTrack track)
    {
        lock (_gate)
        {
            _peer.RequestKeyframe(track, ClientClock.Now);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        lock (_gate)
        {
            _peer.Close(ClientClock.Now);
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            await _work.ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _peer.Dispose();
            }

            _socket.Dispose();
            _stop.Dispose();
        }
    }

    void IClientPeerEvents.Send(ReadOnlySpan<byte> datagram)
    {
        try
        {
            _socket.Send(datagram);
        }
        catch (SocketException)
        {
            // Like a datagram lost on the way, also while there is no route; refusals are counted by the receiving side.
        }
    }

    void IClientPeerEvents.StateChanged(ClientPeerState state, string? reason)
    {
        if (state == ClientPeerState.Connected)
        {
            _connected.TrySetResult();
        }
        else if (state is ClientPeerState.Closed or ClientPeerState.Failed)
        {
            if (_connected.TrySetException(new SignallingException(reason ?? "closed", null, $"The media connection ended: {reason}.")))
            {
                // Whoever only waits for Ended must not trip over an unobserved exception.
                _ = _connected.Task.Exception;
            }

            _ended.TrySetResult(reason ?? "closed");
        }
    }

    void IClientPeerEvents.KeyframeRequested(ClientSendTrack track) => OnKeyframeRequested?.Invoke(track);

    void IClientPeerEvents.MediaReceived(ClientReceiveTrack track, in RtpReader packet, MonotonicTime now) => OnMedia?.Invoke(track, in packet, now);

    /// <summary>To the first candidate, the likeliest before all, that this host has a way to: it may have none for IPv6.</summary>
    private static (TransportAddress Remote, Socket Socket) Connect(IReadOnlyList<TransportAddress> candidates, IPAddress? signallingHost)
    {
        SocketException? failure = null;
        foreach (var candidate in candidates.Prepend(Choose(candidates, signallingHost)))
        {
            var address = candidate.ToIPEndPoint();
            Socket? socket = null;
            try
            {
                socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1024 * 1024 };
                socket.Connect(address);
                return (candidate, socket);
            }
            catch (SocketException error)
            {
                socket?.Dispose();
                failure ??= error;
            }
        }

        throw failure!;
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[2_048];
        while (!_stop.IsCancellationRequested && !_ended.Task.IsCompleted)
        {
            int length;
            try
            {
                length = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Nobody listens there any more, or no way leads there. One report may be stale, several in a row are not.
                if (++_refusals >= RefusalsBeforeGone)
                {
                    lock (_gate)
                    {
                        _peer.Close(ClientClock.Now);
                    }
                }

                continue;
            }

            _refusals = 0;
            lock (_gate)
            {
                _peer.Receive(buffer.AsSpan(0, length), _remote, ClientClock.Now);
            }
        }
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(Tick);
        while (!_stop.IsCancellationRequested && !_ended.Task.IsCompleted)
        {
            lock (_gate)
            {
                var now = ClientClock.Now;
                if (now >= _peer.Deadline)
                {
                    _peer.HandleDeadline(now);
                }
            }

            try
            {
                await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
