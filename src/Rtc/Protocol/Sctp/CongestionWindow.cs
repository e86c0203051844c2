namespace Events.Rtc.Protocol.Sctp;

/// <summary>Slow start, congestion avoidance and fast recovery (RFC 9260 §7.2).</summary>
internal sealed class CongestionWindow
{
    private const int Mtu = SctpPacket.MaxBytes;

    /// <summary>More than two channels with their limits ever need.</summary>
    private const int MaxBytes = 128 * 1024;

    private int _threshold = MaxBytes;
    private int _partial;
    private uint? _recoveryEnd;

    public int Bytes { get; private set; } = 4 * Mtu;

    /// <summary>A SACK moved the cumulative TSN on.</summary>
    /// <param name="cumulative">Where to.</param>
    /// <param name="acknowledged">Bytes that it acknowledged for the first time.</param>
    /// <param name="wasFull">The window was in use as far as it goes; one that is not is not made wider.</param>
    public void Advanced(uint cumulative, int acknowledged, bool wasFull)
    {
        if (_recoveryEnd is { } end)
        {
            if ((int)(cumulative - end) < 0)
            {
                return;
            }

            _recoveryEnd = null;
        }

        if (!wasFull)
        {
            return;
        }

        if (Bytes <= _threshold)
        {
            Bytes = Math.Min(MaxBytes, Bytes + Math.Min(acknowledged, Mtu));
            return;
        }

        _partial += acknowledged;
        if (_partial >= Bytes)
        {
            _partial -= Bytes;
            Bytes = Math.Min(MaxBytes, Bytes + Mtu);
        }
    }

    /// <summary>Gaps say that something was lost; once per window (RFC 9260 §7.2.4).</summary>
    public void Lost(uint highestSent)
    {
        if (_recoveryEnd is null)
        {
            _threshold = Math.Max(Bytes / 2, 4 * Mtu);
            Bytes = _threshold;
            _partial = 0;
            _recoveryEnd = highestSent;
        }
    }

    /// <summary>Nothing came back (RFC 9260 §7.2.3).</summary>
    public void TimedOut()
    {
        _threshold = Math.Max(Bytes / 2, 4 * Mtu);
        Bytes = Mtu;
        _partial = 0;
        _recoveryEnd = null;
    }
}
