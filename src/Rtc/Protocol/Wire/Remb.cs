using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>REMB: the receiver's estimate of what fits (draft-alvestrand-rmcat-remb-03 §2.2).</summary>
public readonly ref struct Remb
{
    /// <summary>Sender ssrc 4 + media ssrc (0) 4 + "REMB" 4 + count 1 + exponent and mantissa 3.</summary>
    internal const int FixedLength = 16;

    /// <summary>"REMB" in ASCII.</summary>
    internal const uint Identifier = 0x5245_4D42;

    /// <summary>The mantissa has 18 bits.</summary>
    internal const int MantissaBits = 18;

    private readonly ReadOnlySpan<byte> _body;

    private Remb(ReadOnlySpan<byte> body, Bitrate bitrate)
    {
        _body = body;
        Bitrate = bitrate;
    }

    public uint SenderSsrc => BinaryPrimitives.ReadUInt32BigEndian(_body);

    /// <summary>Total over the listed sources.</summary>
    public Bitrate Bitrate { get; }

    public int SsrcCount => _body[12];

    public static bool TryRead(RtcpPacket packet, out Remb remb)
    {
        remb = default;
        var body = packet.Body;
        if (packet.Type != RtcpType.PayloadFeedback || packet.Format != RtcpFeedbackFormat.ApplicationLayer
            || body.Length < FixedLength
            || BinaryPrimitives.ReadUInt32BigEndian(body[8..]) != Identifier
            || body.Length < FixedLength + (body[12] * 4))
        {
            return false;
        }

        var exponent = body[13] >> 2;
        var mantissa = (long)(BinaryPrimitives.ReadUInt32BigEndian(body[12..]) & ((1 << MantissaBits) - 1));

        // An exponent may shift beyond 63 bits; nobody can mean such a rate.
        if (mantissa > long.MaxValue >> exponent)
        {
            return false;
        }

        remb = new(body, new(mantissa << exponent));
        return true;
    }

    /// <summary>The source at an index below <see cref="SsrcCount"/>.</summary>
    public uint GetSsrc(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)SsrcCount);
        return BinaryPrimitives.ReadUInt32BigEndian(_body[(FixedLength + (index * 4))..]);
    }
}
