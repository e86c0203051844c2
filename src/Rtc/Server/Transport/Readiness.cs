using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport;

/// <summary>Waits until one of a few descriptors can be read, or until a moment.</summary>
internal sealed unsafe class Readiness(params int[] descriptors)
{
    private readonly PollDescriptor[] _polled = Array.ConvertAll(descriptors, d => new PollDescriptor { Descriptor = d, Events = PollIn });

    /// <summary>Whether the descriptor at this place could be read when the wait ended.</summary>
    public bool this[int index] => (_polled[index].Returned & PollIn) != 0;

    public void Wait(MonotonicTime now, MonotonicTime until)
    {
        var nanoseconds = Math.Max(0, until.Nanoseconds - now.Nanoseconds);
        var time = new TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        fixed (PollDescriptor* pointer = _polled)
        {
            _ = Poll(pointer, (ulong)_polled.Length, until.IsNever ? null : &time, null);
        }
    }
}
