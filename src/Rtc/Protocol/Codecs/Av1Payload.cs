namespace Events.Rtc.Protocol.Codecs;

/// <summary>OBU types (AV1 bitstream specification §6.2.2).</summary>
public static class Av1ObuType
{
    public const byte SequenceHeader = 1;
    public const byte TemporalDelimiter = 2;
    public const byte FrameHeader = 3;
    public const byte TileGroup = 4;
    public const byte Metadata = 5;
    public const byte Frame = 6;
}

/// <summary>One element of an AV1 payload: a whole OBU or a fragment of one.</summary>
public readonly ref struct Av1ObuElement
{
    internal Av1ObuElement(ReadOnlySpan<byte> bytes, bool continuesPrevious)
    {
        Bytes = bytes;
        ContinuesPrevious = continuesPrevious;
    }

    /// <summary>Header, and size field if the sender kept it, included.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The OBU began in an earlier packet, so these bytes have no header.</summary>
    public bool ContinuesPrevious { get; }

    /// <summary>See <see cref="Av1ObuType"/>; 0 (reserved) when there is no header.</summary>
    public byte Type => (byte)(ContinuesPrevious || Bytes.IsEmpty ? 0 : (Bytes[0] >> 3) & 0x0F);
}

/// <summary>
/// One AV1 RTP payload: the aggregation header and its OBU elements (RTP Payload Format for AV1 §4.4). Sizes are checked on reading;
/// <c>foreach</c> yields the elements.
/// </summary>
public readonly ref struct Av1Payload
{
    private readonly ReadOnlySpan<byte> _payload;

    private Av1Payload(ReadOnlySpan<byte> payload)
    {
        _payload = payload;
    }

    /// <summary>Z: the first element continues one of the packet before.</summary>
    public bool StartsWithFragment => (_payload[0] & 0x80) != 0;

    /// <summary>Y: the last element goes on in the next packet.</summary>
    public bool EndsWithFragment => (_payload[0] & 0x40) != 0;

    /// <summary>N: first packet of a coded video sequence.</summary>
    public bool StartsSequence => (_payload[0] & 0x08) != 0;

    /// <summary>A coded video sequence begins here, its sequence header included.</summary>
    public bool IsKeyframe
    {
        get
        {
            if (!StartsSequence)
            {
                return false;
            }

            foreach (var element in this)
            {
                if (element.Type == Av1ObuType.SequenceHeader)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public static bool TryRead(ReadOnlySpan<byte> payload, out Av1Payload av1)
    {
        av1 = default;

        // §4.4: Z and N exclude each other.
        if (payload.Length < 2 || (payload[0] & 0x88) == 0x88)
        {
            return false;
        }

        var walk = new Enumerator(payload);
        while (walk.MoveNext())
        {
        }

        av1 = walk.Malformed ? default : new(payload);
        return !walk.Malformed;
    }

    public Enumerator GetEnumerator() => new(_payload);

    /// <summary>Walks the elements. W counts them, and then the last has no length; with W = 0 each has one.</summary>
    public ref struct Enumerator
    {
        private readonly int _count;
        private ReadOnlySpan<byte> _rest;
        private bool _continues;
        private int _index;

        internal Enumerator(ReadOnlySpan<byte> payload)
        {
            _count = (payload[0] >> 4) & 3;
            _continues = (payload[0] & 0x80) != 0;
            _rest = payload[1..];
        }

        public Av1ObuElement Current { get; private set; }

        internal bool Malformed { get; private set; }

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                Malformed |= _index < _count;
                return false;
            }

            _index++;
            var start = 0;
            var length = _rest.Length;
            if (_index != _count && !TryReadLength(_rest, out length, out start))
            {
                Malformed = true;
                return false;
            }

            Current = new(_rest.Slice(start, length), _continues);
            _rest = _rest[(start + length)..];
            _continues = false;
            return true;
        }

        /// <summary>leb128 (AV1 bitstream specification §4.10.5); five bytes hold any length that a datagram can have.</summary>
        private static bool TryReadLength(ReadOnlySpan<byte> bytes, out int length, out int used)
        {
            const int MaxBytes = 5;
            var value = 0L;
            length = 0;
            for (used = 0; used < MaxBytes && used < bytes.Length;)
            {
                var part = bytes[used];
                value |= (long)(part & 0x7F) << (7 * used);
                used++;
                if ((part & 0x80) == 0)
                {
                    length = (int)Math.Min(value, int.MaxValue);
                    return value <= bytes.Length - used;
                }
            }

            return false;
        }
    }
}
