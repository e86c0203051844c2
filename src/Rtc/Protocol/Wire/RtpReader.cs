using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>One plain (decrypted) RTP packet over the bytes it came in (RFC 3550 §5.1, RFC 8285).</summary>
public readonly ref struct RtpReader
{
    private readonly ReadOnlySpan<byte> _packet;

    private RtpReader(ReadOnlySpan<byte> packet, int headerLength, int paddingLength)
    {
        _packet = packet;
        HeaderLength = headerLength;
        PaddingLength = paddingLength;
    }

    public bool Marker => (_packet[1] & 0x80) != 0;

    public byte PayloadType => (byte)(_packet[1] & 0x7F);

    public SequenceNumber SequenceNumber => new(BinaryPrimitives.ReadUInt16BigEndian(_packet[2..]));

    public RtpTimestamp Timestamp => new(BinaryPrimitives.ReadUInt32BigEndian(_packet[4..]));

    public uint Ssrc => BinaryPrimitives.ReadUInt32BigEndian(_packet[8..]);

    public int CsrcCount => _packet[0] & 0x0F;

    public bool HasExtensions => (_packet[0] & 0x10) != 0;

    /// <summary>Bytes before the payload: fixed header, contributing sources, extensions.</summary>
    public int HeaderLength { get; }

    /// <summary>Padding bytes behind the payload, their count byte included.</summary>
    public int PaddingLength { get; }

    /// <summary>The media bytes, without padding; empty for a probe of padding only.</summary>
    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..^PaddingLength];

    /// <summary>The whole packet.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    /// <summary>False for a wrong version, a header that does not fit, or an impossible padding count.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out RtpReader reader)
    {
        reader = default;
        if (!RtpHeader.TryMeasure(packet, out var headerLength))
        {
            return false;
        }

        var padding = 0;
        if ((packet[0] & 0x20) != 0)
        {
            // RFC 3550 §5.1: the last octet counts the padding, itself included.
            padding = packet[^1];
            if (padding == 0 || padding > packet.Length - headerLength)
            {
                return false;
            }
        }

        reader = new(packet, headerLength, padding);
        return true;
    }

    /// <summary>The same over another copy of the packet, which need not be measured again.</summary>
    public static RtpReader OfCopy(ReadOnlySpan<byte> packet, int headerLength, int paddingLength) => new(packet, headerLength, paddingLength);

    /// <summary>The contributing source at an index below <see cref="CsrcCount"/>.</summary>
    public uint GetCsrc(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)CsrcCount);
        return BinaryPrimitives.ReadUInt32BigEndian(_packet[(RtpHeader.FixedLength + (index * 4))..]);
    }

    /// <summary>The first header extension element with this id, in either form of RFC 8285.</summary>
    public bool TryGetExtension(byte id, out ReadOnlySpan<byte> value)
    {
        var found = TryLocateExtension(id, out var offset, out var length);
        value = found ? _packet.Slice(offset, length) : default;
        return found;
    }

    /// <summary>Where the value of an extension element stands in the packet, for patching it in place.</summary>
    public bool TryLocateExtension(byte id, out int offset, out int length)
    {
        offset = 0;
        length = 0;
        if (!HasExtensions || id == 0)
        {
            return false;
        }

        var block = RtpHeader.FixedLength + (CsrcCount * 4);
        int profile = BinaryPrimitives.ReadUInt16BigEndian(_packet[block..]);
        var elements = _packet[(block + 4)..HeaderLength];
        var found = profile == RtpExtensionBlock.OneByteProfile ? FindOneByte(elements, id, out offset, out length)
            : (profile & 0xFFF0) == RtpExtensionBlock.TwoByteProfile && FindTwoByte(elements, id, out offset, out length);
        offset += found ? block + 4 : 0;
        return found;
    }

    private static bool FindOneByte(ReadOnlySpan<byte> elements, byte id, out int offset, out int length)
    {
        offset = 0;
        length = 0;
        for (var i = 0; i < elements.Length;)
        {
            var header = elements[i];
            if (header == 0)
            {
                i++; // padding
                continue;
            }

            var elementId = header >> 4;
            var elementLength = (header & 0x0F) + 1;
            if (elementId == 15 || i + 1 + elementLength > elements.Length)
            {
                // RFC 8285 §4.2: id 15 ends the list.
                return false;
            }

            if (elementId == id)
            {
                offset = i + 1;
                length = elementLength;
                return true;
            }

            i += 1 + elementLength;
        }

        return false;
    }

    private static bool FindTwoByte(ReadOnlySpan<byte> elements, byte id, out int offset, out int length)
    {
        offset = 0;
        length = 0;
        for (var i = 0; i < elements.Length;)
        {
            if (elements[i] == 0)
            {
                i++; // padding
                continue;
            }

            if (i + 2 > elements.Length || i + 2 + elements[i + 1] > elements.Length)
            {
                return false;
            }

            if (elements[i] == id)
            {
                offset = i + 2;
                length = elements[i + 1];
                return true;
            }

            i += 2 + elements[i + 1];
        }

        return false;
    }
}
