namespace Events.Mixer;

/// <summary>Lets a bounded number of composites run; the others wait in the order of their recordings' start.</summary>
internal sealed class CompositeQueue(int slots)
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private int _free = slots;

    /// <summary>Waits for a slot; dispose what comes back to free it.</summary>
    public async Task<IDisposable> EnterAsync(long order, CancellationToken cancellation)
    {
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return new Slot(this);
            }

            turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn, order);
        }

        await using var cancelling = cancellation.Register(() => turn.TrySetCanceled(cancellation));
        await turn.Task;
        return new Slot(this);
    }

    private void Leave()
    {
        lock (_gate)
        {
            while (_waiting.TryDequeue(out var next, out _))
            {
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    private sealed class Slot(CompositeQueue queue) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                queue.Leave();
            }
        }
    }
}
