using System.Diagnostics;

namespace Events.Tests.Rtc.Signalling.Fakes;

/// <summary>Waiting on a condition with a deadline.</summary>
public static class Wait
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static async Task Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Deadline, $"waited in vain: {what}");
            await Task.Delay(5);
        }
    }
}
