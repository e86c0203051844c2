using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>How far two neighbouring groups of packets lie apart where they were sent and where they arrived.</summary>
/// <param name="Sent">Between their last packets, on the sender's clock.</param>
/// <param name="Arrived">Between their last packets, on the receiver's clock.</param>
/// <param name="ArrivedAt">Of the later group's last packet, on the receiver's clock.</param>
/// <param name="Bytes">Of the later group.</param>
public readonly record struct GroupDelta(TimeSpan Sent, TimeSpan Arrived, MonotonicTime ArrivedAt, int Bytes);

/// <summary>
/// Puts packets that were sent within 5 ms into one group, and packets that a queue on the way let go in one burst as well, so
/// that delay is compared between groups and not between packets (draft-ietf-rmcat-gcc-02 §5.2). Feed it in the order of arrival.
/// </summary>
public struct ArrivalGroups
{
    /// <summary>draft-ietf-rmcat-gcc-02 §5.2, <c>burst_time</c>; libwebrtc <c>kSendTimeGroupLength</c> and <c>kBurstDeltaThreshold</c>.</summary>
    private static readonly TimeSpan GroupLength = TimeSpan.FromMilliseconds(5);

    /// <summary>libwebrtc <c>kMaxBurstDuration</c>: beyond it a burst is a trend, and must be seen as one.</summary>
    private static readonly TimeSpan MaxBurst = TimeSpan.FromMilliseconds(100);

    /// <summary>libwebrtc <c>kArrivalTimeOffsetThreshold</c>: the receiver's clock jumped.</summary>
    private static readonly TimeSpan MaxClockJump = TimeSpan.FromSeconds(3);

    /// <summary>libwebrtc <c>kReorderedResetThreshold</c>: groups in a row that arrived before the one sent earlier.</summary>
    private const int MaxReordered = 3;

    private Group _current;
    private Group _previous;
    private int _reordered;

    /// <summary>Adds a packet; true when it began a new group and the two before it can be compared.</summary>
    /// <param name="sent">On our clock.</param>
    /// <param name="arrived">On the receiver's clock.</param>
    /// <param name="bytes">Of the datagram.</param>
    /// <param name="now">When we learned of it, on our clock.</param>
    /// <param name="delta">Between the two groups that are complete.</param>
    public bool TryAdd(MonotonicTime sent, MonotonicTime arrived, int bytes, MonotonicTime now, out GroupDelta delta)
    {
        delta = default;
        if (!_current.Started)
        {
            _current = new(sent, arrived, bytes, now);
            return false;
        }

        if (sent < _current.FirstSent)
        {
            return false; // Overtaken on the way: it belongs to a group that has been compared already.
        }

        if (!BeginsGroup(sent, arrived))
        {
            _current.LastSent = MonotonicTime.Max(_current.LastSent, sent);
            _current.LastArrived = arrived;
            _current.Known = now;
            _current.Bytes += bytes;
            return false;
        }

        var comparable = _previous.Started && TryCompare(out delta);
        if (_current.Started)
        {
            _previous = _current;
        }

        _current = new(sent, arrived, bytes, now);
        return comparable;
    }

    private readonly bool BeginsGroup(MonotonicTime sent, MonotonicTime arrived)
    {
        var arrivedApart = arrived - _current.LastArrived;
        var sentApart = sent - _current.LastSent;
        if (sentApart == TimeSpan.Zero)
        {
            return false;
        }

        // They came closer together than they were sent: a queue held them and let them go at once.
        var isBurst = arrivedApart < sentApart && arrivedApart <= GroupLength && arrived - _current.FirstArrived < MaxBurst;
        return !isBurst && sent - _current.FirstSent > GroupLength;
    }

    private bool TryCompare(out GroupDelta delta)
    {
        delta = new(_current.LastSent - _previous.LastSent, _current.LastArrived - _previous.LastArrived, _current.LastArrived, _current.Bytes);
        if (delta.Arrived - (_current.Known - _previous.Known) >= MaxClockJump)
        {
            this = default;
            return false;
        }

        if (delta.Arrived < TimeSpan.Zero)
        {
            if (++_reordered >= MaxReordered)
            {
                this = default;
            }

            return false;
        }

        _reordered = 0;
        return true;
    }

    private struct Group(MonotonicTime sent, MonotonicTime arrived, int bytes, MonotonicTime known)
    {
        public readonly bool Started = true;
        public readonly MonotonicTime FirstSent = sent;
        public readonly MonotonicTime FirstArrived = arrived;
        public MonotonicTime LastSent = sent;
        public MonotonicTime LastArrived = arrived;
        public MonotonicTime Known = known;
        public int Bytes = bytes;
    }
}
