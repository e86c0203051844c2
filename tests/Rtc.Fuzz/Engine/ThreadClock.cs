using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Events.Tests.Rtc.Fuzz.Engine;

/// <summary>CPU time of the calling thread: what an input costs, however busy the machine is with others.</summary>
internal static unsafe partial class ThreadClock
{
    private const int ThreadCpuTime = 3; // CLOCK_THREAD_CPUTIME_ID of Linux's time.h

    public static TimeSpan Now
    {
        get
        {
            TimeSpec time;
            return ReadClock(ThreadCpuTime, &time) == 0
                ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick))
                : throw new Win32Exception("The thread's clock cannot be read.");
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ReadClock(int clock, TimeSpec* time);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
