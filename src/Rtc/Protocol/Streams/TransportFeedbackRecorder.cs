using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Streams;

/// <summary>
/// Arrival times of a publisher's packets by transport-wide sequence number, reported back so that it can estimate its
/// uplink (draft-holmer-rmcat-transport-wide-cc-extensions-01).
/// </summary>
public sealed class TransportFeedbackRecorder
{
    /// <summary>Packets between two reports: 50 ms of 40 Mbit/s stay below. What was told is kept as long, for reports that tell it again.</summary>
    private const int Capacity = 1_024;

    /// <summary>libwebrtc reports every 50–250 ms by bitrate; 50 ms reacts fastest and costs under 10 kbit/s.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly MonotonicTime[] _arrivals = new MonotonicTime[Capacity];
    private readonly MonotonicTime[] _report = new MonotonicTime[256];
    private SequenceUnwrapper _sequence;
    private long _next = -1;
    private byte _feedbackCount;

    public TransportFeedbackRecorder() => Array.Fill(_arrivals, MonotonicTime.Never);

    /// <summary>Starts over: another connection begins with numbers of its own.</summary>
    public void Reset()
    {
        Array.Fill(_arrivals, MonotonicTime.Never);
        _sequence = default;
        _next = -1;
    }

    /// <summary>Something arrived since the last report.</summary>
    public bool HasNews => _next >= 0 && _sequence.Last >= _next;

    public void Receive(ushort transportSequence, MonotonicTime now)
    {
        var newest = _sequence.Last;
        var extended = _sequence.Unwrap(transportSequence);
        if (_next < 0 || extended - _next >= Capacity)
        {
            // The first, or an outage: what lies before is not worth a report.
            Array.Fill(_arrivals, MonotonicTime.Never);
            _next = extended;
        }
        else if (extended > newest)
        {
            for (var missing = newest + 1; missing < extended; missing++)
            {
                _arrivals[missing & (Capacity - 1)] = MonotonicTime.Never;
            }
        }
        else if (newest - extended >= Capacity || !_arrivals[extended & (Capacity - 1)].IsNever)
        {
            return; // Too old to be told of, or here before.
        }
        else
        {
            _next = Math.Min(_next, extended); // It was told as missing, and came after all: it is told again, with what came since. Order is no loss.
        }

        _arrivals[extended & (Capacity - 1)] = now;
    }

    /// <summary>Appends one report; call until <see cref="HasNews"/> is false. False when it did not fit.</summary>
    public bool TryWrite(ref RtcpWriter writer, uint senderSsrc, uint mediaSsrc)
    {
        if (!HasNews)
        {
            return false;
        }

        var first = _next;
        while (_arrivals[first & (Capacity - 1)].IsNever)
        {
            first++; // The newest has arrived.
        }

        // What is missing before the first arrival, whose time the report bears, is told too: a sender counts as lost what a report says is, and not what none speaks of.
        var begin = Math.Max(_next, first - _report.Length + 1);
        var count = (int)Math.Min(_sequence.Last - begin + 1, _report.Length);
        for (var i = 0; i < count; i++)
        {
            _report[i] = _arrivals[(begin + i) & (Capacity - 1)];
        }

        if (!writer.WriteTransportFeedback(
            senderSsrc, mediaSsrc, _feedbackCount, new SequenceNumber((ushort)begin), _report.AsSpan(0, count), out var encoded))
        {
            return false;
        }

        _feedbackCount++;
        _next = begin + encoded;
        return true;
    }
}
