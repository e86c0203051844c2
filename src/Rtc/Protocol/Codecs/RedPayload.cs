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

    private RedPayload(ReadOnlySpan<byte> payload, int dataOffset, int primaryOffset)
    {
        _payload = payload;
        _dataOffset = dataOffset;
        PrimaryPayloadType = payload[dataOffset - 1];
        Primary = payload[primaryOffset..];
    }

    public byte PrimaryPayloadType { get; }

    /// <summary>The encoding that belongs to the packet's own timestamp.</summary>
    public ReadOnlySpan<byte> Primary { get; }

    public static bool TryRead(ReadOnlySpan<byte> payload, out RedPayload red)
    {
        red = default;
        var offset = 0;
        var redundantLength = 0;
        while (offset < payload.Length && (payload[offset] & 0x80) != 0)
        {
            if (payload.Length - offset < RedundantHeaderLength)
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
