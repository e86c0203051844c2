using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary><see cref="RtpReader"/> with every extension id, then the way of a packet through cache and rewriter.</summary>
internal sealed class RtpTarget : IFuzzTarget
{
    private const byte OrientationId = 4;

    private readonly RetransmitCache _cache = RetransmitCache.ForVideo();
    private readonly RetransmitCache _small = new(2, 64);
    private readonly byte[] _sent = new byte[2_048];
    private readonly byte[] _again = new byte[2_048];
    private StreamRewriter _rewriter = new(0xCAFE, 100);

    public RtpTarget() => _rewriter.Configure(96, OrientationId, OrientationId);

    public string Name => "rtp";

    public long AllocationLimit => 0;

    public IReadOnlyList<byte[]> Words { get; } = [[0xBE, 0xDE, 0, 1], [0x10, 0, 0, 1], [0x10, 0x0F, 0, 2], [0xFF], [0x41, 0x01], [0x04, 0x01, 0x02]];

    public IEnumerable<byte[]> Seeds =>
    [
        Write(1, 1, payload: 100, padding: 0),
        Write(OrientationId, 1, payload: 40, padding: 12),
        Write(200, 40, payload: 20, padding: 0),
        Write(OrientationId, 16, payload: 0, padding: 255),
        [0x9F, 0xE0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, .. new byte[60], 0xBE, 0xDE, 0, 1, 0x10, 0x80, 0, 0, 1, 2, 3],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        _ = PacketDemux.Classify(input);
        var measured = RtpHeader.TryMeasure(input, out var headerLength);
        if (!RtpReader.TryRead(input, out var packet))
        {
            return;
        }

        Demand.That(measured && headerLength == packet.HeaderLength, "Measuring and reading agree.");
        Demand.That(packet.HeaderLength + packet.Payload.Length + packet.PaddingLength == input.Length, "The parts make up the whole.");
        for (var i = 0; i < packet.CsrcCount; i++)
        {
            _ = packet.GetCsrc(i);
        }

        for (var id = 0; id <= byte.MaxValue; id++)
        {
            if (packet.TryGetExtension((byte)id, out var value))
            {
                Demand.That(
                    packet.TryLocateExtension((byte)id, out var offset, out var length) && input.Slice(offset, length).SequenceEqual(value)
                        && offset + length <= packet.HeaderLength,
                    "An extension lies in the header, where it is said to be.");
                _ = AudioLevel.TryRead(value, out _);
                _ = DependencyDescriptor.TryRead(value, out _);
            }
        }

        Forward(packet);
    }

    private void Forward(in RtpReader packet)
    {
        var now = MonotonicTime.FromMilliseconds(1);
        var sequence = packet.SequenceNumber.Value;
        _small.Store(packet.Packet, sequence, now);
        _cache.Store(packet.Packet, sequence, now);
        if (packet.Packet.Length <= 1_500)
        {
            Demand.That(
                _cache.TryGet(sequence, now, TimeSpan.Zero, TimeSpan.FromSeconds(1), out var stored) && stored.SequenceEqual(packet.Packet),
                "The cache gives back what it was given.");
        }

        if (!_rewriter.Started)
        {
            _rewriter.Rebase(sequence, packet.Timestamp.Value, 0, TimeSpan.FromMilliseconds(33), null, 90_000);
        }

        // A destination of every size must be honoured.
        _ = _rewriter.Write(packet, _sent.AsSpan(0, packet.Packet.Length / 2), out _);
        var length = _rewriter.Write(packet, _sent, out var headerLength);
        var repeated = _rewriter.WriteAgain(packet, _again, out _);
        Demand.That(length > 0 && _sent.AsSpan(0, length).SequenceEqual(_again.AsSpan(0, repeated)), "A packet sent again is the same packet.");
        Demand.That(
            RtpReader.TryRead(_sent.AsSpan(0, length), out var sent) && sent.HeaderLength == headerLength && sent.Payload.SequenceEqual(packet.Payload)
                && sent.Ssrc == 0xCAFE && sent.PayloadType == 96,
            "A rewritten packet is well-formed and carries the same payload.");
        var rtxLength = _rewriter.WriteRetransmission(packet, _again, 97, 0xF00D, 1, out _);
        Demand.That(
            RtpReader.TryRead(_again.AsSpan(0, rtxLength), out var rtx) && rtx.Payload.Length == packet.Payload.Length + 2,
            "A retransmission is well-formed and two bytes longer.");
    }

    private static byte[] Write(byte extension, int extensionLength, int payload, byte padding)
    {
        var buffer = new byte[1_500];
        var writer = new RtpPacketWriter(buffer, true, 96, new(1_000), new(90_000), 0x1234_5678);
        writer.AddExtension(extension, new byte[extensionLength]);
        writer.FinishHeader();
        writer.WritePayload(new byte[payload]);
        if (padding > 0)
        {
            writer.WritePadding(padding);
        }

        return buffer[..writer.Length];
    }
}
