using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Primitives;
using static Events.Rtc.Transport.LinuxSockets;

namespace Events.Rtc.Transport;

/// <summary>Waits until one of a few descriptors can be read, or until a moment.</summary>
internal sealed unsafe class Readiness : IDisposable
{
    private readonly int _set = PollSet(SocketCloseOnExec);
    private readonly byte[] _events;
    private ulong _ready;
    private bool _toTheMillisecond;

    public Readiness(params ReadOnlySpan<int> descriptors)
    {
        _events = new byte[descriptors.Length * PollEventBytes];
        var wanted = stackalloc byte[PollEventBytes];
        for (var i = 0; i < descriptors.Length; i++)
        {
            *(uint*)wanted = PollInput;
            *(ulong*)(wanted + PollEventNumberAt) = (ulong)i;
            if (PollControl(_set, PollAdd, descriptors[i], wanted) < 0)
            {
                throw new IOException($"epoll_ctl failed: error {Marshal.GetLastPInvokeError()}.");
            }
        }
    }

    /// <summary>Whether the descriptor at this place could be read when the wait ended.</summary>
    public bool this[int index] => (_ready & (1UL << index)) != 0;

    public void Wait(MonotonicTime now, MonotonicTime until)
    {
        fixed (byte* events = _events)
        {
            var count = Wait(events, until.IsNever ? -1 : Math.Max(0, until.Nanoseconds - now.Nanoseconds));
            _ready = 0;
            for (var i = 0; i < count; i++)
            {
                _ready |= 1UL << (int)*(ulong*)(events + (i * PollEventBytes) + PollEventNumberAt);
            }
        }
    }

    public void Dispose() => Close(_set);

    private int Wait(byte* events, long nanoseconds)
    {
        if (!_toTheMillisecond)
        {
            var time = new TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
            var count = PollWaitPrecisely(_set, events, _events.Length / PollEventBytes, nanoseconds < 0 ? null : &time, null);
            if (count >= 0 || Marshal.GetLastPInvokeError() != ErrorNoSystemCall)
            {
                return count;
            }

            _toTheMillisecond = true; // Before Linux 5.11.
        }

        return PollWait(_set, events, _events.Length / PollEventBytes, nanoseconds < 0 ? -1 : (int)Math.Min((nanoseconds + 999_999) / 1_000_000, int.MaxValue));
    }
}
