using Events.Rtc.Rooms;

namespace Events.Rtc;

/// <summary>What broke on a worker: counted, told, and ended alone. A broken invariant costs one participant, not the worker.</summary>
internal sealed class WorkerFaults(MediaWorker worker)
{
    private readonly List<(MediaTransport Transport, Exception Exception)> _noted = [];

    /// <summary>It costs nobody more than what was being done.</summary>
    public void Note(Exception exception)
    {
        worker.Counters.Faults++;
        worker.Log.WorkerFault(exception);
    }

    /// <summary>Costs the transport's participant, with <see cref="EndNoted"/>: others, who are on the stack, go on.</summary>
    public void Note(MediaTransport transport, Exception exception) => _noted.Add((transport, exception));

    /// <summary>Ends a participant.</summary>
    public void End(MediaTransport transport, Exception exception)
    {
        worker.Counters.Faults++;
        var participant = transport.Participant;
        worker.Log.TransportFault(participant.Room.Id, participant.Id, exception);
        try
        {
            participant.Room.Leave(participant, new RtcError("internal_error", "The server had to end this participant."));
        }
        catch (Exception another)
        {
            worker.Log.WorkerFault(another);
        }

        // Also when leaving broke half-way: it must not fault again with each tick.
        worker.Remove(transport);
    }

    /// <summary>Ends those who were noted.</summary>
    public void EndNoted()
    {
        foreach (var (transport, exception) in _noted)
        {
            End(transport, exception);
        }

        _noted.Clear();
    }

    /// <summary>Nobody is there any more who could be ended.</summary>
    public void Forget() => _noted.Clear();
}
