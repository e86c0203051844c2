using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>How one encoding's RTP clock relates to its publisher's wall clock, by its last sender report (RFC 3550 §6.4.1).</summary>
/// <param name="Ntp">Zero: no report yet.</param>
/// <param name="Rtp">At the same instant.</param>
public readonly record struct SenderClock(NtpTime Ntp, RtpTimestamp Rtp)
{
    private const double NtpPerSecond = 4_294_967_296.0;

    public bool IsKnown => Ntp.Value != 0;

    /// <summary>The timestamp that this clock shows when <paramref name="other"/> shows <paramref name="timestamp"/>. Both are known.</summary>
    public uint At(SenderClock other, uint timestamp, int clockRate)
    {
        var sinceOther = (int)(timestamp - other.Rtp.Value);
        var between = (long)(other.Ntp.Value - Ntp.Value) / NtpPerSecond * clockRate;
        return Rtp.Value + (uint)(long)Math.Round(between + sinceOther);
    }
}
