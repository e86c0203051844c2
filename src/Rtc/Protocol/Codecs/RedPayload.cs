using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>One older encoding that a RED packet repeats.</summary>
public readonly ref struct RedBlock
{
    internal RedBlock(byte payloadType, ushort timestampOffset, ReadOnlySpan<byte> data)
    {
        PayloadType = payloadType;
        TimestampOffset = timestampOffset;
        Data = data;
    }

    public byte PayloadType { get; }

    /// <summary>Clock ticks before the packet's timestamp, 14 bits.</summary>
    public ushort TimestampOffset { get; }

    public ReadOnlySpan<byte> Data { get; }
}

/// <summary>A redundant audio payload: one primary block and older ones before it (RFC 2198 §3). <c>foreach</c> yields the older ones, oldest first.</summary>
public readonly ref struct RedPayload
{
    /// <summary>F and type 1 + timestamp offset and length 3.</summary>
    private const int RedundantHeaderLength = 4;

    private readonly ReadOnlySpan<byte> _payload;
    private readonly int _dataOffset;

    /// <summary>More blocks than this are refused; libwebrtc splits no more either (its red_payload_splitter), and sends two of at most ten.</summary>
    public const int MaxBlocks = 32;

    private RedPayload(ReadOnlySpan<byte> payload, int dataOffset, int primaryOffset)
    {
        _payload = payload;
        _dataOffset = dataOffset;
        OlderBlocks = (dataOffset - 1) / RedundantHeaderLength;
        PrimaryPayloadType = payload[dataOffset - 1];
        Primary = payload[primaryOffset..];
    }

    public byte PrimaryPayloadType { get; }

    /// <summary>The encoding that belongs to the packet's own timestamp.</summary>
    public ReadOnlySpan<byte> Primary { get; }

    /// <summary>Blocks before the primary one.</summary>
    public int OlderBlocks { get; }

    /// <summary>False for headers or blocks that do not fit, and for more than <see cref="MaxBlocks"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out RedPayload red)
    {
        red = default;
        var offset = 0;
        var redundantLength = 0;
        while (offset < payload.Length && (payload[offset] & 0x80) != 0)
        {
            if (payload.Length - offset < RedundantHeaderLength || offset == (MaxBlocks - 1) * RedundantHeaderLength)
            {
                return false;
            }

            redundantLength += BlockLength(payload[offset..]);
            offset += RedundantHeaderLength;
        }

        // One byte of header for the primary block, whose length is what remains.
        offset++;
        if (offset + redundantLength > payload.Length)
        {
            return false;
        }

        red = new(payload, offset, offset + redundantLength);
        return true;
    }

    /// <summary>Every block, the primary one included, is of this payload type.</summary>
    public bool IsOnly(byte payloadType)
    {
        foreach (var block in this)
        {
            if (block.PayloadType != payloadType)
            {
                return false;
            }
        }

        return PrimaryPayloadType == payloadType;
    }

    /// <summary>Gives every block another payload type, in place: receivers number codecs as they like (RFC 3264 §5.1).</summary>
    /// <param name="payload">One that was read before.</param>
    /// <param name="payloadType">The receiver's.</param>
    public static void WritePayloadTypes(Span<byte> payload, byte payloadType)
    {
        var offset = 0;
        for (; (payload[offset] & 0x80) != 0; offset += RedundantHeaderLength)
        {
            payload[offset] = (byte)(0x80 | payloadType);
        }

        payload[offset] = payloadType;
    }

    public Enumerator GetEnumerator() => new(_payload, _dataOffset);

    private static int BlockLength(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt16BigEndian(header[2..]) & 0x3FF;

    /// <summary>Walks the redundant blocks; lengths were checked on reading.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _payload;
        private int _headerOffset;
        private int _dataOffset;

        internal Enumerator(ReadOnlySpan<byte> payload, int dataOffset)
        {
            _payload = payload;
            _dataOffset = dataOffset;
        }

        public RedBlock Current { get; private set; }

        public bool MoveNext()
        {
            var header = _payload[_headerOffset..];
            if ((header[0] & 0x80) == 0)
            {
                return false;
            }

            var length = BlockLength(header);
            Current = new(
                (byte)(header[0] & 0x7F),
                (ushort)(BinaryPrimitives.ReadUInt16BigEndian(header[1..]) >> 2),
                _payload.Slice(_dataOffset, length));
            _headerOffset += RedundantHeaderLength;
            _dataOffset += length;
            return true;
        }
    }
}
