using Events.Rtc.Rooms;

namespace Events.Rtc;

/// <summary>What broke on a worker: counted, told, and ended alone. A broken invariant costs one participant, not the worker.</summary>
internal sealed class WorkerFaults(MediaWorker worker)
{
    private readonly List<(Participant Participant, MediaTransport? Transport, Exception Exception)> _noted = [];

    /// <summary>It costs nobody more than what was being done.</summary>
    public void Note(Exception exception)
    {
        worker.Counters.Faults++;
        worker.Log.WorkerFault(exception);
    }

    /// <summary>Costs the transport's participant, with <see cref="EndNoted"/>: others, who are on the stack, go on.</summary>
    public void Note(MediaTransport transport, Exception exception) => _noted.Add((transport.Participant, transport, exception));

    /// <summary>As above, of what is no transport's.</summary>
    public void Note(Participant participant, Exception exception) => _noted.Add((participant, null, exception));

    /// <summary>Ends a participant.</summary>
    public void End(MediaTransport transport, Exception exception) => End(transport.Participant, transport, exception);

    /// <summary>Ends those who were noted, and whoever cannot bear that.</summary>
    public void EndNoted()
    {
        for (var i = 0; i < _noted.Count; i++)
        {
            var (participant, transport, exception) = _noted[i];
            End(participant, transport, exception);
        }

        _noted.Clear();
    }

    /// <summary>A step of taking something down: what breaks in it is told, and the next step is taken all the same.</summary>
    public void Attempt(Action step)
    {
        try
        {
            step();
        }
        catch (Exception exception)
        {
            Note(exception);
        }
    }

    /// <summary>What breaks in it costs that participant, with <see cref="EndNoted"/>.</summary>
    public void Attempt(Participant participant, Action<Participant> step)
    {
        try
        {
            step(participant);
        }
        catch (Exception exception)
        {
            Note(participant, exception);
        }
    }

    private void End(Participant participant, MediaTransport? transport, Exception exception)
    {
        worker.Counters.Faults++;
        worker.Log.TransportFault(participant.Room.Id, participant.Id, exception);
        Attempt(() => participant.Room.Leave(participant, new RtcError("internal_error", "The server had to end this participant.")));
        if (transport is not null)
        {
            worker.Remove(transport); // Also when it is none of its participant's any more: it must not fault again with each tick.
        }
    }

    /// <summary>Nobody is there any more who could be ended.</summary>
    public void Forget() => _noted.Clear();
}
