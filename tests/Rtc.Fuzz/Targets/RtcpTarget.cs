using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="RtcpReader"/> and the view of every packet type.</summary>
internal sealed class RtcpTarget : IFuzzTarget
{
    public string Name => "rtcp";

    public long AllocationLimit => 0;

    public IReadOnlyList<byte[]> Words { get; } =
        [.. Enumerable.Range(200, 8).Select(type => (byte[])[0x81, (byte)type, 0, 2]), [0x8F, 205, 0, 5], [0x8F, 206, 0, 5], "REMB"u8.ToArray()];

    public IEnumerable<byte[]> Seeds => [Compound(), Feedback(), TransportWide(), Padded()];

    public void Run(ReadOnlySpan<byte> input)
    {
        var reader = new RtcpReader(input);
        var packets = 0;
        while (reader.TryReadNext(out var packet))
        {
            packets++;
            Read(packet);
        }

        Demand.That(packets <= input.Length / 4, "A packet has four bytes at least.");
    }

    internal static void Read(RtcpPacket packet)
    {
        if (SenderReport.TryRead(packet, out var sender))
        {
            _ = (sender.Ssrc, sender.RtpTimestamp, sender.PacketCount, sender.OctetCount, sender.NtpTime.ToUnixNanoseconds(), sender.NtpTime.Middle);
            for (var i = 0; i < sender.BlockCount; i++)
            {
                _ = sender.GetBlock(i);
            }
        }

        if (ReceiverReport.TryRead(packet, out var receiver))
        {
            _ = receiver.Ssrc;
            for (var i = 0; i < receiver.BlockCount; i++)
            {
                _ = receiver.GetBlock(i);
            }
        }

        if (Sdes.TryRead(packet, out var names))
        {
            _ = names.TryGetCname(0x1234_5678, out _);
            _ = names.TryGetCname(0, out _);
        }

        if (Bye.TryRead(packet, out var bye))
        {
            for (var i = 0; i < bye.Count; i++)
            {
                _ = bye.GetSsrc(i);
            }
        }

        ReadFeedback(packet);
    }

    private static void ReadFeedback(RtcpPacket packet)
    {
        _ = Pli.TryRead(packet, out _);
        if (Nack.TryRead(packet, out var nack))
        {
            var lost = 0;
            foreach (var sequence in nack)
            {
                lost += sequence.Value >= 0 ? 1 : 0;
            }

            // RFC 4585 §6.2.1: an entry of four bytes names at most 17 packets.
            Demand.That(lost <= packet.Body.Length / 4 * 17, "A NACK names no more than its entries can.");
            _ = (nack.SenderSsrc, nack.MediaSsrc);
        }

        if (Fir.TryRead(packet, out var fir))
        {
            _ = fir.SenderSsrc;
            for (var i = 0; i < fir.Count; i++)
            {
                _ = fir.GetEntry(i);
            }
        }

        if (Remb.TryRead(packet, out var remb))
        {
            Demand.That(remb.Bitrate.BitsPerSecond >= 0, "No bitrate is negative.");
            _ = remb.SenderSsrc;
            for (var i = 0; i < remb.SsrcCount; i++)
            {
                _ = remb.GetSsrc(i);
            }
        }

        if (TransportFeedback.TryRead(packet, out var feedback))
        {
            var statuses = 0;
            foreach (var status in feedback)
            {
                Demand.That(status.Received || status.DeltaMicroseconds == 0, "What was lost has no time.");
                statuses++;
            }

            Demand.That(statuses == feedback.StatusCount, "Feedback has as many statuses as it says.");
            _ = (feedback.SenderSsrc, feedback.MediaSsrc, feedback.BaseSequence, feedback.ReferenceTime, feedback.FeedbackCount);
        }
    }

    internal static byte[] TransportWide()
    {
        var buffer = new byte[1_200];
        var writer = new RtcpWriter(buffer);
        var arrivals = new MonotonicTime[60];
        for (var i = 0; i < arrivals.Length; i++)
        {
            arrivals[i] = i % 7 == 3 ? MonotonicTime.Never : new((1_000 + (i * i * 3)) * 1_000_000L);
        }

        writer.WriteTransportFeedback(1, 2, 3, new(65_500), arrivals, out _);
        return buffer[..writer.Length];
    }

    private static byte[] Compound()
    {
        var buffer = new byte[1_200];
        var writer = new RtcpWriter(buffer);
        var block = new ReportBlock(0x1234_5678, 10, -3, 70_000, 5, 6, 7);
        writer.WriteSenderReport(0x1234_5678, new(0xE000_0000_8000_0000), new(90_000), 10, 1_000, [block, block]);
        writer.WriteReceiverReport(1, [block]);
        writer.WriteSdesCname(0x1234_5678, "someone"u8);
        writer.WriteBye(0x1234_5678);
        return buffer[..writer.Length];
    }

    private static byte[] Feedback()
    {
        var buffer = new byte[1_200];
        var writer = new RtcpWriter(buffer);
        writer.WriteNack(1, 2, [10, 11, 12, 40, 65_535]);
        writer.WritePli(1, 2);
        writer.WriteFir(1, 2, 3);
        writer.WriteRemb(1, Bitrate.FromMegabits(2.5), [1, 2, 3]);
        return buffer[..writer.Length];
    }

    private static byte[] Padded() => [0xA1, 203, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0xA0, 201, 0, 0];
}

/// <summary>The body of transport-wide feedback, so that no input dies in the header.</summary>
internal sealed class TransportFeedbackTarget : IFuzzTarget
{
    private readonly byte[] _packet = new byte[1_600];

    public string Name => "transport-feedback";

    public long AllocationLimit => 0;

    public IReadOnlyList<byte[]> Words { get; } = [[0x1F, 0xFF], [0x20, 0x07], [0x40, 0x07], [0x60, 1], [0x80, 0xFF], [0xD5, 0x55], [0xFF, 0xFF], [0xBF, 0xFF]];

    public IEnumerable<byte[]> Seeds =>
    [
        RtcpTarget.TransportWide()[4..],
        [0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0xFF, 0xFF, 0, 0, 1, 0, .. Enumerable.Repeat((byte[])[0x1F, 0xFF], 9).SelectMany(c => c)],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var length = input.Length & ~3;
        input[..length].CopyTo(_packet.AsSpan(4));
        ((ReadOnlySpan<byte>)[0x8F, 205, (byte)(length / 4 >> 8), (byte)(length / 4)]).CopyTo(_packet);
        var reader = new RtcpReader(_packet.AsSpan(0, length + 4));
        Demand.That(reader.TryReadNext(out var packet), "The header is right.");
        RtcpTarget.Read(packet);
    }
}
