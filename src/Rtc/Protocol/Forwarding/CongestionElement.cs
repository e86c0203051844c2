using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// The header extension that a viewer measures its path by: the transport-wide number, or else the time of sending. It is the first
/// element of a forwarded packet's extension block (RFC 8285 §4.2), so that it can be stamped when the packet leaves.
/// </summary>
public readonly struct CongestionElement
{
    /// <summary>Largest id of the one-byte form (RFC 8285 §4.2).</summary>
    internal const int MaxId = 14;

    /// <summary>Fixed header 12, profile and length 4, id and length 1.</summary>
    private const int OneByteValueAt = 17;

    private readonly byte _header;

    private CongestionElement(byte header, bool isNumber)
    {
        _header = header;
        IsNumber = isNumber;
    }

    /// <summary>A transport-wide number; else a time of sending, or nothing.</summary>
    public bool IsNumber { get; }

    public bool IsNone => _header == 0;

    /// <summary>As negotiated with the viewer.</summary>
    public static CongestionElement Of(in NegotiatedExtensions extensions) => extensions switch
    {
        { TransportCc: > 0 and <= MaxId } => new((byte)((extensions.TransportCc << 4) | 1), true), // Two bytes of value.
        { AbsSendTime: > 0 and <= MaxId } => new((byte)((extensions.AbsSendTime << 4) | 2), false), // Three bytes of value.
        _ => default,
    };

    /// <summary>Writes the element, its value zero until it is stamped, at the beginning of the block's data; its length.</summary>
    /// <param name="data">Behind the block's profile and length.</param>
    /// <param name="twoByte">The block has the two-byte form (RFC 8285 §4.3), for the sake of another element.</param>
    public int Write(Span<byte> data, bool twoByte)
    {
        var length = (_header & 0x0F) + 1;
        var at = 0;
        if (twoByte)
        {
            data[at++] = (byte)(_header >> 4);
            data[at++] = (byte)length;
        }
        else
        {
            data[at++] = _header;
        }

        data.Slice(at, length).Clear();
        return at + length;
    }

    /// <summary>Writes a whole extension block with this element alone; its length.</summary>
    public int WriteBlock(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt32BigEndian(block, 0xBEDE_0001); // RFC 8285 §4.2, one word
        block.Slice(4, 4).Clear();
        Write(block[4..], twoByte: false);
        return 8;
    }

    /// <summary>Sets the number of a packet that has this element.</summary>
    public static void StampNumber(Span<byte> packet, ushort number) => BinaryPrimitives.WriteUInt16BigEndian(packet[ValueAt(packet)..], number);

    /// <summary>Sets the time of a packet that has this element: 24 bits, 6.18 fixed point seconds.</summary>
    public static void StampTime(Span<byte> packet, MonotonicTime now)
    {
        var value = (uint)(((UInt128)(ulong)now.Nanoseconds << 18) / 1_000_000_000UL);
        var at = ValueAt(packet);
        packet[at] = (byte)(value >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet[(at + 1)..], (ushort)value);
    }

    /// <summary>0xBEDE begins a block of the one-byte form.</summary>
    private static int ValueAt(ReadOnlySpan<byte> packet) => packet[RtpHeader.FixedLength] == 0xBE ? OneByteValueAt : OneByteValueAt + 1;
}
