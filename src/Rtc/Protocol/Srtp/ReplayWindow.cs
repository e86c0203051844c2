namespace Events.Rtc.Protocol.Srtp;

/// <summary>Which of the last 1,024 indices have been accepted (RFC 3711 §3.3.2). Check first, authenticate, then accept.</summary>
public sealed class ReplayWindow
{
    /// <summary>At 1,000 packets/s, one second of reordering and retransmission on the same SSRC.</summary>
    public const int Size = 1_024;

    // Twice the window, so that a word is cleared as a whole when the head enters it and no live bit is lost (RFC 6479 §2).
    private const int Words = 2 * Size / 64;

    private readonly ulong[] _words = new ulong[Words];

    public bool Started { get; private set; }

    public ulong Highest { get; private set; }

    /// <summary>None when the index is new and inside the window.</summary>
    public SrtpRefusal Check(ulong index)
    {
        if (!Started || index > Highest)
        {
            return SrtpRefusal.None;
        }

        if (Highest - index >= Size)
        {
            return SrtpRefusal.TooOld;
        }

        return (_words[(int)(index / 64 % Words)] & (1UL << (int)(index % 64))) != 0 ? SrtpRefusal.Replayed : SrtpRefusal.None;
    }

    /// <summary>Notes an authenticated index that <see cref="Check"/> let through.</summary>
    public void Accept(ulong index)
    {
        if (!Started)
        {
            Started = true;
            Highest = index;
        }
        else if (index > Highest)
        {
            var from = Highest / 64;
            var steps = Math.Min((index / 64) - from, Words);
            for (ulong step = 1; step <= steps; step++)
            {
                _words[(int)((from + step) % Words)] = 0;
            }

            Highest = index;
        }

        _words[(int)(index / 64 % Words)] |= 1UL << (int)(index % 64);
    }
}
