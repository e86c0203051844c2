using Events.Rtc.Rooms;

namespace Events.Rtc.Stats;

/// <summary>
/// What one worker knows of a room: all of it, or the viewers that were spread to it. Everyone is counted; described are only the worst viewers, so that a
/// room of thousands costs its worker no more than a pass over them.
/// </summary>
internal sealed record RoomPart(IReadOnlyList<PublisherStats> Publishers, IReadOnlyList<(Trouble Trouble, ViewerStats Stats)> Viewers, ViewerSums Sums)
{
    /// <summary>On the worker's thread.</summary>
    public static RoomPart Of(Room room, int maxViewers)
    {
        var now = room.Worker.Now;
        var sums = new ViewerSums();
        var viewers = new List<(Trouble Trouble, Participant Participant, SubscriberTransport Transport)>();
        foreach (var participant in room.Participants)
        {
            if (participant.Subscriber is { } transport)
            {
                var trouble = Trouble.Of(transport);
                sums.Add(trouble, transport);
                viewers.Add((trouble, participant, transport));
            }
        }

        viewers.Sort((a, b) => b.Trouble.CompareTo(a.Trouble));
        return new(
            [.. room.Participants.Where(p => p.Tracks.Count > 0).Select(p => StatsOf.Publisher(p, now))],
            [.. viewers.Take(maxViewers).Select(v => (v.Trouble, StatsOf.Viewer(v.Participant, v.Transport, now)))],
            sums);
    }

    /// <summary>All workers' parts as one.</summary>
    public static RoomStats Combine(string room, IReadOnlyList<RoomPart> parts, int maxViewers)
    {
        var publishers = parts.SelectMany(p => p.Publishers).ToList();
        var sums = new ViewerSums();
        foreach (var part in parts)
        {
            sums.Add(part.Sums);
        }

        return new(
            room,
            sums.Totals(publishers),
            publishers,
            [.. parts.SelectMany(p => p.Viewers).OrderByDescending(v => v.Trouble).Take(maxViewers).Select(v => v.Stats)]);
    }
}

/// <summary>How bad it is for a viewer, what is seen before what is only measured: no transport, pictures that stand, pictures held back, loss, round trip.</summary>
internal readonly record struct Trouble(bool IsCutOff, int Frozen, int Held, double Loss, TimeSpan RoundTrip) : IComparable<Trouble>
{
    public static Trouble Of(SubscriberTransport transport)
    {
        var (frozen, held) = (0, 0);
        foreach (var subscription in transport.Subscriptions)
        {
            frozen += subscription.Freezes.IsFrozen ? 1 : 0;
            held += subscription.IsHeld ? 1 : 0;
        }

        return new(transport.Peer is null or { IsConnected: false }, frozen, held, transport.Loss, transport.PathRoundTrip);
    }

    public int CompareTo(Trouble other) =>
        (IsCutOff, Frozen, Held, Loss, RoundTrip).CompareTo((other.IsCutOff, other.Frozen, other.Held, other.Loss, other.RoundTrip));
}

/// <summary>Of all viewers of one worker's part of a room.</summary>
internal sealed class ViewerSums
{
    private int _viewers;
    private int _connected;
    private int _overTcp;
    private int _frozen;
    private int _held;
    private int _timed;
    private long _bitrate;
    private double _loss;
    private double _roundTripMs;

    public void Add(Trouble trouble, SubscriberTransport transport)
    {
        _viewers++;
        _frozen += trouble.Frozen > 0 ? 1 : 0;
        _held += trouble.Held > 0 ? 1 : 0;
        foreach (var subscription in transport.Subscriptions)
        {
            _bitrate += subscription.Bitrate;
        }

        if (trouble.IsCutOff)
        {
            return;
        }

        _connected++;
        _overTcp += transport.Destination.Address.IsTcp ? 1 : 0;
        _loss += trouble.Loss;
        if (trouble.RoundTrip > TimeSpan.Zero)
        {
            _timed++;
            _roundTripMs += trouble.RoundTrip.TotalMilliseconds;
        }
    }

    public void Add(ViewerSums other)
    {
        _viewers += other._viewers;
        _connected += other._connected;
        _overTcp += other._overTcp;
        _frozen += other._frozen;
        _held += other._held;
        _timed += other._timed;
        _bitrate += other._bitrate;
        _loss += other._loss;
        _roundTripMs += other._roundTripMs;
    }

    public RoomTotals Totals(IReadOnlyList<PublisherStats> publishers) => new(
        publishers.Count, _viewers, _connected, _overTcp, _frozen, _held, publishers.Sum(p => p.Bitrate), _bitrate,
        _connected == 0 ? 0 : StatsOf.Round(_loss / _connected), _timed == 0 ? null : StatsOf.Round(_roundTripMs / _timed));
}
