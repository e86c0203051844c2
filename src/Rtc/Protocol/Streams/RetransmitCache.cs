using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Streams;

/// <summary>
/// The last packets of one published track as they came, shared by all its subscribers: a lost packet is rewritten again
/// from here. A ring addressed by sequence number, bounded in bytes and in age.
/// </summary>
public sealed class RetransmitCache : IDisposable
{
    private readonly Slot[] _slots;
    private readonly int _slotBytes;
    private readonly int _mask;
    private NativeBlock? _slab;
    private bool _disposed;

    /// <param name="slots">How many packets; a power of two.</param>
    /// <param name="slotBytes">Larger packets are not kept.</param>
    public RetransmitCache(int slots, int slotBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(slots & (slots - 1), 0);
        _slotBytes = slotBytes;
        _mask = slots - 1;
        _slots = new Slot[slots];
    }

    /// <summary>512 packets: 3 s of 1.5 Mbit/s, 1 s of 5 Mbit/s.</summary>
    public static RetransmitCache ForVideo() => new(512, 1_500);

    /// <summary>64 packets: 1.3 s of 20 ms frames.</summary>
    public static RetransmitCache ForAudio() => new(64, 512);

    /// <returns>False when the packet is too large to be kept, or the cache is freed.</returns>
    public bool Store(ReadOnlySpan<byte> packet, ushort sequence, MonotonicTime now)
    {
        if (packet.Length > _slotBytes || _disposed)
        {
            return false;
        }

        // With the first packet, so that a track that was only announced costs nothing.
        _slab ??= new NativeBlock(_slots.Length * _slotBytes);
        var index = sequence & _mask;
        packet.CopyTo(_slab.Span[(index * _slotBytes)..]);
        _slots[index] = new Slot { Sequence = sequence, Length = packet.Length, At = now };
        return true;
    }

    public bool TryGet(ushort sequence, MonotonicTime now, TimeSpan minAge, TimeSpan maxAge, out ReadOnlySpan<byte> packet)
    {
        if (TryGet(sequence, out packet))
        {
            var age = now - _slots[sequence & _mask].At;
            if (age >= minAge && age <= maxAge)
            {
                return true;
            }
        }

        packet = default;
        return false;
    }

    /// <summary>Whatever its age.</summary>
    public bool TryGet(ushort sequence, out ReadOnlySpan<byte> packet)
    {
        var index = sequence & _mask;
        ref var slot = ref _slots[index];
        packet = _slab is null || slot.Length == 0 || slot.Sequence != sequence ? default : _slab.Span.Slice(index * _slotBytes, slot.Length);
        return !packet.IsEmpty;
    }

    /// <summary>Forgets everything: the track's source changed.</summary>
    public void Clear() => Array.Clear(_slots);

    /// <summary>Gives its memory back: the track has ended. It holds nothing from here on.</summary>
    public void Dispose()
    {
        Clear();
        _disposed = true;
        _slab?.Dispose();
    }

    private struct Slot
    {
        public ushort Sequence;
        public int Length;
        public MonotonicTime At;
    }
}
