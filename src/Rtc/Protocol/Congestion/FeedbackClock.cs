using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>The clock of who reports transport-wide: 24 bits of 64 ms, unwrapped.</summary>
internal struct FeedbackClock
{
    private int _last;
    private long _units;
    private bool _started;

    public MonotonicTime Read(int reference)
    {
        if (!_started)
        {
            _started = true;
            _units = 1L << 24; // Reports that overtake the first one stay positive.
        }
        else
        {
            _units += ((reference - _last) << 8) >> 8; // 24-bit difference, signed
        }

        _last = reference;
        return new(_units * TransportFeedback.ReferenceTimeUnitMicroseconds * 1_000);
    }
}
