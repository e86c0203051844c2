using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>Arrivals by transport-wide sequence number, reported as transport feedback every 100 ms (browsers vary it between 50 and 250 ms).</summary>
internal sealed class ArrivalLog
{
    private const int MaxArrivals = 1_024;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly MonotonicTime[] _arrivals = new MonotonicTime[MaxArrivals];
    private SequenceUnwrapper _unwrapper;
    private long _base;
    private int _count;
    private byte _feedbackCount;

    public MonotonicTime NextFeedback { get; private set; } = MonotonicTime.Never;

    public void Add(ushort sequence, MonotonicTime now)
    {
        var extended = _unwrapper.Unwrap(sequence);
        if (_count == 0 && extended >= _base)
        {
            // RFC draft-holmer §3.1: feedback goes on where the last one ended, so that losses between two messages are told too.
            _base = _base == 0 || extended - _base >= MaxArrivals ? extended : _base;
            NextFeedback = NextFeedback.IsNever ? now + Interval : NextFeedback;
        }

        var index = extended - _base;
        if (index is < 0 or >= MaxArrivals)
        {
            return;
        }

        for (; _count <= index; _count++)
        {
            _arrivals[_count] = MonotonicTime.Never;
        }

        _arrivals[index] = now;
    }

    /// <summary>Appends the due feedback to a compound.</summary>
    public void Write(ref RtcpWriter writer, uint senderSsrc, uint mediaSsrc)
    {
        var from = 0;
        while (from < _count
            && writer.WriteTransportFeedback(
                senderSsrc, mediaSsrc, _feedbackCount, new((ushort)(_base + from)), _arrivals.AsSpan(from, _count - from), out var encoded)
            && encoded > 0)
        {
            _feedbackCount++;
            from += encoded;
        }

        _base += _count;
        _count = 0;
        NextFeedback = MonotonicTime.Never;
    }
}
