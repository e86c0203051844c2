using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>The two forms of an RFC 8285 extension block.</summary>
internal static class RtpExtensionBlock
{
    public const int OneByteProfile = 0xBEDE;

    /// <summary>The low four bits are "appbits".</summary>
    public const int TwoByteProfile = 0x1000;

    /// <summary>Ids 1…14 (RFC 8285 §4.2).</summary>
    public const int OneByteMaxId = 14;

    /// <summary>A four-bit length that stands for one more (RFC 8285 §4.2).</summary>
    public const int OneByteMaxLength = 16;
}

/// <summary>
/// Builds one RTP packet in the caller's buffer: header, then extensions, then payload, then padding. Extensions take the one-byte form, and the
/// whole block changes to the two-byte form when an element needs it (RFC 8285 §4.1.2). A member returns false when something does not
/// fit, and the packet must then be dropped.
/// </summary>
public ref struct RtpPacketWriter
{
    private const int BlockStart = RtpHeader.FixedLength;
    private const int ElementsStart = BlockStart + 4;

    private readonly Span<byte> _buffer;
    private int _end;
    private bool _twoByte;
    private bool _headerDone;

    public RtpPacketWriter(
        Span<byte> buffer, bool marker, byte payloadType, SequenceNumber sequenceNumber, RtpTimestamp timestamp, uint ssrc)
    {
        _buffer = buffer;
        Overflowed = !RtpHeader.TryWrite(buffer, marker, payloadType, sequenceNumber, timestamp, ssrc);
        _end = Overflowed ? 0 : RtpHeader.FixedLength;
    }

    /// <summary>Bytes written so far.</summary>
    public readonly int Length => _end;

    public bool Overflowed { get; private set; }

    /// <summary>
    /// Adds one extension element. A later element may still change the form of the block and with it the place of this one: patch
    /// through <see cref="RtpReader.TryLocateExtension"/>.
    /// </summary>
    /// <param name="id">1…255, as negotiated.</param>
    /// <param name="value">0…255 bytes.</param>
    public bool AddExtension(byte id, scoped ReadOnlySpan<byte> value)
    {
        if (Overflowed || _headerDone || id == 0 || value.Length > byte.MaxValue)
        {
            return Fail();
        }

        if (_end == BlockStart)
        {
            if (_buffer.Length < ElementsStart)
            {
                return Fail();
            }

            _buffer[0] |= 0x10;
            BinaryPrimitives.WriteUInt16BigEndian(_buffer[BlockStart..], RtpExtensionBlock.OneByteProfile);
            _end = ElementsStart;
        }

        // The one-byte form knows no empty element.
        if (!_twoByte && (id > RtpExtensionBlock.OneByteMaxId || value.Length is 0 or > RtpExtensionBlock.OneByteMaxLength)
            && !ChangeToTwoByte())
        {
            return false;
        }

        var headerLength = _twoByte ? 2 : 1;
        if (_end + headerLength + value.Length > _buffer.Length)
        {
            return Fail();
        }

        if (_twoByte)
        {
            _buffer[_end] = id;
            _buffer[_end + 1] = (byte)value.Length;
        }
        else
        {
            _buffer[_end] = (byte)((id << 4) | (value.Length - 1));
        }

        value.CopyTo(_buffer[(_end + headerLength)..]);
        _end += headerLength + value.Length;
        return true;
    }

    /// <summary>Closes the header; the payload starts at <see cref="Length"/>. Called by the members below when it has not been.</summary>
    public bool FinishHeader()
    {
        if (_headerDone || Overflowed)
        {
            return !Overflowed;
        }

        _headerDone = true;
        if (_end == BlockStart)
        {
            return true;
        }

        var padded = (_end + 3) & ~3;
        if (padded > _buffer.Length)
        {
            return Fail();
        }

        _buffer[_end..padded].Clear();
        _end = padded;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(BlockStart + 2)..], (ushort)((_end - ElementsStart) / 4));
        return true;
    }

    /// <summary>Appends payload bytes; may be called more than once.</summary>
    public bool WritePayload(scoped ReadOnlySpan<byte> payload)
    {
        if (!FinishHeader() || payload.Length > _buffer.Length - _end)
        {
            return Fail();
        }

        payload.CopyTo(_buffer[_end..]);
        _end += payload.Length;
        return true;
    }

    /// <summary>Appends 1…255 bytes of padding and sets the padding bit. Nothing may follow.</summary>
    public bool WritePadding(byte length)
    {
        if (!FinishHeader() || length == 0 || length > _buffer.Length - _end)
        {
            return Fail();
        }

        _buffer.Slice(_end, length - 1).Clear();
        _end += length;
        _buffer[_end - 1] = length;
        _buffer[0] |= 0x20;
        return true;
    }

    private bool ChangeToTwoByte()
    {
        for (var i = ElementsStart; i < _end;)
        {
            if (_end == _buffer.Length)
            {
                return Fail();
            }

            var header = _buffer[i];
            var length = (header & 0x0F) + 1;
            _buffer[(i + 1).._end].CopyTo(_buffer[(i + 2)..]);
            _buffer[i] = (byte)(header >> 4);
            _buffer[i + 1] = (byte)length;
            _end++;
            i += 2 + length;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_buffer[BlockStart..], RtpExtensionBlock.TwoByteProfile);
        _twoByte = true;
        return true;
    }

    private bool Fail()
    {
        Overflowed = true;
        return false;
    }
}
