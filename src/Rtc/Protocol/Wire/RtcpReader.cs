using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>RTCP packet types (RFC 3550 §12.1, RFC 4585 §6.1).</summary>
public static class RtcpType
{
    public const byte SenderReport = 200;
    public const byte ReceiverReport = 201;
    public const byte SourceDescription = 202;
    public const byte Goodbye = 203;
    public const byte ApplicationDefined = 204;
    public const byte TransportFeedback = 205;
    public const byte PayloadFeedback = 206;
    public const byte ExtendedReport = 207;
}

/// <summary>Feedback message types, the five bits beside the version (RFC 4585 §6.2, §6.3, RFC 5104 §4.3).</summary>
public static class RtcpFeedbackFormat
{
    /// <summary>With <see cref="RtcpType.TransportFeedback"/>.</summary>
    public const byte Nack = 1;

    /// <summary>With <see cref="RtcpType.TransportFeedback"/>: draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.</summary>
    public const byte TransportWideCc = 15;

    /// <summary>With <see cref="RtcpType.PayloadFeedback"/>.</summary>
    public const byte Pli = 1;

    /// <summary>With <see cref="RtcpType.PayloadFeedback"/>.</summary>
    public const byte Fir = 4;

    /// <summary>With <see cref="RtcpType.PayloadFeedback"/>: application layer feedback, which REMB uses.</summary>
    public const byte ApplicationLayer = 15;
}

/// <summary>One packet of a compound: its common header taken apart (RFC 3550 §6.4.1).</summary>
public readonly ref struct RtcpPacket
{
    internal RtcpPacket(byte type, byte count, ReadOnlySpan<byte> body)
    {
        Type = type;
        Count = count;
        Body = body;
    }

    /// <summary>See <see cref="RtcpType"/>.</summary>
    public byte Type { get; }

    /// <summary>Five bits: a count of blocks or sources, or the feedback format.</summary>
    public byte Count { get; }

    /// <summary>The same five bits under their name in feedback packets, <see cref="RtcpFeedbackFormat"/>.</summary>
    public byte Format => Count;

    /// <summary>What follows the four header bytes, without padding.</summary>
    public ReadOnlySpan<byte> Body { get; }
}

/// <summary>
/// Walks the packets of one RTCP datagram. Takes compounds (RFC 3550 §6.1) and reduced-size packets (RFC 5506) alike; padding is cut off
/// wherever it stands, although only the last packet should carry it.
/// </summary>
public ref struct RtcpReader
{
    internal const int HeaderLength = 4;

    private ReadOnlySpan<byte> _rest;

    public RtcpReader(ReadOnlySpan<byte> compound)
    {
        _rest = compound;
    }

    /// <summary>The walk stopped at bytes that are no RTCP packet.</summary>
    public bool Malformed { get; private set; }

    /// <summary>False at the end, and at the first malformed packet.</summary>
    public bool TryReadNext(out RtcpPacket packet)
    {
        packet = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < HeaderLength || _rest[0] >> 6 != RtpHeader.Version)
        {
            return Stop();
        }

        var length = (BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]) + 1) * 4;
        if (length > _rest.Length)
        {
            return Stop();
        }

        var body = _rest[HeaderLength..length];
        if ((_rest[0] & 0x20) != 0)
        {
            // RFC 3550 §6.4.1: the last octet counts the padding, itself included. It says a multiple of four, but libwebrtc fills transport-wide feedback up to
            // a whole word with 1 to 3 bytes: three reports of four would be lost.
            var padding = body.IsEmpty ? 0 : body[^1];
            if (padding == 0 || padding > body.Length)
            {
                return Stop();
            }

            body = body[..^padding];
        }

        packet = new(_rest[1], (byte)(_rest[0] & 0x1F), body);
        _rest = _rest[length..];
        return true;
    }

    private bool Stop()
    {
        Malformed = true;
        _rest = default;
        return false;
    }
}
