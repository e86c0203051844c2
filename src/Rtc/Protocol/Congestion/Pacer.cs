using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>Which packets leave first.</summary>
public enum PacketPriority : byte
{
    /// <summary>Never waits: a call goes on without picture, not without sound.</summary>
    Audio,

    /// <summary>Somebody waits for it already.</summary>
    Retransmission,
    Video,
    Padding,
}

/// <summary>A packet that has waited.</summary>
/// <param name="Handle">The caller's.</param>
/// <param name="Priority">With which it was queued.</param>
/// <param name="Bytes">Of the datagram.</param>
public readonly record struct PacedPacket(int Handle, PacketPriority Priority, int Bytes);

/// <summary>
/// Spreads one transport's packets so that a keyframe does not fill the queue of a thin path. It keeps a time until which the path
/// is busy at the pacing rate; a packet that finds it within the burst passes without being touched, which is the case while the estimate
/// is far above what is sent: two comparisons and a multiplication. Others wait in a bounded queue, of which the caller keeps the bytes.
/// </summary>
public sealed class Pacer
{
    /// <summary>
    /// The allocator bears a shortage of a fifth for a second, which must not queue here: 1 / 0.8. libwebrtc paces at 2.5 times the
    /// estimate; what we forward comes paced by its publisher already, and a keyframe at 2.5 times would fill the path's queue.
    /// </summary>
    public const double RateFactor = 1.25;

    /// <summary>What may leave at once, as in libwebrtc's burst mode: a frame of a steady stream always passes.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(40);

    /// <summary>Older than this nobody waits for it: the layer is too large, and another must be chosen.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    private const int Priorities = 4;
    private const int None = -1;

    private readonly Waiting[] _waiting;
    private readonly int[] _heads = new int[Priorities];
    private readonly int[] _tails = new int[Priorities];
    private readonly long _burst = Burst.Ticks * 100;
    private int _free;
    private long _busyUntil;
    private double _nanosecondsPerByte;

    /// <param name="capacity">Packets that may wait.</param>
    public Pacer(int capacity = 256)
    {
        _waiting = new Waiting[capacity];
        for (var i = 0; i < capacity; i++)
        {
            _waiting[i].Next = i + 1 < capacity ? i + 1 : None;
        }

        Array.Fill(_heads, None);
        Array.Fill(_tails, None);
    }

    /// <summary>Packets that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that wait.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>When <see cref="TryDequeue"/> has the next packet.</summary>
    public MonotonicTime NextDeadline => Count == 0 ? MonotonicTime.Never : new(_busyUntil - _burst);

    /// <summary>The estimate that the pacing rate follows.</summary>
    public void SetTarget(Bitrate target) =>
        _nanosecondsPerByte = 8e9 / Math.Max(target.BitsPerSecond * RateFactor, 1);

    /// <summary>True: the packet may leave now, and is accounted for. False: <see cref="TryEnqueue"/> it.</summary>
    public bool TryPass(PacketPriority priority, int bytes, MonotonicTime now)
    {
        if (priority != PacketPriority.Audio
            && (_busyUntil > now.Nanoseconds + _burst || (Count > 0 && AnyWaits(priority))))
        {
            return false;
        }

        Occupy(bytes, now);
        return true;
    }

    /// <summary>False: too many wait, or the first of its kind has waited for too long.</summary>
    public bool HasRoom(PacketPriority priority, MonotonicTime now)
    {
        var head = _heads[(int)priority];
        return _free != None && (head == None || now - _waiting[head].Since <= MaxWait);
    }

    /// <summary>False: too many wait, or the first of its kind has waited for too long. Drop it; a picture goes on at a keyframe.</summary>
    public bool TryEnqueue(PacketPriority priority, int handle, int bytes, MonotonicTime now)
    {
        if (!HasRoom(priority, now))
        {
            return false;
        }

        var slot = _free;
        _free = _waiting[slot].Next;
        _waiting[slot] = new() { Handle = handle, Bytes = bytes, Since = now, Next = None };
        ref var tail = ref _tails[(int)priority];
        if (tail == None)
        {
            _heads[(int)priority] = slot;
        }
        else
        {
            _waiting[tail].Next = slot;
        }

        tail = slot;
        Count++;
        QueuedBytes += bytes;
        return true;
    }

    /// <summary>The next packet that may leave now; call until false.</summary>
    public bool TryDequeue(MonotonicTime now, out PacedPacket packet)
    {
        if (Count == 0 || _busyUntil > now.Nanoseconds + _burst)
        {
            packet = default;
            return false;
        }

        var priority = 0;
        while (_heads[priority] == None)
        {
            priority++;
        }

        Take(priority, out packet);
        Occupy(packet.Bytes, now);
        return true;
    }

    /// <summary>Gives back what waits at this priority, without sending it (its layer is not shown any more); call until false.</summary>
    public bool TryDiscard(PacketPriority priority, out PacedPacket packet)
    {
        if (_heads[(int)priority] == None)
        {
            packet = default;
            return false;
        }

        Take((int)priority, out packet);
        return true;
    }

    private bool AnyWaits(PacketPriority upTo)
    {
        for (var i = 0; i <= (int)upTo; i++)
        {
            if (_heads[i] != None)
            {
                return true;
            }
        }

        return false;
    }

    private void Occupy(int bytes, MonotonicTime now) =>
        _busyUntil = Math.Max(_busyUntil, now.Nanoseconds) + (long)(bytes * _nanosecondsPerByte);

    private void Take(int priority, out PacedPacket packet)
    {
        var slot = _heads[priority];
        ref var entry = ref _waiting[slot];
        packet = new(entry.Handle, (PacketPriority)priority, entry.Bytes);
        _heads[priority] = entry.Next;
        if (entry.Next == None)
        {
            _tails[priority] = None;
        }

        entry.Next = _free;
        _free = slot;
        Count--;
        QueuedBytes -= packet.Bytes;
    }

    private struct Waiting
    {
        public MonotonicTime Since;
        public int Handle;
        public int Bytes;
        public int Next;
    }
}
