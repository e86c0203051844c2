using System.Buffers.Binary;
using System.Numerics;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Wire;

/// <summary>
/// Appends RTCP packets to a compound in the caller's buffer. A member returns false, and leaves the compound as it was, when its packet does
/// not fit: what stands so far can still be sent.
/// </summary>
public ref struct RtcpWriter
{
    private readonly Span<byte> _buffer;

    public RtcpWriter(Span<byte> buffer)
    {
        _buffer = buffer;
    }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>RFC 3550 §6.4.1. At most 31 blocks.</summary>
    public bool WriteSenderReport(
        uint ssrc, NtpTime ntpTime, RtpTimestamp rtpTimestamp, uint packetCount, uint octetCount, scoped ReadOnlySpan<ReportBlock> blocks = default)
    {
        if (blocks.Length > ReportBlock.MaxPerReport
            || !TryReserve(
                RtcpType.SenderReport, blocks.Length, SenderReport.FixedLength + (blocks.Length * ReportBlock.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], ntpTime.Value);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], rtpTimestamp.Value);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], packetCount);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], octetCount);
        WriteBlocks(body[SenderReport.FixedLength..], blocks);
        return true;
    }

    /// <summary>RFC 3550 §6.4.2. At most 31 blocks; none is an empty report, which opens a compound of feedback.</summary>
    public bool WriteReceiverReport(uint ssrc, scoped ReadOnlySpan<ReportBlock> blocks = default)
    {
        if (blocks.Length > ReportBlock.MaxPerReport
            || !TryReserve(
                RtcpType.ReceiverReport, blocks.Length, ReceiverReport.FixedLength + (blocks.Length * ReportBlock.Length), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        WriteBlocks(body[ReceiverReport.FixedLength..], blocks);
        return true;
    }

    /// <summary>SDES with one chunk (RFC 3550 §6.5).</summary>
    /// <param name="ssrc">Whose name it is.</param>
    /// <param name="cnameUtf8">At most 255 bytes.</param>
    public bool WriteSdesCname(uint ssrc, scoped ReadOnlySpan<byte> cnameUtf8)
    {
        // At least one null octet ends the item list.
        var bodyLength = (4 + 2 + cnameUtf8.Length + 1 + 3) & ~3;
        if (cnameUtf8.Length > byte.MaxValue || !TryReserve(RtcpType.SourceDescription, 1, bodyLength, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        body[4] = Sdes.CnameItem;
        body[5] = (byte)cnameUtf8.Length;
        cnameUtf8.CopyTo(body[6..]);
        body[(6 + cnameUtf8.Length)..].Clear();
        return true;
    }

    /// <summary>RFC 3550 §6.6, without a reason.</summary>
    public bool WriteBye(uint ssrc)
    {
        if (!TryReserve(RtcpType.Goodbye, 1, 4, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        return true;
    }

    /// <summary>Generic NACK (RFC 4585 §6.2.1).</summary>
    /// <param name="senderSsrc">Who asks.</param>
    /// <param name="mediaSsrc">Whose packets are lost.</param>
    /// <param name="lost">Ascending in serial order (it may wrap), at least one.</param>
    public bool WriteNack(uint senderSsrc, uint mediaSsrc, scoped ReadOnlySpan<ushort> lost)
    {
        if (lost.IsEmpty)
        {
            return false;
        }

        var entries = 0;
        for (var i = 0; i < lost.Length; entries++)
        {
            i += TakeNackEntry(lost[i..], out _);
        }

        if (!TryReserve(
            RtcpType.TransportFeedback, RtcpFeedbackFormat.Nack, Nack.FixedLength + (entries * Nack.EntryLength), out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        body = body[Nack.FixedLength..];
        while (!lost.IsEmpty)
        {
            var taken = TakeNackEntry(lost, out var mask);
            BinaryPrimitives.WriteUInt16BigEndian(body, lost[0]);
            BinaryPrimitives.WriteUInt16BigEndian(body[2..], mask);
            body = body[Nack.EntryLength..];
            lost = lost[taken..];
        }

        return true;
    }

    /// <summary>RFC 4585 §6.3.1.</summary>
    public bool WritePli(uint senderSsrc, uint mediaSsrc)
    {
        if (!TryReserve(RtcpType.PayloadFeedback, RtcpFeedbackFormat.Pli, Pli.Length, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        return true;
    }

    /// <summary>RFC 5104 §4.3.1, one entry.</summary>
    public bool WriteFir(uint senderSsrc, uint mediaSsrc, byte sequenceNumber)
    {
        if (!TryReserve(RtcpType.PayloadFeedback, RtcpFeedbackFormat.Fir, Fir.FixedLength + Fir.EntryLength, out var body))
        {
            return false;
        }

        body.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[Fir.FixedLength..], mediaSsrc);
        body[Fir.FixedLength + 4] = sequenceNumber;
        return true;
    }

    /// <summary>REMB (draft-alvestrand-rmcat-remb-03 §2.2). The rate is rounded down to 18 significant bits.</summary>
    public bool WriteRemb(uint senderSsrc, Bitrate bitrate, scoped ReadOnlySpan<uint> ssrcs)
    {
        if (ssrcs.Length > byte.MaxValue || bitrate < Bitrate.Zero
            || !TryReserve(
                RtcpType.PayloadFeedback, RtcpFeedbackFormat.ApplicationLayer, Remb.FixedLength + (ssrcs.Length * 4), out var body))
        {
            return false;
        }

        var rate = (ulong)bitrate.BitsPerSecond;
        var exponent = Math.Max(0, 64 - BitOperations.LeadingZeroCount(rate) - Remb.MantissaBits);
        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(body[8..], Remb.Identifier);
        BinaryPrimitives.WriteUInt32BigEndian(
            body[12..], ((uint)ssrcs.Length << 24) | ((uint)exponent << Remb.MantissaBits) | (uint)(rate >> exponent));
        for (var i = 0; i < ssrcs.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body[(Remb.FixedLength + (i * 4))..], ssrcs[i]);
        }

        return true;
    }

    /// <summary>
    /// Transport-wide feedback. One message covers at most 1,024 packets, 8 s between two arrivals, and what fits; the caller goes on
    /// with a further message from <paramref name="encoded"/> on.
    /// </summary>
    /// <param name="senderSsrc">Who reports.</param>
    /// <param name="mediaSsrc">Any source of the transport.</param>
    /// <param name="feedbackCount">Number of this message, wraps.</param>
    /// <param name="baseSequence">Transport-wide sequence number of <paramref name="arrivals"/>[0].</param>
    /// <param name="arrivals">Arrival times of consecutive sequence numbers; <see cref="MonotonicTime.Never"/> where none arrived.</param>
    /// <param name="encoded">How many arrivals the message covers.</param>
    /// <returns>False when nothing was written: no room, or no packet received among those that fit.</returns>
    public bool WriteTransportFeedback(
        uint senderSsrc,
        uint mediaSsrc,
        byte feedbackCount,
        SequenceNumber baseSequence,
        scoped ReadOnlySpan<MonotonicTime> arrivals,
        out int encoded)
    {
        const int SsrcsEnd = RtcpReader.HeaderLength + 8;
        encoded = 0;
        var free = _buffer[Length..];
        if (free.Length < RtcpReader.HeaderLength + TransportFeedback.FixedLength)
        {
            return false;
        }

        var length = TransportFeedbackEncoder.Encode(free[SsrcsEnd..], feedbackCount, baseSequence, arrivals, out encoded);
        if (length == 0
            || !TryReserve(RtcpType.TransportFeedback, RtcpFeedbackFormat.TransportWideCc, 8 + length, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        return true;
    }

    /// <summary>How many of the first sequence numbers share one entry, and the bitmask of those behind the first.</summary>
    private static int TakeNackEntry(scoped ReadOnlySpan<ushort> lost, out ushort mask)
    {
        mask = 0;
        var taken = 1;
        for (; taken < lost.Length; taken++)
        {
            var distance = (ushort)(lost[taken] - lost[0]);
            if (distance is 0 or > 16)
            {
                break;
            }

            mask |= (ushort)(1 << (distance - 1));
        }

        return taken;
    }

    private static void WriteBlocks(Span<byte> destination, scoped ReadOnlySpan<ReportBlock> blocks)
    {
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i].Write(destination[(i * ReportBlock.Length)..]);
        }
    }

    private bool TryReserve(byte type, int count, int bodyLength, out Span<byte> body)
    {
        body = default;
        var length = RtcpReader.HeaderLength + bodyLength;

        // The length field counts words less one in 16 bits.
        if (length > _buffer.Length - Length || length > (ushort.MaxValue + 1) * 4)
        {
            return false;
        }

        var packet = _buffer.Slice(Length, length);
        packet[0] = (byte)((RtpHeader.Version << 6) | count);
        packet[1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)((length / 4) - 1));
        body = packet[RtcpReader.HeaderLength..];
        Length += length;
        return true;
    }
}
