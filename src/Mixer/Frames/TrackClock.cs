using Events.Rtc.Protocol.Primitives;

namespace Events.Mixer.Frames;

/// <summary>
/// Maps one stream's RTP timestamps to the recording's clock: by the sender's own NTP/RTP relation and the participant's clock, or, as
/// long as there was no report, by the least delayed arrival.
/// </summary>
public sealed class TrackClock
{
    /// <summary>A report that disagrees by more than this tells of a new timeline, not of jitter.</summary>
    private const long NewTimelineNs = 1_000_000_000;

    private readonly ParticipantClock _participant;
    private readonly int _clockRate;
    private TimestampUnwrapper _unwrapper;

    /// <summary>Arrival minus media time, as long as there was no report.</summary>
    private MinimumWindow _transit;

    /// <summary>Arrival minus sender time, each by the relation of sender and media time that held when it was taken.</summary>
    private MinimumWindow _offsets;
    private SlewedOffset _senderOffset;
    private SlewedOffset _arrivalOffset;
    private long _senderTarget;
    private bool _wasShared;
    private long _now;

    internal TrackClock(ParticipantClock participant, int clockRate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clockRate, 1);
        _participant = participant;
        _clockRate = clockRate;
    }

    /// <summary>
    /// Counts up when times that were given out before must be moved by <see cref="LastMove"/>: the first report has told what
    /// the arrivals could only guess.
    /// </summary>
    public int Moves { get; private set; }

    /// <summary>Nanoseconds to add to all earlier results.</summary>
    public long LastMove { get; private set; }

    /// <summary>This track's view of node time minus sender time, or null without a report.</summary>
    internal long? OffsetEstimate => _offsets.HasValue ? _offsets.Minimum : null;

    /// <summary>Learns from a packet's arrival.</summary>
    public void OnPacket(uint rtpTimestamp, long arrivalNs)
    {
        _now = Math.Max(_now, arrivalNs);
        var transit = arrivalNs - MediaTime(rtpTimestamp);
        if (_senderOffset.IsSet)
        {
            _offsets.Add(_now, transit - _senderTarget);
            _senderOffset.Follow(_now, _senderTarget);
            _participant.Update(_now);
        }
        else
        {
            _transit.Add(_now, transit);
            _arrivalOffset.Follow(_now, _transit.Minimum);
        }
    }

    /// <summary>Learns from a sender report.</summary>
    /// <param name="ntp">The sender's clock.</param>
    /// <param name="rtpTimestamp">The same moment in RTP time.</param>
    /// <param name="arrivalNs">When it came, on the node's clock.</param>
    public void OnSenderReport(NtpTime ntp, uint rtpTimestamp, long arrivalNs)
    {
        // RFC 3550 §6.4.1: a sender without a clock writes zero.
        if (ntp.Value == 0)
        {
            return;
        }

        _now = Math.Max(_now, arrivalNs);
        var sent = ntp.ToUnixNanoseconds();
        _senderTarget = sent - MediaTime(rtpTimestamp);
        if (!_senderOffset.IsSet)
        {
            _senderOffset.Jump(_now, _senderTarget);
            if (_transit.HasValue)
            {
                _offsets.Add(_now, _transit.Minimum - _senderTarget);
            }
        }
        else if (Math.Abs(_senderTarget - _senderOffset.Value) > NewTimelineNs)
        {
            // Packets since the old relation ended were measured by it: a sender's media time stands still while it has nothing to send.
            _senderOffset.Jump(_now, _senderTarget);
            _offsets.Clear();
        }

        _offsets.Add(_now, arrivalNs - sent);
        _participant.Update(_now);
        if (!_wasShared && _participant.Shares(this))
        {
            _wasShared = true;
            if (_arrivalOffset.IsSet)
            {
                LastMove = _senderOffset.Value + _participant.Offset - _arrivalOffset.Value;
                Moves++;
            }
        }
    }

    /// <summary>When a frame was captured, in nanoseconds of the recording's clock (plus the shortest way to the node).</summary>
    public long Map(uint rtpTimestamp)
    {
        var media = MediaTime(rtpTimestamp);
        return _wasShared ? media + _senderOffset.Value + _participant.Offset : media + _arrivalOffset.Value;
    }

    /// <summary>The track, or its SSRC, has ended.</summary>
    public void Close() => _participant.Close(this);

    private long MediaTime(uint rtpTimestamp) => (long)((Int128)_unwrapper.Unwrap(rtpTimestamp) * 1_000_000_000 / _clockRate);
}
