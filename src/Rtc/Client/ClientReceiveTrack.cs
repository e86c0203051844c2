using Events.Rtc.Client.Signalling;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Client;

/// <summary>One received SSRC: loss by extended sequence number (RFC 3550 §A.3), jitter (§A.8), and the packets to ask for again.</summary>
public sealed class ClientReceiveTrack
{
    private const int HistoryPackets = 1_024;
    private const int MaxMissing = 256;
    private const int MaxTries = 10;

    // Retries wait about a round trip; 50 ms covers a continent, and the first request goes out with the gap itself.
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);

    private readonly ulong[] _seen = new ulong[HistoryPackets / 64];
    private Missing[] _missing = [];
    private int _missingCount;
    private SequenceUnwrapper _unwrapper;
    private long _first;
    private long _expectedPrior;
    private long _receivedPrior;
    private uint _lastTransit;
    private double _jitter;
    private SenderClock _clock;
    private uint _lastSenderReport;
    private MonotonicTime _lastSenderReportAt;

    internal ClientReceiveTrack(ClientMedia media, uint ssrc)
    {
        Media = media;
        Ssrc = ssrc;
    }

    private struct Missing
    {
        public long Sequence;
        public MonotonicTime NextRequest;
        public int Tries;
    }

    public ClientMedia Media { get; }

    public uint Ssrc { get; }

    /// <summary>Distinct packets, repaired ones included.</summary>
    public long PacketsReceived { get; private set; }

    public long BytesReceived { get; private set; }

    /// <summary>Packets that came only after a request for them.</summary>
    public long PacketsRepaired { get; private set; }

    public long PacketsExpected => _unwrapper.Started ? _unwrapper.Last - _first + 1 : 0;

    public long PacketsLost => Math.Max(0, PacketsExpected - PacketsReceived);

    public long NacksSent { get; private set; }

    /// <summary>The sender has told how its RTP clock relates to the wall clock.</summary>
    public bool HasSenderReport => _clock.IsKnown;

    /// <summary>When something was captured, by the publisher's wall clock and its last sender report (RFC 3550 §6.4.1). False before the first one.</summary>
    public bool TryGetCaptureTime(RtpTimestamp timestamp, out NtpTime captured)
    {
        var ticks = (int)(timestamp.Value - _clock.Rtp.Value);
        captured = new(_clock.Ntp.Value + (ulong)(long)(ticks / (double)Media.ClockRate * (1L << 32)));
        return _clock.IsKnown;
    }

    /// <summary>Whether a keyframe has been seen since the start or since an irreparable loss.</summary>
    public bool HasKeyframe { get; internal set; }

    internal MonotonicTime NextKeyframeRequest { get; set; } = MonotonicTime.Never;

    internal bool GaveUp { get; private set; }

    /// <summary>When a missing packet should be asked for (again).</summary>
    internal MonotonicTime NextNack { get; private set; } = MonotonicTime.Never;

    /// <summary>Counts one packet; false when it has been seen before or is too old to tell.</summary>
    internal bool Count(RtpReader packet, MonotonicTime now)
    {
        var sequence = packet.SequenceNumber.Value;
        var started = _unwrapper.Started;
        var before = _unwrapper.Last;
        var extended = _unwrapper.Unwrap(sequence);
        if (!started)
        {
            _first = extended;
            before = extended - 1;
        }

        if (extended <= before)
        {
            if (extended < _first || before - extended >= HistoryPackets || Seen(extended))
            {
                return false;
            }

            PacketsRepaired += Forget(extended) ? 1 : 0;
        }
        else
        {
            for (var missing = Math.Max(before + 1, extended - HistoryPackets + 1); missing < extended; missing++)
            {
                Clear(missing);
                Remember(missing, now);
            }

            UpdateJitter(packet.Timestamp, now);
        }

        Mark(extended);
        PacketsReceived++;
        BytesReceived += packet.Payload.Length;
        return true;
    }

    internal void SenderReportReceived(NtpTime time, RtpTimestamp timestamp, MonotonicTime now)
    {
        _clock = new(time, timestamp);
        _lastSenderReport = time.Middle;
        _lastSenderReportAt = now;
    }

    /// <summary>Takes up to <paramref name="lost"/>'s length of sequence numbers that are due, ascending.</summary>
    internal int TakeDue(Span<ushort> lost, MonotonicTime now)
    {
        var count = 0;
        var kept = 0;
        NextNack = MonotonicTime.Never;
        for (var i = 0; i < _missingCount; i++)
        {
            var entry = _missing[i];
            if (entry.NextRequest <= now && count < lost.Length)
            {
                if (entry.Tries == MaxTries)
                {
                    GaveUp = true;
                    continue;
                }

                lost[count++] = (ushort)entry.Sequence;
                entry.Tries++;
                entry.NextRequest = now + RetryInterval;
            }

            NextNack = MonotonicTime.Min(NextNack, entry.NextRequest);
            _missing[kept++] = entry;
        }

        _missingCount = kept;
        NacksSent += count > 0 ? 1 : 0;
        return count;
    }

    internal void LossHandled() => GaveUp = false;

    internal ReportBlock MakeReport(MonotonicTime now)
    {
        var expected = PacketsExpected - _expectedPrior;
        var lost = expected - (PacketsReceived - _receivedPrior);
        _expectedPrior = PacketsExpected;
        _receivedPrior = PacketsReceived;
        var fraction = expected <= 0 || lost <= 0 ? 0 : Math.Min(255, (lost << 8) / expected);
        // DLSR in 1/65,536 s (RFC 3550 §6.4.1); 0 while no SR has come.
        var delay = _lastSenderReport == 0 ? 0 : (uint)((now.Nanoseconds - _lastSenderReportAt.Nanoseconds) * 65_536 / 1_000_000_000);
        // The unwrapper starts at cycle 1; reports start at 0.
        return new(Ssrc, (byte)fraction, (int)PacketsLost, (uint)(_unwrapper.Last - 65_536), (uint)_jitter, _lastSenderReport, delay);
    }

    private void UpdateJitter(RtpTimestamp timestamp, MonotonicTime now)
    {
        var arrival = (uint)(now.Nanoseconds / 1_000 * Media.ClockRate / 1_000_000);
        var transit = arrival - timestamp.Value;
        if (PacketsReceived > 0)
        {
            _jitter += (Math.Abs((double)(int)(transit - _lastTransit)) - _jitter) / 16;
        }

        _lastTransit = transit;
    }

    private void Remember(long sequence, MonotonicTime now)
    {
        if (!Media.Nack)
        {
            return;
        }

        if (_missing.Length == 0)
        {
            _missing = new Missing[MaxMissing];
        }

        if (_missingCount == MaxMissing)
        {
            // Too far gone to repair packet by packet: a keyframe is cheaper.
            _missingCount = 0;
            GaveUp = true;
        }

        _missing[_missingCount++] = new() { Sequence = sequence, NextRequest = now };
        NextNack = MonotonicTime.Min(NextNack, now);
    }

    private bool Forget(long sequence)
    {
        for (var i = 0; i < _missingCount; i++)
        {
            if (_missing[i].Sequence == sequence)
            {
                var asked = _missing[i].Tries > 0;
                _missingCount--;
                Array.Copy(_missing, i + 1, _missing, i, _missingCount - i);
                return asked;
            }
        }

        return false;
    }

    private bool Seen(long sequence) => (_seen[(sequence >> 6) % _seen.Length] & (1UL << (int)(sequence & 63))) != 0;

    private void Mark(long sequence) => _seen[(sequence >> 6) % _seen.Length] |= 1UL << (int)(sequence & 63);

    private void Clear(long sequence) => _seen[(sequence >> 6) % _seen.Length] &= ~(1UL << (int)(sequence & 63));
}
