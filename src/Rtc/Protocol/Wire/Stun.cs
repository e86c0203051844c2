using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>The two class bits of a STUN message type (RFC 8489 §5).</summary>
public enum StunClass : byte
{
    Request = 0,
    Indication = 1,
    SuccessResponse = 2,
    ErrorResponse = 3,
}

/// <summary>STUN methods (RFC 8489 §18.2).</summary>
public static class StunMethod
{
    public const ushort Binding = 0x001;
}

/// <summary>STUN attribute types (RFC 8489 §18.3, RFC 8445 §20.1). Types below 0x8000 must be understood by the receiver.</summary>
public enum StunAttribute : ushort
{
    MappedAddress = 0x0001,
    Username = 0x0006,
    MessageIntegrity = 0x0008,
    ErrorCode = 0x0009,
    UnknownAttributes = 0x000A,
    Realm = 0x0014,
    Nonce = 0x0015,
    MessageIntegritySha256 = 0x001C,
    PasswordAlgorithm = 0x001D,
    Userhash = 0x001E,
    XorMappedAddress = 0x0020,
    Priority = 0x0024,
    UseCandidate = 0x0025,
    Software = 0x8022,
    AlternateServer = 0x8023,
    Fingerprint = 0x8028,
    IceControlled = 0x8029,
    IceControlling = 0x802A,
    NetworkCost = 0xC057,
}

/// <summary>Constants and the checksum of the STUN wire format (RFC 8489 §5, §14.7).</summary>
public static class StunFormat
{
    /// <summary>Type 2 + length 2 + cookie 4 + transaction id 12.</summary>
    public const int HeaderLength = 20;

    public const int TransactionIdLength = 12;

    public const uint MagicCookie = 0x2112_A442;

    /// <summary>
    /// Longest message read or signed. RFC 8489 §6.1 keeps a message within the path MTU; 2,048 leaves room over Ethernet's 1,500.
    /// </summary>
    public const int MaxMessageLength = 2_048;

    /// <summary>Length of an HMAC-SHA1.</summary>
    internal const int IntegrityLength = 20;

    /// <summary>Attribute header 4 + CRC 4.</summary>
    internal const int FingerprintAttributeLength = 8;

    /// <summary>"STUN" in ASCII (RFC 8489 §14.7).</summary>
    internal const uint FingerprintXor = 0x5354_554E;

    private static readonly uint[] CrcTable = BuildCrcTable();

    /// <summary>The 14 bits of a message type: M11…M7 C1 M6…M4 C0 M3…M0 (RFC 8489 §5, figure 3).</summary>
    internal static ushort EncodeType(StunClass kind, ushort method) =>
        (ushort)(((method & 0xF80) << 2) | ((method & 0x070) << 1) | (method & 0x00F)
            | (((int)kind & 2) << 7) | (((int)kind & 1) << 4));

    internal static StunClass DecodeClass(ushort type) => (StunClass)(((type >> 7) & 2) | ((type >> 4) & 1));

    internal static ushort DecodeMethod(ushort type) => (ushort)(((type >> 2) & 0xF80) | ((type >> 1) & 0x070) | (type & 0x00F));

    internal static int Padded(int length) => (length + 3) & ~3;

    /// <summary>The FINGERPRINT value over <paramref name="head"/>, as if the header's length field were <paramref name="length"/>.</summary>
    internal static uint Fingerprint(ReadOnlySpan<byte> head, ushort length)
    {
        Span<byte> lengthBytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(lengthBytes, length);
        var crc = uint.MaxValue;
        crc = Update(crc, head[..2]);
        crc = Update(crc, lengthBytes);
        crc = Update(crc, head[4..]);
        return ~crc ^ FingerprintXor;
    }

    private static uint Update(uint crc, ReadOnlySpan<byte> bytes)
    {
        var table = CrcTable;
        foreach (var value in bytes)
        {
            crc = table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint[] BuildCrcTable()
    {
        // CRC-32 of ITU V.42 §8.1.1.6.2, reflected: polynomial 0x04C11DB7 with its bits reversed.
        const uint Polynomial = 0xEDB8_8320;
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
