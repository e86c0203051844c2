using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Stats;

/// <summary>How often and for how long a picture that should move stood still. Looked at a few times a second: what is shorter than that and the limit together may be missed.</summary>
internal struct Freezes
{
    /// <summary>People see a pause from about here on.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    private MonotonicTime _expectedSince;
    private MonotonicTime _frozenSince;
    private TimeSpan _ended;

    public int Count { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>All of them together, the one that lasts included.</summary>
    public readonly TimeSpan TotalAt(MonotonicTime now) => IsFrozen ? _ended + (now - _frozenSince) : _ended;

    /// <summary>Takes what is known now.</summary>
    /// <param name="isExpected">It should move: it is wanted, and neither muted nor paused.</param>
    /// <param name="lastPicture">When something of it last came or was sent.</param>
    /// <param name="now">The present.</param>
    public void Advance(bool isExpected, MonotonicTime lastPicture, MonotonicTime now)
    {
        if (!isExpected)
        {
            End(now);
            _expectedSince = now;
            return;
        }

        var last = MonotonicTime.Max(lastPicture, _expectedSince);
        if (now - last <= Limit)
        {
            End(last);
        }
        else if (!IsFrozen)
        {
            IsFrozen = true;
            Count++;
            _frozenSince = last;
        }
    }

    private void End(MonotonicTime at)
    {
        if (IsFrozen)
        {
            IsFrozen = false;
            _ended += at - _frozenSince;
        }
    }
}
