using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Sdp;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>
/// The header extension that a viewer measures its path by: the transport-wide number, or else the time of sending. It is the first
/// element of a forwarded packet's extension block (RFC 8285 §4.2), so that it can be stamped when the packet leaves.
/// </summary>
public readonly struct CongestionElement
{
    /// <summary>Largest id of the one-byte form (RFC 8285 §4.2).</summary>
    private const int MaxId = 14;

    /// <summary>Fixed header 12, profile and length 4, id and length 1.</summary>
    private const int ValueOffset = 17;

    private readonly byte _header;

    private CongestionElement(byte header, bool isNumber)
    {
        _header = header;
        IsNumber = isNumber;
    }

    /// <summary>A transport-wide number; else a time of sending, or nothing.</summary>
    public bool IsNumber { get; }

    public bool IsNone => _header == 0;

    /// <summary>With the byte that names it.</summary>
    public int Length => IsNone ? 0 : 1 + ((_header & 0x0F) + 1);

    /// <summary>As negotiated with the viewer.</summary>
    public static CongestionElement Of(in NegotiatedExtensions extensions) => extensions switch
    {
        { TransportCc: > 0 and <= MaxId } => new((byte)((extensions.TransportCc << 4) | 1), true), // Two bytes of value.
        { AbsSendTime: > 0 and <= MaxId } => new((byte)((extensions.AbsSendTime << 4) | 2), false), // Three bytes of value.
        _ => default,
    };

    /// <summary>Names the element at the beginning of the block's data; its value is stamped later.</summary>
    public void WriteHeader(Span<byte> data) => data[0] = _header;

    /// <summary>Sets the number of a packet that has this element.</summary>
    public static void StampNumber(Span<byte> packet, ushort number) => BinaryPrimitives.WriteUInt16BigEndian(packet[ValueOffset..], number);

    /// <summary>Sets the time of a packet that has this element: 24 bits, 6.18 fixed point seconds.</summary>
    public static void StampTime(Span<byte> packet, MonotonicTime now)
    {
        var value = (uint)(((UInt128)(ulong)now.Nanoseconds << 18) / 1_000_000_000UL);
        packet[ValueOffset] = (byte)(value >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet[(ValueOffset + 1)..], (ushort)value);
    }
}
