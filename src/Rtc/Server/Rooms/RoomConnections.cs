using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>Looks whose connection is lost while its place is kept.</summary>
internal sealed class RoomConnections(Room room)
{
    /// <summary>What is lost for less than this is told to nobody.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private MonotonicTime _next;

    public void Advance(MonotonicTime now)
    {
        if (now < _next)
        {
            return;
        }

        _next = now + Interval;
        foreach (var participant in room.Participants)
        {
            participant.CheckConnection(now);
        }
    }
}
