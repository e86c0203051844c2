using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// Turns any number of wishes for a keyframe into at most one request per interval: a request within the interval waits for
/// its end, and is dropped when a keyframe comes first.
/// </summary>
public struct KeyframeRequests(TimeSpan interval)
{
    private readonly TimeSpan _interval = interval;
    private MonotonicTime _last;
    private bool _sentOnce;
    private bool _pending;

    /// <summary>Requests that went out.</summary>
    public long Sent { get; private set; }

    public readonly bool Pending => _pending;

    /// <summary>Someone needs a keyframe. True: ask the publisher now.</summary>
    public bool Request(MonotonicTime now)
    {
        _pending = true;
        return TakeDue(now);
    }

    /// <summary>True when a waiting request is due: ask the publisher now.</summary>
    public bool TakeDue(MonotonicTime now)
    {
        if (!_pending || (_sentOnce && now - _last < _interval))
        {
            return false;
        }

        _pending = false;
        _sentOnce = true;
        _last = now;
        Sent++;
        return true;
    }

    public void KeyframeReceived() => _pending = false;
}
