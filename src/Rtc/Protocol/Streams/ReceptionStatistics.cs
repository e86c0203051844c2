using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Streams;

/// <summary>Loss and jitter of one received SSRC (RFC 3550 §6.4.1, §A.3, §A.8).</summary>
public struct ReceptionStatistics
{
    private SequenceUnwrapper _sequence;
    private long _base;
    private long _received;
    private long _expectedAtReport;
    private long _receivedAtReport;
    private double _jitter;
    private uint _lastTimestamp;
    private MonotonicTime _lastArrival;
    private uint _lastSenderReport;
    private MonotonicTime _senderReportAt;

    public readonly long Received => _received;

    /// <summary>Expected minus received; negative when duplicates arrived.</summary>
    public readonly long Lost => _sequence.Started ? _sequence.Last - _base + 1 - _received : 0;

    /// <summary>Clock ticks.</summary>
    public readonly uint Jitter => (uint)_jitter;

    /// <summary>Counts one packet and returns its extended sequence number.</summary>
    public long Receive(ushort sequence, uint timestamp, int clockRate, MonotonicTime now)
    {
        var first = !_sequence.Started;
        var previous = _sequence.Last;
        var extended = _sequence.Unwrap(sequence);
        _received++;
        if (first)
        {
            _base = extended;
        }
        else if (extended > previous)
        {
            if (timestamp != _lastTimestamp)
            {
                // RFC 3550 §A.8: D = (arrival difference) − (timestamp difference), in clock ticks.
                var arrival = (double)(now.Nanoseconds - _lastArrival.Nanoseconds) * clockRate / 1e9;
                var difference = Math.Abs(arrival - (int)(timestamp - _lastTimestamp));
                _jitter += (difference - _jitter) / 16;
            }
            else
            {
                return extended; // Packets of one frame share a timestamp; only its first says when it was captured.
            }
        }
        else
        {
            return extended;
        }

        _lastTimestamp = timestamp;
        _lastArrival = now;
        return extended;
    }

    /// <summary>The extended number of a packet that is not counted: it came on another SSRC (RTX).</summary>
    public readonly long Extend(ushort sequence) => _sequence.Peek(sequence);

    public void SenderReportReceived(NtpTime ntp, MonotonicTime now)
    {
        _lastSenderReport = ntp.Middle;
        _senderReportAt = now;
    }

    /// <summary>The block since the last one (RFC 3550 §A.3).</summary>
    public ReportBlock TakeReport(uint ssrc, MonotonicTime now)
    {
        var expected = _sequence.Started ? _sequence.Last - _base + 1 : 0;
        var expectedInterval = expected - _expectedAtReport;
        var lostInterval = expectedInterval - (_received - _receivedAtReport);
        _expectedAtReport = expected;
        _receivedAtReport = _received;
        var fraction = expectedInterval <= 0 || lostInterval <= 0 ? 0 : (lostInterval << 8) / expectedInterval;
        var delay = _lastSenderReport == 0 ? 0 : (uint)((now - _senderReportAt).TotalSeconds * 65_536);
        return new(
            ssrc,
            (byte)Math.Min(fraction, 255),
            (int)Math.Clamp(expected - _received, -0x80_0000, 0x7F_FFFF),
            // The unwrapper starts at one cycle, so that earlier numbers stay positive; reports start at none.
            (uint)(_sequence.Last - 65_536),
            Jitter,
            _lastSenderReport,
            delay);
    }
}
