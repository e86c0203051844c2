using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Streams;

/// <summary>
/// Arrival times of a publisher's packets by transport-wide sequence number, reported back so that it can estimate its
/// uplink (draft-holmer-rmcat-transport-wide-cc-extensions-01).
/// </summary>
public sealed class TransportFeedbackRecorder
{
    /// <summary>Packets between two reports: 50 ms of 40 Mbit/s stay below.</summary>
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
        var extended = _sequence.Unwrap(transportSequence);
        if (_next < 0)
        {
            _next = extended;
        }

        if (extended < _next)
        {
            return; // Already reported as lost; the sender has acted on it.
        }

        if (extended - _next >= Capacity)
        {
            // An outage: what lies before is not worth a report.
            Array.Fill(_arrivals, MonotonicTime.Never);
            _next = extended;
        }

        _arrivals[extended & (Capacity - 1)] = now;
    }

    /// <summary>Appends one report; call until <see cref="HasNews"/> is false. False when it did not fit.</summary>
    public bool TryWrite(ref RtcpWriter writer, uint senderSsrc, uint mediaSsrc)
    {
        var count = (int)Math.Min(_sequence.Last - _next + 1, _report.Length);
        // A report starts with a packet that did arrive, else it has no reference time.
        while (count > 0 && _arrivals[_next & (Capacity - 1)].IsNever)
        {
            _next++;
            count--;
        }

        for (var i = 0; i < count; i++)
        {
            _report[i] = _arrivals[(_next + i) & (Capacity - 1)];
        }

        if (count == 0
            || !writer.WriteTransportFeedback(
                senderSsrc, mediaSsrc, _feedbackCount, new SequenceNumber((ushort)_next), _report.AsSpan(0, count), out var encoded))
        {
            return false;
        }

        _feedbackCount++;
        for (var i = 0; i < encoded; i++)
        {
            _arrivals[(_next + i) & (Capacity - 1)] = MonotonicTime.Never;
        }

        _next += encoded;
        return true;
    }
}
