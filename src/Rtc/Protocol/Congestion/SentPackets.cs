using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>What a report says of a packet.</summary>
internal enum PacketReport : byte
{
    /// <summary>Unknown, too old, or told before.</summary>
    Nothing,
    Arrived,
    Lost,

    /// <summary>Told lost before: it was only late.</summary>
    ArrivedAfterAll,
}

/// <summary>
/// The last packets of a transport by their transport-wide number, in a ring: what is older than it holds is forgotten, as is
/// what the receiver will not report any more.
/// </summary>
internal struct SentPackets
{
    /// <summary>2 KB: 1.5 Mbit/s over a round trip of half a second.</summary>
    private const int FirstCapacity = 128;

    /// <summary>Numbers stay positive however far a report reaches back.</summary>
    private const long FirstNumber = 65_536;

    /// <summary>Four seconds of 30 Mbit/s: who is silent for longer has not lost some reports, and a number that went around must not become negative.</summary>
    private const long MaxUnreported = 16_000_000;

    /// <summary>A report that takes longer tells of a path that is gone.</summary>
    private static readonly TimeSpan ReportedWithin = TimeSpan.FromSeconds(1);

    private readonly int _capacity;
    private Entry[] _entries;
    private int _mask;
    private long _next = FirstNumber;
    private uint _bytes;
    private long _reportedUpTo = FirstNumber - 1;
    private uint _reportedBytes;

    /// <param name="capacity">To which it grows while packets would be forgotten before they can have been reported; a power of two.</param>
    public SentPackets(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(System.Numerics.BitOperations.IsPow2(capacity), true, nameof(capacity));
        _capacity = capacity;
        _entries = new Entry[Math.Min(capacity, FirstCapacity)];
        _mask = _entries.Length - 1;
    }

    /// <summary>Packets that were sent so far.</summary>
    public readonly long Count => _next - FirstNumber;

    /// <summary>When the last one was sent; zero before the first.</summary>
    public readonly MonotonicTime LastSent => _entries[(_next - 1) & _mask].Sent;

    /// <summary>The next packet's number.</summary>
    public ushort Add(int bytes, byte cluster, MonotonicTime now)
    {
        ref readonly var oldest = ref _entries[_next & _mask];
        if (oldest is { State: EntryState.Outstanding, Bytes: > 0 } && _entries.Length < _capacity && now - oldest.Sent < ReportedWithin)
        {
            Grow();
        }

        var number = _next++;
        _bytes += (ushort)bytes;
        _entries[number & _mask] = new(now, (ushort)bytes, cluster, _bytes);
        return (ushort)number;
    }

    /// <summary>Bytes of the packets between those that were told of so far and a report's first.</summary>
    public readonly long UnreportedBytes(SequenceNumber first)
    {
        if (!TryFind(first, out var number) || number <= _reportedUpTo)
        {
            return 0;
        }

        ref readonly var entry = ref _entries[number & _mask];
        return Math.Min(MaxUnreported, entry.BytesUpTo - entry.Bytes - _reportedBytes);
    }

    public PacketReport Report(SequenceNumber sequence, bool received, out MonotonicTime sent, out int bytes, out byte cluster)
    {
        sent = default;
        bytes = 0;
        cluster = 0;
        if (!TryFind(sequence, out var number))
        {
            return PacketReport.Nothing;
        }

        ref var entry = ref _entries[number & _mask];
        if (number > _reportedUpTo)
        {
            (_reportedUpTo, _reportedBytes) = (number, entry.BytesUpTo);
        }

        if (entry.State == EntryState.Arrived || (entry.State == EntryState.Lost && !received))
        {
            return PacketReport.Nothing;
        }

        sent = entry.Sent;
        bytes = entry.Bytes;
        cluster = entry.Cluster;
        var late = entry.State == EntryState.Lost;
        entry.State = received ? EntryState.Arrived : EntryState.Lost;
        return !received ? PacketReport.Lost : late ? PacketReport.ArrivedAfterAll : PacketReport.Arrived;
    }

    /// <summary>A packet is added soon.</summary>
    public readonly void Fetch() => Prefetch.At(ref _entries[_next & _mask]);

    private readonly bool TryFind(SequenceNumber sequence, out long number)
    {
        number = _next + (short)(sequence.Value - (ushort)_next);
        return number < _next && number >= _next - _entries.Length && number >= FirstNumber;
    }

    private void Grow()
    {
        var larger = new Entry[_entries.Length * 2];
        for (var number = _next - _entries.Length; number < _next; number++)
        {
            larger[number & (larger.Length - 1)] = _entries[number & _mask];
        }

        _entries = larger;
        _mask = larger.Length - 1;
    }

    private enum EntryState : byte
    {
        Outstanding,
        Lost,
        Arrived,
    }

    /// <summary>16 bytes, so that a line of cache holds four.</summary>
    private struct Entry(MonotonicTime sent, ushort bytes, byte cluster, uint bytesUpTo)
    {
        public readonly MonotonicTime Sent = sent;
        public readonly ushort Bytes = bytes;
        public readonly byte Cluster = cluster;
        public EntryState State;

        /// <summary>Of all packets so far, this one included; wraps.</summary>
        public readonly uint BytesUpTo = bytesUpTo;
    }
}
