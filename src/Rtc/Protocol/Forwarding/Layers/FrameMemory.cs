namespace Events.Rtc.Protocol.Forwarding.Layers;

/// <summary>
/// What was decided of the last 128 frames of one encoding, so that every packet of a frame shares its fate, also one that comes late, and
/// a frame's references can be looked up. Four seconds of 30 pictures a second; one second of three spatial layers.
/// </summary>
internal sealed class FrameMemory
{
    private const int Size = 128;

    private readonly Entry[] _entries = new Entry[Size];

    /// <summary>Fate of a frame's layer.</summary>
    public enum Fate : byte
    {
        Unknown,
        Forwarded,
        Dropped,
    }

    public Fate this[ushort frame, uint timestamp, int layer]
    {
        get
        {
            ref var entry = ref _entries[frame % Size];
            return !entry.IsUsed || entry.Frame != frame || entry.Timestamp != timestamp ? Fate.Unknown : FateOf(entry, layer);
        }
    }

    /// <summary>By number alone: AV1's numbers do not repeat within the memory.</summary>
    public Fate OfFrame(ushort frame)
    {
        ref var entry = ref _entries[frame % Size];
        return !entry.IsUsed || entry.Frame != frame ? Fate.Unknown : FateOf(entry, 0);
    }

    /// <summary>Notes a decision. True when it is the first for this frame or picture.</summary>
    public bool Note(ushort frame, uint timestamp, int layer, bool forwarded)
    {
        ref var entry = ref _entries[frame % Size];
        var first = !entry.IsUsed || entry.Frame != frame || entry.Timestamp != timestamp;
        if (first)
        {
            entry = new Entry { IsUsed = true, Frame = frame, Timestamp = timestamp };
        }

        if (forwarded)
        {
            entry.Forwarded |= (byte)(1 << layer);
        }
        else
        {
            entry.Dropped |= (byte)(1 << layer);
        }

        return first;
    }

    public void Clear() => Array.Clear(_entries);

    private static Fate FateOf(in Entry entry, int layer) =>
        (entry.Forwarded & (1 << layer)) != 0 ? Fate.Forwarded : (entry.Dropped & (1 << layer)) != 0 ? Fate.Dropped : Fate.Unknown;

    private struct Entry
    {
        public bool IsUsed;
        public ushort Frame;
        public uint Timestamp;
        public byte Forwarded;
        public byte Dropped;
    }
}
