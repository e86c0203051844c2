using System.Net;
using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport.Tcp;

/// <summary>
/// The passive ICE-TCP candidate of one worker (RFC 6544): a listener and its connections behind one descriptor. Nothing here waits: what a
/// slow reader does not take is dropped, oldest first.
/// </summary>
internal sealed unsafe class TcpCandidate : IDisposable
{
    private const int Backlog = 1_024;
    private const int MaxEvents = 64;
    private const int AcceptsPerTurn = 64;
    private const int ReadsPerTurn = 4;
    private const int ReadBytes = 64 * 1024;

    /// <summary>An endpoint needs one check; it repeats it while the way is slow.</summary>
    private const int MaxGuesses = 32;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>For close_notify, after which browsers close on their own.</summary>
    private static readonly TimeSpan ReleasedLife = TimeSpan.FromSeconds(1);

    private readonly TcpOptions _options;
    private readonly WorkerCounters _counters;
    private readonly Action<TransportAddress> _closed;
    private readonly TcpListenSocket _listener;
    private readonly int _set;
    private readonly BlockPool _rings;
    private readonly BlockPool _datagrams;
    private readonly Dictionary<uint, TcpConnection> _connections = [];
    private readonly Dictionary<ulong, int> _unauthenticatedBy = [];
    private readonly List<TcpConnection> _sweeping = [];
    private readonly byte* _buffer;
    private readonly byte* _events;
    private MonotonicTime _now;
    private MonotonicTime _nextSweep;
    private uint _lastNumber;
    private int _unauthenticated;
    private bool _isListening;

    /// <param name="address">Where it is bound.</param>
    /// <param name="port">The UDP candidate's, so that one number is opened in firewalls.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="counters">The worker's.</param>
    /// <param name="closed">The address is nobody's any more.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public TcpCandidate(IPAddress address, ushort port, TcpOptions options, WorkerCounters counters, Action<TransportAddress> closed)
    {
        _options = options;
        _counters = counters;
        _closed = closed;
        _listener = TcpListenSocket.Bind(address, port, Backlog);
        _set = PollSet(SocketCloseOnExec);
        // One ring more than slow readers: whoever is drained at once borrows it for the moment.
        _rings = new BlockPool(options.SendBufferBytes, options.MaxSlowReaders + 1);
        _datagrams = new BlockPool(StreamFraming.HeaderBytes + SendQueue.SlotBytes, options.MaxConnections + options.MaxSlowReaders + 1);
        _buffer = (byte*)NativeMemory.Alloc(ReadBytes + StreamFraming.HeaderBytes + SendQueue.SlotBytes);
        _events = (byte*)NativeMemory.AllocZeroed((nuint)(MaxEvents * PollEventBytes));
        if (!TryListen(true))
        {
            throw SocketAddresses.Failure("watch for TCP connections");
        }
    }

    /// <summary>Readable when there is something to do.</summary>
    public int Descriptor => _set;

    public int ConnectionCount => _connections.Count;

    /// <summary><see cref="Sweep"/> has something to look after.</summary>
    public bool NeedsSweep => _connections.Count > 0 || !_isListening;

    /// <summary>Accepts, reads and writes what is there; bounded, so that a flood does not starve the timers.</summary>
    public void Receive<TReceiver>(ref TReceiver receiver, MonotonicTime now)
        where TReceiver : IDatagramReceiver
    {
        _now = now;
        var count = PollWait(_set, _events, MaxEvents, 0);
        for (var i = 0; i < count; i++)
        {
            var events = *(uint*)(_events + (i * PollEventBytes));
            var number = *(uint*)(_events + (i * PollEventBytes) + PollEventNumberAt);
            if (number == 0)
            {
                Accept();
                continue;
            }

            // It may have been closed by what came before it in this turn.
            if (!_connections.TryGetValue(number, out var connection))
            {
                continue;
            }

            if ((events & PollOutput) != 0)
            {
                Drain(connection);
            }

            if ((events & (PollInput | PollError | PollHangUp)) != 0 && !connection.IsClosed)
            {
                Read(connection, ref receiver);
            }
        }
    }

    /// <summary>Queues a datagram; <see cref="Drain(in TransportAddress)"/> sends it.</summary>
    public void Add(in TransportAddress to, ReadOnlySpan<byte> datagram) =>
        _counters.TcpDropped += _connections.TryGetValue(to.Connection, out var connection) ? connection.Add(datagram, _rings) : 1;

    /// <summary>Sends what the connection takes now.</summary>
    public void Drain(in TransportAddress to)
    {
        if (_connections.TryGetValue(to.Connection, out var connection))
        {
            Drain(connection);
        }
    }

    /// <summary>A check that came on it was authentic.</summary>
    public void Authenticated(in TransportAddress address)
    {
        if (_connections.TryGetValue(address.Connection, out var connection) && !connection.IsAuthenticated)
        {
            connection.IsAuthenticated = true;
            connection.Guesses = 0;
            NoLongerCounts(connection);
        }
    }

    /// <summary>Its transport is gone: it closes soon, unless it is authenticated for another.</summary>
    public void Release(in TransportAddress address)
    {
        if (_connections.TryGetValue(address.Connection, out var connection) && connection.IsAuthenticated)
        {
            connection.IsAuthenticated = false;
            connection.Deadline = _now + ReleasedLife;
            Counts(connection);
        }
    }

    /// <summary>Call with every tick.</summary>
    public void Sweep(MonotonicTime now)
    {
        _now = now;
        if (now < _nextSweep)
        {
            return;
        }

        _nextSweep = now + SweepInterval;
        TryListen(true); // Where it cannot be, the next time.
        foreach (var connection in _connections.Values)
        {
            var stalled = connection.HasWaiting && now - connection.LastTaken > _options.StallTimeout;
            if (stalled || (!connection.IsAuthenticated && now >= connection.Deadline))
            {
                _counters.TcpStalled += stalled ? 1 : 0;
                _counters.TcpUnauthenticated += stalled ? 0 : 1;
                _sweeping.Add(connection);
            }
        }

        foreach (var connection in _sweeping)
        {
            Close(connection);
        }

        _sweeping.Clear();
    }

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
        {
            connection.Close(_rings, _datagrams);
        }

        _connections.Clear();
        _listener.Dispose();
        _ = LinuxSockets.Close(_set);
        _rings.Dispose();
        _datagrams.Dispose();
        NativeMemory.Free(_buffer);
        NativeMemory.Free(_events);
    }

    private void Accept()
    {
        for (var i = 0; i < AcceptsPerTurn; i++)
        {
            var (descriptor, remote) = _listener.Accept(out var error);
            if (descriptor < 0)
            {
                // No descriptors left: the rest waits in the backlog until some may be free again.
                if (error is not (ErrorAgain or ErrorInterrupted or ErrorConnectionAborted))
                {
                    _counters.TcpRefused++;
                    TryListen(false);
                }

                return;
            }

            var payer = remote.IsIPv4 ? remote.Low : remote.High;
            if (_connections.Count >= _options.MaxConnections
                || _unauthenticated >= _options.MaxUnauthenticated
                || _unauthenticatedBy.GetValueOrDefault(payer) >= _options.MaxUnauthenticatedPerAddress)
            {
                _counters.TcpRefused++;
                _ = LinuxSockets.Close(descriptor);
                continue;
            }

            _lastNumber = _lastNumber == uint.MaxValue ? 1 : _lastNumber + 1;
            var connection = new TcpConnection(descriptor, remote with { Connection = _lastNumber }, payer, _now + _options.AuthenticationTimeout);
            _connections.Add(_lastNumber, connection);
            Counts(connection);
            if (!TryControl(PollAdd, descriptor, PollInput, _lastNumber))
            {
                _counters.TcpRefused++; // The system watches no more for us (max_user_watches, epoll(7)).
                Close(connection);
                continue;
            }

            _counters.TcpAccepted++;
        }
    }

    private void Read<TReceiver>(TcpConnection connection, ref TReceiver receiver)
        where TReceiver : IDatagramReceiver
    {
        for (var turn = 0; turn < ReadsPerTurn; turn++)
        {
            var outcome = connection.Read(_buffer, ReadBytes, out var length, _datagrams);
            if (outcome != TcpOutcome.Done)
            {
                if (outcome == TcpOutcome.Over)
                {
                    Close(connection);
                }

                return;
            }

            var stream = new Span<byte>(_buffer, length);
            if (!Receive(connection, ref stream, ref receiver) || !connection.Keep(stream, _datagrams))
            {
                Close(connection);
                return;
            }

            if (length < ReadBytes)
            {
                return;
            }
        }
    }

    /// <summary>Hands on every whole datagram; false when the connection is to end.</summary>
    private bool Receive<TReceiver>(TcpConnection connection, ref Span<byte> stream, ref TReceiver receiver)
        where TReceiver : IDatagramReceiver
    {
        while (true)
        {
            switch (StreamFraming.Take(ref stream, SendQueue.SlotBytes, out var datagram))
            {
                case StreamFrame.Incomplete:
                    return true;
                case StreamFrame.TooLong:
                    _counters.TcpMalformed++;
                    return false;
            }

            // Before a check has been authentic, nothing but checks is worth reading, and not many.
            if (!connection.IsAuthenticated
                && (++connection.Guesses > MaxGuesses || PacketDemux.Classify(datagram) != PacketKind.Stun))
            {
                _counters.TcpMalformed++;
                return false;
            }

            receiver.Receive(datagram, connection.Address);
            if (connection.IsClosed)
            {
                return false; // What it said ended it, or the answer found it broken.
            }
        }
    }

    private void Drain(TcpConnection connection)
    {
        var before = connection.Sent;
        var outcome = connection.Drain(_rings, _datagrams, _now);
        _counters.TcpSent += connection.Sent - before;
        if (outcome == TcpOutcome.Over)
        {
            Close(connection);
            return;
        }

        if (outcome == TcpOutcome.Later && _rings.Rented > _options.MaxSlowReaders)
        {
            _counters.TcpStalled++; // The last ring is everybody's.
            Close(connection);
            return;
        }

        var waits = outcome == TcpOutcome.Later;
        if (waits != connection.WaitsForOutput)
        {
            connection.WaitsForOutput = waits;
            if (!TryControl(PollModify, connection.Descriptor, waits ? PollInput | PollOutput : PollInput, connection.Address.Connection))
            {
                Close(connection); // It would not be heard of any more.
            }
        }
    }

    private void Close(TcpConnection connection)
    {
        if (!_connections.Remove(connection.Address.Connection))
        {
            return;
        }

        if (!connection.IsAuthenticated)
        {
            NoLongerCounts(connection);
        }

        connection.Close(_rings, _datagrams); // Which takes it out of the set as well (epoll(7)).
        _closed(connection.Address);
    }

    private void Counts(TcpConnection connection)
    {
        _unauthenticated++;
        CollectionsMarshal.GetValueRefOrAddDefault(_unauthenticatedBy, connection.Payer, out _)++;
    }

    private void NoLongerCounts(TcpConnection connection)
    {
        _unauthenticated--;
        if (--CollectionsMarshal.GetValueRefOrAddDefault(_unauthenticatedBy, connection.Payer, out _) == 0)
        {
            _unauthenticatedBy.Remove(connection.Payer);
        }
    }

    private bool TryListen(bool listening)
    {
        if (_isListening != listening && TryControl(listening ? PollAdd : PollDelete, _listener.Descriptor, PollInput, 0))
        {
            _isListening = listening;
        }

        return _isListening == listening;
    }

    /// <summary>False: the system refuses, which costs the connection that it is about and nobody else.</summary>
    private bool TryControl(int operation, int descriptor, uint events, uint number)
    {
        var pollEvent = stackalloc byte[16];
        *(uint*)pollEvent = events;
        *(ulong*)(pollEvent + PollEventNumberAt) = number;
        return PollControl(_set, operation, descriptor, pollEvent) == 0;
    }
}
