using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>
/// One STUN message over the bytes it came in (RFC 8489 §5). The attribute list is walked once on reading, so that every later
/// access stays in bounds. Attributes behind MESSAGE-INTEGRITY are invisible, FINGERPRINT excepted (RFC 8489 §14.5).
/// </summary>
public readonly ref struct StunReader
{
    private readonly ReadOnlySpan<byte> _message;
    private readonly int _visibleEnd;
    private readonly int _integrityOffset;
    private readonly int _fingerprintOffset;

    private StunReader(ReadOnlySpan<byte> message, int visibleEnd, int integrityOffset, int fingerprintOffset)
    {
        _message = message;
        _visibleEnd = visibleEnd;
        _integrityOffset = integrityOffset;
        _fingerprintOffset = fingerprintOffset;
        var type = BinaryPrimitives.ReadUInt16BigEndian(message);
        Class = StunFormat.DecodeClass(type);
        Method = StunFormat.DecodeMethod(type);
    }

    public StunClass Class { get; }

    public ushort Method { get; }

    /// <summary>12 bytes.</summary>
    public ReadOnlySpan<byte> TransactionId => _message.Slice(8, StunFormat.TransactionIdLength);

    public bool HasMessageIntegrity => _integrityOffset > 0;

    public bool HasFingerprint => _fingerprintOffset > 0;

    public bool HasUseCandidate => TryGetAttribute(StunAttribute.UseCandidate, out _);

    /// <summary>False when the bytes are not exactly one well-formed STUN message of at most <see cref="StunFormat.MaxMessageLength"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out StunReader message)
    {
        message = default;
        if (datagram.Length is < StunFormat.HeaderLength or > StunFormat.MaxMessageLength
            || (datagram[0] & 0xC0) != 0
            || BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) != StunFormat.MagicCookie)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if ((length & 3) != 0 || StunFormat.HeaderLength + length != datagram.Length)
        {
            return false;
        }

        var offset = StunFormat.HeaderLength;
        var integrityOffset = 0;
        var fingerprintOffset = 0;
        while (offset < datagram.Length)
        {
            // Both ends are multiples of four, so an attribute header always fits here.
            var type = (StunAttribute)BinaryPrimitives.ReadUInt16BigEndian(datagram[offset..]);
            int valueLength = BinaryPrimitives.ReadUInt16BigEndian(datagram[(offset + 2)..]);
            var next = offset + 4 + StunFormat.Padded(valueLength);
            if (next > datagram.Length)
            {
                return false;
            }

            if (type == StunAttribute.MessageIntegrity && integrityOffset == 0)
            {
                if (valueLength != StunFormat.IntegrityLength)
                {
                    return false;
                }

                integrityOffset = offset;
            }
            else if (type == StunAttribute.Fingerprint)
            {
                // RFC 8489 §14.7: the last attribute.
                if (valueLength != 4 || next != datagram.Length)
                {
                    return false;
                }

                fingerprintOffset = offset;
            }

            offset = next;
        }

        var visibleEnd = integrityOffset > 0 ? integrityOffset : fingerprintOffset > 0 ? fingerprintOffset : datagram.Length;
        message = new(datagram, visibleEnd, integrityOffset, fingerprintOffset);
        return true;
    }

    /// <summary>The first attribute of a type that stands before MESSAGE-INTEGRITY (RFC 8489 §14: of duplicates the first counts).</summary>
    public bool TryGetAttribute(StunAttribute type, out ReadOnlySpan<byte> value)
    {
        for (var offset = StunFormat.HeaderLength; offset < _visibleEnd;)
        {
            int valueLength = BinaryPrimitives.ReadUInt16BigEndian(_message[(offset + 2)..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(_message[offset..]) == (ushort)type)
            {
                value = _message.Slice(offset + 4, valueLength);
                return true;
            }

            offset += 4 + StunFormat.Padded(valueLength);
        }

        value = default;
        return false;
    }

    /// <summary>
    /// Collects the comprehension-required attributes that this code does not know, for a 420 answer (RFC 8489 §6.3.1).
    /// </summary>
    /// <param name="types">Receives the types; further ones are dropped when it is full.</param>
    /// <returns>How many were written.</returns>
    public int CopyUnknownRequired(Span<ushort> types)
    {
        var count = 0;
        for (var offset = StunFormat.HeaderLength; offset < _visibleEnd && count < types.Length;)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(_message[offset..]);
            if (type < 0x8000 && !IsKnownRequired((StunAttribute)type))
            {
                types[count++] = type;
            }

            offset += 4 + StunFormat.Padded(BinaryPrimitives.ReadUInt16BigEndian(_message[(offset + 2)..]));
        }

        return count;
    }

    /// <summary>
    /// Checks MESSAGE-INTEGRITY (RFC 8489 §14.5); false when absent or wrong. The compare takes constant time.
    /// </summary>
    /// <param name="key">The ICE password of the side that receives, or the long-term key.</param>
    [SkipLocalsInit]
    [SuppressMessage("Security", "CA5350", Justification = "MESSAGE-INTEGRITY is HMAC-SHA1 by RFC 8489 §14.5; ICE peers send no other.")]
    public bool VerifyMessageIntegrity(ReadOnlySpan<byte> key)
    {
        if (_integrityOffset == 0)
        {
            return false;
        }

        // The MAC covers the message up to here, with a length field that ends behind this attribute.
        Span<byte> covered = stackalloc byte[StunFormat.MaxMessageLength];
        covered = covered[.._integrityOffset];
        _message[.._integrityOffset].CopyTo(covered);
        BinaryPrimitives.WriteUInt16BigEndian(
            covered[2..], (ushort)(_integrityOffset + 4 + StunFormat.IntegrityLength - StunFormat.HeaderLength));
        Span<byte> mac = stackalloc byte[StunFormat.IntegrityLength];
        HMACSHA1.HashData(key, covered, mac);
        return CryptographicOperations.FixedTimeEquals(mac, _message.Slice(_integrityOffset + 4, StunFormat.IntegrityLength));
    }

    /// <summary>Checks FINGERPRINT (RFC 8489 §14.7); false when absent or wrong.</summary>
    public bool VerifyFingerprint()
    {
        if (_fingerprintOffset == 0)
        {
            return false;
        }

        var length = (ushort)(_message.Length - StunFormat.HeaderLength);
        return StunFormat.Fingerprint(_message[.._fingerprintOffset], length)
            == BinaryPrimitives.ReadUInt32BigEndian(_message[(_fingerprintOffset + 4)..]);
    }

    public bool TryGetUsername(out ReadOnlySpan<byte> username) => TryGetAttribute(StunAttribute.Username, out username);

    public bool TryGetPriority(out uint priority)
    {
        var found = TryGetAttribute(StunAttribute.Priority, out var value) && value.Length == 4;
        priority = found ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;
        return found;
    }

    public bool TryGetIceControlling(out ulong tieBreaker) => TryGetUInt64(StunAttribute.IceControlling, out tieBreaker);

    public bool TryGetIceControlled(out ulong tieBreaker) => TryGetUInt64(StunAttribute.IceControlled, out tieBreaker);

    /// <summary>The code 300…699 of ERROR-CODE (RFC 8489 §14.8).</summary>
    public bool TryGetErrorCode(out int code)
    {
        code = 0;
        if (!TryGetAttribute(StunAttribute.ErrorCode, out var value) || value.Length < 4)
        {
            return false;
        }

        var hundreds = value[2] & 7;
        if (hundreds is < 3 or > 6 || value[3] > 99)
        {
            return false;
        }

        code = (hundreds * 100) + value[3];
        return true;
    }

    /// <summary>XOR-MAPPED-ADDRESS (RFC 8489 §14.2), both families.</summary>
    public bool TryGetXorMappedAddress(out TransportAddress address)
    {
        address = default;
        if (!TryGetAttribute(StunAttribute.XorMappedAddress, out var value) || value.Length < 8)
        {
            return false;
        }

        var port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (StunFormat.MagicCookie >> 16));
        switch (value[1])
        {
            case 1 when value.Length == 8:
                address = TransportAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ StunFormat.MagicCookie, port);
                return true;
            case 2 when value.Length == 20:
                // The mask is cookie and transaction id, which stand side by side in the header.
                Span<byte> plain = stackalloc byte[16];
                for (var i = 0; i < 16; i++)
                {
                    plain[i] = (byte)(value[4 + i] ^ _message[4 + i]);
                }

                address = TransportAddress.FromIPv6(plain, port);
                return true;
            default:
                return false;
        }
    }

    private static bool IsKnownRequired(StunAttribute type) => type is StunAttribute.MappedAddress or StunAttribute.Username
        or StunAttribute.MessageIntegrity or StunAttribute.ErrorCode or StunAttribute.UnknownAttributes or StunAttribute.Realm
        or StunAttribute.Nonce or StunAttribute.XorMappedAddress or StunAttribute.Priority or StunAttribute.UseCandidate;

    private bool TryGetUInt64(StunAttribute type, out ulong number)
    {
        var found = TryGetAttribute(type, out var value) && value.Length == 8;
        number = found ? BinaryPrimitives.ReadUInt64BigEndian(value) : 0;
        return found;
    }
}
