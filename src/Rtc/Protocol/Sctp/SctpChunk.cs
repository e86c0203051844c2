using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>Chunk types of SCTP (RFC 9260 §3.2) and of the extensions that WebRTC uses.</summary>
public enum SctpChunkType : byte
{
    Data = 0,
    Init = 1,
    InitAck = 2,
    Sack = 3,
    Heartbeat = 4,
    HeartbeatAck = 5,
    Abort = 6,
    Shutdown = 7,
    ShutdownAck = 8,
    Error = 9,
    CookieEcho = 10,
    CookieAck = 11,
    ShutdownComplete = 14,

    /// <summary>RFC 6525 §3.1.</summary>
    ReConfig = 130,

    /// <summary>RFC 3758 §3.2.</summary>
    ForwardTsn = 192,
}

/// <summary>One chunk of a packet.</summary>
public readonly ref struct SctpChunk(SctpChunkType type, byte flags, ReadOnlySpan<byte> value)
{
    public SctpChunkType Type { get; } = type;

    public byte Flags { get; } = flags;

    /// <summary>What follows type, flags and length.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>Reads the chunks of a packet one after the other.</summary>
public ref struct SctpChunkReader(ReadOnlySpan<byte> chunks)
{
    public const int HeaderBytes = 4;

    private ReadOnlySpan<byte> _rest = chunks;

    /// <summary>False at the end, and at what is no chunk.</summary>
    public bool TryReadNext(out SctpChunk chunk)
    {
        chunk = default;
        if (_rest.Length < HeaderBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length < HeaderBytes || length > _rest.Length)
        {
            return false;
        }

        chunk = new((SctpChunkType)_rest[0], _rest[1], _rest[HeaderBytes..length]);

        // Chunks are padded to four bytes; the last one's padding may be missing (RFC 9260 §3.2).
        _rest = _rest[Math.Min(_rest.Length, (length + 3) & ~3)..];
        return true;
    }
}

/// <summary>Reads the parameters inside a chunk: 16 bits of type, 16 bits of length, value (RFC 9260 §3.2.1).</summary>
public ref struct SctpParameterReader(ReadOnlySpan<byte> parameters)
{
    private ReadOnlySpan<byte> _rest = parameters;

    /// <summary>False at the end, and at what is no parameter.</summary>
    public bool TryReadNext(out ushort type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (_rest.Length < SctpChunkReader.HeaderBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length < SctpChunkReader.HeaderBytes || length > _rest.Length)
        {
            return false;
        }

        type = BinaryPrimitives.ReadUInt16BigEndian(_rest);
        value = _rest[SctpChunkReader.HeaderBytes..length];
        _rest = _rest[Math.Min(_rest.Length, (length + 3) & ~3)..];
        return true;
    }
}
