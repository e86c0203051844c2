using System.Buffers.Binary;
using System.Numerics;

namespace Events.Rtc.Protocol.Sctp;

/// <summary>The common header of a packet (RFC 9260 §3.1) and its checksum.</summary>
public static class SctpPacket
{
    public const int HeaderBytes = 12;

    /// <summary>A DTLS datagram of 1,200 bytes less record header (13), explicit nonce (8) and tag (16), cut to whole words.</summary>
    public const int MaxBytes = 1_160;

    private const int ChecksumOffset = 8;

    /// <summary>True when length and checksum are those of a packet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out uint verificationTag, out ReadOnlySpan<byte> chunks)
    {
        verificationTag = 0;
        chunks = default;
        if (packet.Length < HeaderBytes + SctpChunkReader.HeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(packet[ChecksumOffset..]) != Checksum(packet))
        {
            return false;
        }

        verificationTag = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        chunks = packet[HeaderBytes..];
        return true;
    }

    /// <summary>Writes the checksum of a finished packet.</summary>
    public static void Seal(Span<byte> packet) =>
        BinaryPrimitives.WriteUInt32LittleEndian(packet[ChecksumOffset..], Checksum(packet));

    /// <summary>CRC32c over the packet with a zero in the checksum's place (RFC 9260 Appendix A), by the processor's own instruction where it has one.</summary>
    public static uint Checksum(ReadOnlySpan<byte> packet)
    {
        var crc = Add(uint.MaxValue, packet[..ChecksumOffset]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Add(crc, packet[(ChecksumOffset + sizeof(uint))..]);
    }

    private static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}

/// <summary>Writes a packet chunk by chunk into a caller's buffer of at least <see cref="SctpPacket.MaxBytes"/>.</summary>
public ref struct SctpPacketWriter
{
    private readonly Span<byte> _buffer;
    private int _chunk;

    public SctpPacketWriter(Span<byte> buffer, ushort sourcePort, ushort destinationPort, uint verificationTag)
    {
        _buffer = buffer[..SctpPacket.MaxBytes];
        BinaryPrimitives.WriteUInt16BigEndian(_buffer, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[4..], verificationTag);
        Length = SctpPacket.HeaderBytes;
    }

    public int Length { get; private set; }

    public readonly bool IsEmpty => Length == SctpPacket.HeaderBytes;

    /// <summary>Whether a chunk with so many bytes of value still fits.</summary>
    public readonly bool Fits(int valueBytes) => Length + SctpChunkReader.HeaderBytes + ((valueBytes + 3) & ~3) <= _buffer.Length;

    public void Begin(SctpChunkType type, byte flags = 0)
    {
        _chunk = Length;
        _buffer[Length] = (byte)type;
        _buffer[Length + 1] = flags;
        Length += SctpChunkReader.HeaderBytes;
    }

    public void Write(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[Length..], value);
        Length += sizeof(ushort);
    }

    public void Write(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[Length..], value);
        Length += sizeof(uint);
    }

    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[Length..]);
        Length += bytes.Length;
    }

    /// <summary>Writes the chunk's length and its padding, which the length does not count.</summary>
    public void End()
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_chunk + 2)..], (ushort)(Length - _chunk));
        var padded = (Length + 3) & ~3;
        _buffer[Length..padded].Clear();
        Length = padded;
    }

    /// <summary>The packet with its checksum.</summary>
    public readonly ReadOnlySpan<byte> Finish()
    {
        var packet = _buffer[..Length];
        SctpPacket.Seal(packet);
        return packet;
    }
}
