using Events.Rtc.Rooms;

namespace Events.Rtc.Spreading;

/// <summary>A room's links to its viewers on other workers, one for each worker that has any. Touched by the home's thread only.</summary>
internal sealed class RoomBranches(Room room)
{
    private readonly List<RoomBranch> _branches = [];

    public bool IsEmpty => _branches.Count == 0;

    /// <summary>From now on that worker has the room's tracks.</summary>
    public void Open(MediaWorker worker)
    {
        if (!_branches.Exists(b => b.Worker == worker))
        {
            _branches.Add(new RoomBranch(room, worker));
        }
    }

    /// <summary>Nobody watches there any more.</summary>
    public void Detach(RoomBranch branch)
    {
        branch.Detach();
        _branches.Remove(branch);
        room.Worker.RemoveIfEmpty(room.Id);
    }

    public void Published(IReadOnlyList<PublishedTrack> tracks)
    {
        foreach (var branch in _branches)
        {
            branch.Published(tracks);
        }
    }

    public void Unpublished(IReadOnlyList<PublishedTrack> tracks)
    {
        foreach (var branch in _branches)
        {
            branch.Unpublished(tracks);
        }
    }

    public void Muted(PublishedTrack track)
    {
        foreach (var branch in _branches)
        {
            branch.Muted(track);
        }
    }

    /// <summary>What was ruled of somebody holds for its viewers there.</summary>
    public void Rule(string person, RightsChange change)
    {
        foreach (var branch in _branches)
        {
            branch.Rule(person, change);
        }
    }

    /// <summary>Ends viewers there; which of them is asked on their threads.</summary>
    public void End(Func<Participant, bool> which, RtcError reason)
    {
        foreach (var branch in _branches)
        {
            branch.End(which, reason);
        }
    }
}
