using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Wire;

/// <summary>One request of a FIR: which source, and a number that tells a new request from a repeated one.</summary>
public readonly record struct FirEntry(uint Ssrc, byte SequenceNumber);

/// <summary>FIR: full intra request (RFC 5104 §4.3.1). The media source stands in the entries; the common field is unused.</summary>
public readonly ref struct Fir
{
    /// <summary>Sender ssrc 4 + unused 4.</summary>
    internal const int FixedLength = 8;

    /// <summary>ssrc 4 + sequence 1 + reserved 3.</summary>
    internal const int EntryLength = 8;

    private readonly ReadOnlySpan<byte> _body;

    private Fir(ReadOnlySpan<byte> body)
    {
        _body = body;
    }

    public uint SenderSsrc => BinaryPrimitives.ReadUInt32BigEndian(_body);

    public int Count => (_body.Length - FixedLength) / EntryLength;

    public static bool TryRead(RtcpPacket packet, out Fir fir)
    {
        var valid = packet.Type == RtcpType.PayloadFeedback && packet.Format == RtcpFeedbackFormat.Fir
            && packet.Body.Length >= FixedLength + EntryLength;
        fir = valid ? new(packet.Body) : default;
        return valid;
    }

    /// <summary>The entry at an index below <see cref="Count"/>.</summary>
    public FirEntry GetEntry(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        var entry = _body.Slice(FixedLength + (index * EntryLength), EntryLength);
        return new(BinaryPrimitives.ReadUInt32BigEndian(entry), entry[4]);
    }
}
