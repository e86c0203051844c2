using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// What one viewer may be sent again. A path that is too thin loses packets because it is full: repairing all of them fills it further, and viewers that ask for
/// everything again would cost as much as viewers that are sent it twice.
/// </summary>
internal sealed class RetransmissionBudget
{
    /// <summary>More means that the link is too thin for more.</summary>
    public const int MaxPerSecond = 500;

    /// <summary>A burst on a stream of few packets is repaired whole.</summary>
    private const int AlwaysPerSecond = 50;

    /// <summary>To look for a packet that is nowhere costs more than to send one that is there.</summary>
    private const int MaxMissesPerSecond = 1_000;

    /// <summary>As many as a receiver asks for in a round trip; a power of two.</summary>
    private const int Remembered = 256;

    /// <summary>A round trip that is measured longer than this is a queue, and what is lost behind it is asked for again sooner.</summary>
    private static readonly TimeSpan MaxRepeatInterval = TimeSpan.FromMilliseconds(400);

    private Sent[] _sent = [];
    private MonotonicTime _since;
    private long _forwardedBefore;
    private int _allowed = MaxPerSecond;
    private int _used;
    private int _missed;

    /// <summary>
    /// Who has not received what was sent longer ago than this has lost it: nobody can ask for a packet because it is lost before a round trip is over. A tenth
    /// is for what round trips vary by.
    /// </summary>
    public static TimeSpan RepeatInterval(TimeSpan roundTrip) => (roundTrip < MaxRepeatInterval ? roundTrip : MaxRepeatInterval) * 0.9;

    /// <summary>The second is over in which the present share was allowed: <see cref="Begin"/> is to be called.</summary>
    public bool IsOver(MonotonicTime now) => now - _since > TimeSpan.FromSeconds(1);

    /// <summary>Begins another second. Half of what was forwarded lately may be sent again: a path that loses more than that needs less, not more.</summary>
    /// <param name="forwarded">Packets sent to the viewer for the first time so far.</param>
    /// <param name="now">The present.</param>
    public void Begin(long forwarded, MonotonicTime now)
    {
        if (_since != MonotonicTime.Zero)
        {
            var perSecond = Math.Max(0, forwarded - _forwardedBefore) / (now - _since).TotalSeconds;
            _allowed = (int)Math.Clamp(perSecond / 2, AlwaysPerSecond, MaxPerSecond);
        }

        _forwardedBefore = forwarded;
        _since = now;
        _used = 0;
        _missed = 0;
    }

    /// <summary>False: it is not to be sent again now, since the share is used up, or since it was sent less than a round trip ago and is on its way.</summary>
    public bool Allows(uint ssrc, ushort sequence, TimeSpan roundTrip, MonotonicTime now)
    {
        if (_used >= _allowed || _missed >= MaxMissesPerSecond)
        {
            return false;
        }

        if (_sent.Length == 0)
        {
            return true;
        }

        ref readonly var sent = ref _sent[sequence % Remembered];
        return sent.Ssrc != ssrc || sent.Sequence != sequence || now - sent.At >= RepeatInterval(roundTrip);
    }

    /// <summary>What was asked for is not there any more, or never was.</summary>
    public void Missed() => _missed++;

    public void Took(uint ssrc, ushort sequence, MonotonicTime now)
    {
        _used++;
        if (_sent.Length == 0)
        {
            _sent = new Sent[Remembered];
        }

        _sent[sequence % Remembered] = new() { Ssrc = ssrc, Sequence = sequence, At = now };
    }

    private struct Sent
    {
        public uint Ssrc;
        public ushort Sequence;
        public MonotonicTime At;
    }
}
