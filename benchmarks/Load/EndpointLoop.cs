using System.Collections.Concurrent;
using Events.Rtc.Client;
using Events.Rtc.Protocol.Primitives;

namespace Events.Benchmarks.Load;

/// <summary>One thread that serves many clients: epoll, recvmmsg, deadlines. Commands reach it through a queue and run on it.</summary>
internal sealed class EndpointLoop : IDisposable
{
    // Deadlines of hundreds of peers are looked at this often; a publisher's own ticks are exact.
    private const long SweepNanoseconds = 5_000_000;

    // No socket has this descriptor.
    private const int CommandKey = -1;

    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Dictionary<int, LoadClient> _clients = [];
    private readonly List<LoadClient> _ticking = [];
    private readonly Random _random = new(1);
    private readonly double _loss;
    private readonly int _epoll = LinuxUdp.CreateEpoll();
    private readonly int _commandsWait = LinuxUdp.CreateEvent();
    private readonly Thread _thread;
    private volatile bool _stop;

    public EndpointLoop(string name, double loss)
    {
        _loss = loss;
        LinuxUdp.Watch(_epoll, _commandsWait, CommandKey);
        _thread = new(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs on the loop's thread as soon as that has done what it does.</summary>
    public Task<T> RunAsync<T>(Func<T> command)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue(() =>
        {
            try
            {
                done.SetResult(command());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        LinuxUdp.Signal(_commandsWait);
        return done.Task;
    }

    public Task<bool> AddAsync(LoadClient client) => RunAsync(() =>
    {
        _clients.Add(client.Descriptor, client);
        LinuxUdp.Watch(_epoll, client.Descriptor, client.Descriptor);
        client.Peer.Start(ClientClock.Now);
        if (client is SyntheticPublisher)
        {
            _ticking.Add(client);
        }

        return true;
    });

    public Task<bool> RemoveAsync(LoadClient client) => RunAsync(() =>
    {
        client.Peer.Close(ClientClock.Now);
        LinuxUdp.Unwatch(_epoll, client.Descriptor);
        _ticking.Remove(client);
        return _clients.Remove(client.Descriptor);
    });

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        LinuxUdp.Close(_epoll);
        LinuxUdp.Close(_commandsWait);
    }

    private void Run()
    {
        LinuxUdp.SharpenTimers();
        using var batch = new ReceiveBatch();
        var events = new LinuxUdp.EpollEvent[256];
        var nextSweep = 0L;
        while (!_stop)
        {
            while (_commands.TryDequeue(out var command))
            {
                command();
            }

            var now = ClientClock.Now;
            var wake = nextSweep;
            foreach (var client in _ticking)
            {
                if (client.NextTick <= now)
                {
                    client.Tick(now);
                }

                wake = Math.Min(wake, client.NextTick.Nanoseconds);
            }

            if (now.Nanoseconds >= nextSweep)
            {
                nextSweep = now.Nanoseconds + SweepNanoseconds;
                foreach (var client in _clients.Values)
                {
                    if (client.Peer.Deadline <= now)
                    {
                        client.Peer.HandleDeadline(now);
                    }
                }
            }

            var ready = LinuxUdp.Wait(_epoll, events, Math.Clamp(wake - now.Nanoseconds, 0, SweepNanoseconds));
            for (var i = 0; i < ready; i++)
            {
                if (events[i].Data == CommandKey)
                {
                    LinuxUdp.ClearSignal(_commandsWait);
                }
                else if (_clients.TryGetValue((int)events[i].Data, out var client))
                {
                    Drain(client, batch);
                }
            }
        }
    }

    private void Drain(LoadClient client, ReceiveBatch batch)
    {
        int count;
        do
        {
            count = batch.Receive(client.Descriptor);
            var now = ClientClock.Now;
            for (var i = 0; i < count; i++)
            {
                var message = batch.Message(i);
                var size = batch.SegmentSize(i);
                for (var offset = 0; offset < message.Length; offset += size)
                {
                    if (_loss == 0 || _random.NextDouble() >= _loss)
                    {
                        client.Peer.Receive(message.Slice(offset, Math.Min(size, message.Length - offset)), client.Remote, now);
                    }
                }
            }
        }
        while (count == ReceiveBatch.Capacity);
    }
}
