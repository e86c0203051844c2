using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>The clock of who reports transport-wide, 24 bits of 64 ms, unwrapped; and the count of the reports.</summary>
internal struct FeedbackClock
{
    private byte? _count;
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

    /// <summary>Reports are counted for this. When none is missing, what none tells of came to nobody for so long that the receiver began anew.</summary>
    public bool IsReportMissing(byte count)
    {
        var missing = _count is { } before && count != (byte)(before + 1);
        _count = count;
        return missing;
    }
}
