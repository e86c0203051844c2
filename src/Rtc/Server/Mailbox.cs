using System.Collections.Concurrent;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc;

/// <summary>
/// What other threads want a worker to do, in order, and the descriptor that wakes it. What comes after the end is not run; who waits
/// for an answer is told.
/// </summary>
internal sealed unsafe class Mailbox : IDisposable
{
    private readonly ConcurrentQueue<(Action Run, Action? Refuse)> _letters = new();
    private readonly Lock _waking = new();
    private int _wakePending;
    private bool _closed;

    /// <summary>Readable when there is something to run.</summary>
    public int Descriptor { get; } = EventDescriptor(0, SocketNonBlocking | SocketCloseOnExec);

    /// <summary>Runs an action on the worker's thread, or never once the worker ends.</summary>
    public void Post(Action action) => Enqueue(action, null);

    /// <exception cref="ObjectDisposedException">The task's, when the worker ends before it comes to it.</exception>
    public Task<T> InvokeAsync<T>(Func<T> function)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(
            () =>
            {
                try
                {
                    completion.SetResult(function());
                }
                catch (Exception exception)
                {
                    // The caller gets it; the worker and its other rooms go on.
                    completion.SetException(exception);
                }
            },
            () => completion.SetException(new ObjectDisposedException(nameof(MediaWorker))));
        return completion.Task;
    }

    /// <summary>Makes <see cref="Descriptor"/> readable.</summary>
    public void Wake()
    {
        // The lock is for the end only: the descriptor's number may be another file's once it is closed.
        lock (_waking)
        {
            if (!_closed && Interlocked.Exchange(ref _wakePending, 1) == 0)
            {
                ulong one = 1;
                _ = Write(Descriptor, &one, sizeof(ulong));
            }
        }
    }

    /// <summary>Runs what waits; on the worker's thread.</summary>
    /// <param name="failed">An action of <see cref="Post"/> threw.</param>
    public void Run(Action<Exception> failed)
    {
        ulong count;
        _ = Read(Descriptor, &count, sizeof(ulong));
        Volatile.Write(ref _wakePending, 0);
        while (_letters.TryDequeue(out var letter))
        {
            try
            {
                letter.Run();
            }
            catch (Exception exception)
            {
                failed(exception);
            }
        }
    }

    /// <summary>Refuses what waits and what will come; once the worker's thread has ended.</summary>
    public void Dispose()
    {
        lock (_waking)
        {
            _closed = true;
            _ = Close(Descriptor);
        }

        RefuseAll();
    }

    private void Enqueue(Action run, Action? refuse)
    {
        _letters.Enqueue((run, refuse));
        Wake();
        if (Volatile.Read(ref _closed))
        {
            RefuseAll();
        }
    }

    private void RefuseAll()
    {
        while (_letters.TryDequeue(out var letter))
        {
            letter.Refuse?.Invoke();
        }
    }
}
