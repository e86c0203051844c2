namespace Events.Rtc.Protocol.Sctp;

/// <summary>How long to wait for an acknowledgement (RFC 9260 §6.3.1).</summary>
internal sealed class RetransmissionTimeout
{
    /// <summary>RTO.Initial.</summary>
    private static readonly TimeSpan Initial = TimeSpan.FromSeconds(1);

    /// <summary>Twice the 200 ms for which a receiver may hold an acknowledgement back; RFC 9260 §16 proposes 1 s for paths of its day.</summary>
    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(400);

    /// <summary>Short for one who comes back after an outage; whether the path lives at all is ICE's to say (RFC 7675).</summary>
    private static readonly TimeSpan Max = TimeSpan.FromSeconds(3);

    private TimeSpan _smoothed;
    private TimeSpan _variation;

    public TimeSpan Value { get; private set; } = Initial;

    public void Measured(TimeSpan roundTrip)
    {
        if (_smoothed == TimeSpan.Zero)
        {
            _smoothed = roundTrip;
            _variation = roundTrip / 2;
        }
        else
        {
            _variation = (_variation * 0.75) + ((_smoothed - roundTrip).Duration() * 0.25);
            _smoothed = (_smoothed * 0.875) + (roundTrip * 0.125);
        }

        Value = Bounded(_smoothed + (_variation * 4));
    }

    public void Expired() => Value = Bounded(Value * 2);

    private static TimeSpan Bounded(TimeSpan value) => value < Min ? Min : value > Max ? Max : value;
}
