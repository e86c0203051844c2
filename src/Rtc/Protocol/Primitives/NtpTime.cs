namespace Events.Rtc.Protocol.Primitives;

/// <summary>A 64-bit NTP timestamp: 32 bits of seconds since 1900, 32 bits of fraction (RFC 3550 §4).</summary>
public readonly record struct NtpTime(ulong Value)
{
    /// <summary>Seconds between the NTP epoch (1900) and the Unix epoch (1970).</summary>
    public const long UnixEpochOffsetSeconds = 2_208_988_800;

    /// <summary>The middle 32 bits, as LSR and DLSR carry them (RFC 3550 §6.4.1), unit 1/65,536 s.</summary>
    public uint Middle => (uint)(Value >> 16);

    public static NtpTime FromUnixNanoseconds(long nanoseconds)
    {
        var seconds = Math.DivRem(nanoseconds, 1_000_000_000L, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += 1_000_000_000L;
        }

        var fraction = (ulong)(((UInt128)(ulong)rest << 32) / 1_000_000_000UL);
        return new(((ulong)(seconds + UnixEpochOffsetSeconds) << 32) | fraction);
    }

    /// <summary>Nanoseconds since 1970. Senders may put any epoch here: use it for differences unless the sender is known.</summary>
    public long ToUnixNanoseconds()
    {
        var seconds = (long)(Value >> 32) - UnixEpochOffsetSeconds;
        var nanoseconds = (long)(((UInt128)(uint)Value * 1_000_000_000UL) >> 32);
        return (seconds * 1_000_000_000L) + nanoseconds;
    }
}
