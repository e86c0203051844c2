namespace Events.Rtc.Protocol.Forwarding;

/// <summary>Where a subscriber's timestamps go on when its stream's source changes, or comes back after a pause.</summary>
internal static class Continuation
{
    /// <summary>Clocks that place a packet further from its arrival than this are not believed.</summary>
    private static readonly TimeSpan MaxClockError = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The subscriber's timestamp of the new source's present packet. What was captured at one time must stay at one time for the receiver, or sound and
    /// picture come apart: so the sources' own clocks decide where they are known and credible, and the time that went by only where they are not.
    /// </summary>
    /// <param name="last">The last timestamp that was sent.</param>
    /// <param name="elapsed">Since then.</param>
    /// <param name="aligned">By the clocks; null: they are not known.</param>
    /// <param name="lead">Ticks that have to stay free between the last timestamp and this one, for older packets that are sent before it.</param>
    /// <param name="clockRate">Hz.</param>
    /// <returns>Later than the last one in any case.</returns>
    public static uint Place(uint last, TimeSpan elapsed, uint? aligned, uint lead, int clockRate)
    {
        var next = last + (uint)(Math.Clamp(elapsed.TotalSeconds, 0, 3_600) * clockRate);
        if (aligned is { } believed && Math.Abs((long)(int)(believed - next)) <= MaxClockError.TotalSeconds * clockRate)
        {
            next = believed;
        }

        return (int)(next - last) > (int)lead ? next : last + lead + 1;
    }
}
