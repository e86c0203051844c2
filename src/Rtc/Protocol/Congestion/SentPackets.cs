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
internal sealed class SentPackets
{
    private readonly Entry[] _entries;
    private readonly int _mask;
    private long _next = 65_536; // Numbers stay positive however far a report reaches back.

    /// <param name="capacity">A power of two.</param>
    public SentPackets(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(System.Numerics.BitOperations.IsPow2(capacity), true, nameof(capacity));
        _entries = new Entry[capacity];
        _mask = capacity - 1;
    }

    /// <summary>The next packet's number.</summary>
    public ushort Add(int bytes, byte cluster, MonotonicTime now)
    {
        var number = _next++;
        _entries[number & _mask] = new(now, (ushort)bytes, cluster);
        return (ushort)number;
    }

    public PacketReport Report(SequenceNumber sequence, bool received, out MonotonicTime sent, out int bytes, out byte cluster)
    {
        sent = default;
        bytes = 0;
        cluster = 0;
        var number = _next + (short)(sequence.Value - (ushort)_next);
        if (number >= _next || number < _next - _entries.Length || number < 65_536)
        {
            return PacketReport.Nothing;
        }

        ref var entry = ref _entries[number & _mask];
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

    private enum EntryState : byte
    {
        Outstanding,
        Lost,
        Arrived,
    }

    /// <summary>16 bytes, so that a line of cache holds four.</summary>
    private struct Entry(MonotonicTime sent, ushort bytes, byte cluster)
    {
        public readonly MonotonicTime Sent = sent;
        public readonly ushort Bytes = bytes;
        public readonly byte Cluster = cluster;
        public EntryState State;
    }
}
