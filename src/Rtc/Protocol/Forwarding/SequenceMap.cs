namespace Events.Rtc.Protocol.Forwarding;

/// <summary>One packet as a subscriber was sent it, so that it can be sent again.</summary>
public struct SentPacket
{
    /// <summary>The subscriber's number.</summary>
    public ushort Sequence;

    /// <summary>The publisher's number on its encoding.</summary>
    public ushort Source;
    public uint Timestamp;
    public ushort FrameId;
    public byte Tl0PicIdx;

    /// <summary>0: frames carry no id.</summary>
    public byte FrameIdBits;
    public bool Marker;
    public sbyte Encoding;

    /// <summary>Low byte of the source's epoch: the cache of another one holds other packets.</summary>
    public byte Epoch;
    internal bool IsUsed;
}

/// <summary>
/// A subscriber's sequence numbers over sources that are dropped from and switched between. Numbers of packets that are left out are
/// given to what follows; numbers that are missing at the publisher are kept free, since retransmission may still bring them.
/// </summary>
internal sealed class SequenceMap(ushort firstSequence)
{
    /// <summary>Numbers of the present source; as many as may be missing before only a keyframe helps.</summary>
    private const int SourceSlots = 256;

    /// <summary>As many as the publisher's cache holds for retransmission.</summary>
    private const int SentSlots = 512;

    private readonly Slot[] _sources = new Slot[SourceSlots];
    private readonly SentPacket[] _sent = new SentPacket[SentSlots];
    private ushort _offset;
    private ushort _highest;
    private bool _started;

    /// <summary>Highest number sent.</summary>
    public ushort Last { get; private set; } = (ushort)(firstSequence - 1);

    /// <summary>The next packet comes from another source: its number follows the last one.</summary>
    public void Begin(ushort source)
    {
        Array.Clear(_sources);
        _started = true;
        _highest = (ushort)(source - 1);
        _offset = (ushort)(Last + 1 - source);
    }

    /// <summary>
    /// Finds a packet's place. Late: a number that was skipped before, with what was true then. False: seen already, from before the
    /// beginning, or too old to tell.
    /// </summary>
    public bool TryPlace(ushort source, ushort frameOffset, out bool isLate, out Place place)
    {
        place = new Place(_offset, frameOffset);
        isLate = false;
        if (!_started)
        {
            return false;
        }

        var distance = (short)(source - _highest);
        if (distance <= 0)
        {
            isLate = true;
            ref var slot = ref _sources[source % SourceSlots];
            if (!slot.IsMissing || slot.Source != source)
            {
                return false;
            }

            slot.IsMissing = false;
            place = new Place(slot.Offset, slot.FrameOffset);
            return true;
        }

        for (var missing = Math.Max(1, distance - SourceSlots); missing < distance; missing++)
        {
            var number = (ushort)(_highest + missing);
            _sources[number % SourceSlots] = new Slot { Source = number, Offset = _offset, FrameOffset = frameOffset, IsMissing = true };
        }

        _sources[source % SourceSlots].IsMissing = false;
        _highest = source;
        return true;
    }

    /// <summary>The packet just placed, in order, is left out: its number goes to the next one.</summary>
    public void CloseGap() => _offset--;

    public void Note(in SentPacket packet)
    {
        if ((short)(packet.Sequence - Last) > 0)
        {
            Last = packet.Sequence;
        }

        _sent[packet.Sequence % SentSlots] = packet with { IsUsed = true };
    }

    /// <summary>Nothing that was sent is found any more.</summary>
    public void ForgetSent() => Array.Clear(_sent);

    public bool TryFind(ushort sequence, out SentPacket packet)
    {
        packet = _sent[sequence % SentSlots];
        return packet.IsUsed && packet.Sequence == sequence;
    }

    /// <summary>The number that the publisher gave to what is missing here. Asked only when a receiver asks, so a walk is cheap enough.</summary>
    public bool TryFindMissing(ushort sequence, out ushort source)
    {
        foreach (ref readonly var slot in _sources.AsSpan())
        {
            if (slot.IsMissing && (ushort)(slot.Source + slot.Offset) == sequence)
            {
                source = slot.Source;
                return true;
            }
        }

        source = 0;
        return false;
    }

    /// <param name="Offset">From the publisher's number to the subscriber's.</param>
    /// <param name="FrameOffset">From the publisher's frame id to the subscriber's.</param>
    public readonly record struct Place(ushort Offset, ushort FrameOffset);

    private struct Slot
    {
        public ushort Source;
        public ushort Offset;
        public ushort FrameOffset;
        public bool IsMissing;
    }
}
