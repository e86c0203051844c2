using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>
/// Builds one STUN message in the caller's buffer (RFC 8489 §5). A member returns false when its attribute does not fit, and from then on
/// <see cref="Overflowed"/> is true and nothing more is written. MESSAGE-INTEGRITY and FINGERPRINT come last, in this order.
/// </summary>
public ref struct StunWriter
{
    private readonly Span<byte> _buffer;

    /// <param name="buffer">At least 20 bytes.</param>
    /// <param name="kind">Message class.</param>
    /// <param name="method">12-bit method, <see cref="StunMethod"/>.</param>
    /// <param name="transactionId">12 bytes.</param>
    public StunWriter(Span<byte> buffer, StunClass kind, ushort method, scoped ReadOnlySpan<byte> transactionId)
    {
        _buffer = buffer.Length > StunFormat.MaxMessageLength ? buffer[..StunFormat.MaxMessageLength] : buffer;
        if (buffer.Length < StunFormat.HeaderLength || transactionId.Length != StunFormat.TransactionIdLength)
        {
            Overflowed = true;
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(buffer, StunFormat.EncodeType(kind, method));
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], StunFormat.MagicCookie);
        transactionId.CopyTo(buffer[8..]);
        Length = StunFormat.HeaderLength;
    }

    /// <summary>Bytes written so far, header included.</summary>
    public int Length { get; private set; }

    /// <summary>Something did not fit: the message must not be sent.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>The message so far.</summary>
    public readonly ReadOnlySpan<byte> Message => _buffer[..Length];

    public bool AddAttribute(StunAttribute type, scoped ReadOnlySpan<byte> value)
    {
        if (!TryReserve(type, value.Length, out var destination))
        {
            return false;
        }

        value.CopyTo(destination);
        return true;
    }

    public bool AddUInt32(StunAttribute type, uint value)
    {
        if (!TryReserve(type, 4, out var destination))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, value);
        return true;
    }

    public bool AddUInt64(StunAttribute type, ulong value)
    {
        if (!TryReserve(type, 8, out var destination))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, value);
        return true;
    }

    /// <summary>XOR-MAPPED-ADDRESS (RFC 8489 §14.2); an IPv4-mapped address is written as IPv4.</summary>
    public bool AddXorMappedAddress(TransportAddress address)
    {
        if (!TryReserve(StunAttribute.XorMappedAddress, address.IsIPv4 ? 8 : 20, out var destination))
        {
            return false;
        }

        destination[0] = 0;
        destination[1] = (byte)(address.IsIPv4 ? 1 : 2);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)(address.Port ^ (StunFormat.MagicCookie >> 16)));
        if (address.IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[4..], address.IPv4 ^ StunFormat.MagicCookie);
            return true;
        }

        address.WriteIPv6(destination[4..]);
        for (var i = 0; i < 16; i++)
        {
            destination[4 + i] ^= _buffer[4 + i];
        }

        return true;
    }

    /// <summary>ERROR-CODE (RFC 8489 §14.8).</summary>
    /// <param name="code">300…699.</param>
    /// <param name="reasonUtf8">Reason phrase, fewer than 128 characters.</param>
    public bool AddErrorCode(int code, scoped ReadOnlySpan<byte> reasonUtf8)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(code, 300);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code, 699);
        if (!TryReserve(StunAttribute.ErrorCode, 4 + reasonUtf8.Length, out var destination))
        {
            return false;
        }

        destination[0] = 0;
        destination[1] = 0;
        destination[2] = (byte)(code / 100);
        destination[3] = (byte)(code % 100);
        reasonUtf8.CopyTo(destination[4..]);
        return true;
    }

    /// <summary>UNKNOWN-ATTRIBUTES (RFC 8489 §14.9), the companion of error 420.</summary>
    public bool AddUnknownAttributes(scoped ReadOnlySpan<ushort> types)
    {
        if (!TryReserve(StunAttribute.UnknownAttributes, types.Length * 2, out var destination))
        {
            return false;
        }

        for (var i = 0; i < types.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[(i * 2)..], types[i]);
        }

        return true;
    }

    /// <summary>MESSAGE-INTEGRITY over everything written so far (RFC 8489 §14.5).</summary>
    [SuppressMessage("Security", "CA5350", Justification = "MESSAGE-INTEGRITY is HMAC-SHA1 by RFC 8489 §14.5; ICE peers accept no other.")]
    public bool AddMessageIntegrity(scoped ReadOnlySpan<byte> key)
    {
        var covered = Length;
        if (!TryReserve(StunAttribute.MessageIntegrity, StunFormat.IntegrityLength, out var destination))
        {
            return false;
        }

        // Reserving has put the length behind this attribute into the header, as the MAC wants it.
        HMACSHA1.HashData(key, _buffer[..covered], destination);
        return true;
    }

    /// <summary>FINGERPRINT, the last attribute (RFC 8489 §14.7).</summary>
    public bool AddFingerprint()
    {
        var covered = Length;
        if (!TryReserve(StunAttribute.Fingerprint, 4, out var destination))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(
            destination, StunFormat.Fingerprint(_buffer[..covered], (ushort)(Length - StunFormat.HeaderLength)));
        return true;
    }

    private bool TryReserve(StunAttribute type, int valueLength, out Span<byte> value)
    {
        value = default;
        var padded = StunFormat.Padded(valueLength);
        if (Overflowed || padded > _buffer.Length || Length + 4 + padded > _buffer.Length)
        {
            Overflowed = true;
            return false;
        }

        var attribute = _buffer.Slice(Length, 4 + padded);
        BinaryPrimitives.WriteUInt16BigEndian(attribute, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(attribute[2..], (ushort)valueLength);
        attribute[(4 + valueLength)..].Clear();
        value = attribute.Slice(4, valueLength);
        Length += 4 + padded;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(Length - StunFormat.HeaderLength));
        return true;
    }
}
