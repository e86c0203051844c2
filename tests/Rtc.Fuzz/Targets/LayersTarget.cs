using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// A run of one publisher's packets, each behind its length, through descriptor, selection and rewriting. The first byte of the input names the codec; a
/// packet's first byte holds its encoding (two bits), a wish to switch (one) and the length of its dependency descriptor (five).
/// </summary>
internal sealed class LayersTarget : IFuzzTarget
{
    private const int MaxPackets = 200;

    public string Name => "layers";

    /// <summary>Selector, its memories and three structures, once per input: nothing per packet.</summary>
    public long AllocationLimit => 64 * 1024;

    public IEnumerable<byte[]> Seeds =>
    [
        [0, .. Frames.Join([0, 0x90, 0xE0, 0x81, 0x23, 0x10, 0x20, 0, 0, 0, 0x9D, 1, 0x2A, 0x80, 2, 0x68, 1], [0, 0x90, 0xE0, 0x81, 0x24, 0x10, 0x60, 1, 0, 0], [0x25, 0x90, 0xE0, 0x91, 0x24, 0x10, 0x60, 0])],
        [1, .. Frames.Join([0, 0xAB, 0x81, 0x23, 0x10, 0x10, 0x50, 1, 0x40, 0, 0xB4, 2, 0x80, 1, 0x68, 5, 0, 2, 0xD0, 0x82], [0, 0xED, 0x81, 0x24, 0x52, 0x11, 1], [0, 0xED, 0x81, 0x25, 0x30, 0x11, 1])],
        [2, .. Frames.Join([0, 0x67, 0x42, 0xE0, 0x1F, 0x8C, 0x68], [0x41, 0x67, 0x42, 0xE0, 0x1F, 0x8C, 0x68], [0x40, 0x41, 1, 2])],
        // One spatial layer, two temporal: a keyframe with its structure, then a frame of the upper layer.
        [
            3,
            .. Frames.Join(
                [15, 0xC5, 0, 9, 0xB0, 0xA1, 0x7A, 0x28, 0x20, 0x84, 0x60, 0x27, 0xE0, 0x16, 0x74, 0, 0x28, 2, 8, 1, 0x30, 1],
                [6, 0xC6, 0, 10, 0x31, 0x40, 0, 0x10, 0x30, 1]),
        ],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        var codec = (Codec)((int)Codec.Vp8 + (input[0] & 3));
        var selector = new LayerSelector(codec, 1);
        var readers = codec == Codec.Av1 ? new[] { new DependencyDescriptorReader(), new(), new(), new() } : null;
        var rewriter = new StreamRewriter(5, 1);
        rewriter.Configure(96, 0, 0, descriptorIn: 5, descriptorOut: 12);
        Span<byte> source = stackalloc byte[1_700];
        Span<byte> destination = stackalloc byte[2_048];
        Span<bool> used = stackalloc bool[1 << 16];
        Span<ushort> sequences = [100, 40_000, 65_530, 7];
        var frames = new Frames(input[1..]);
        for (var i = 0; i < MaxPackets && frames.TryNext(out var frame); i++)
        {
            if (frame.IsEmpty)
            {
                continue;
            }

            var head = frame[0];
            var encoding = head >> 6;
            var descriptor = frame.Slice(1, Math.Min(head & 0x1F, frame.Length - 1));
            var payload = frame[(1 + descriptor.Length)..];
            if ((head & 0x20) != 0)
            {
                selector.SetTarget(new LayerTarget(encoding, (byte)(i & 3), (byte)((i >> 2) & 3)));
                sequences[encoding] += (ushort)(payload.Length > 0 ? payload[0] : 0);
            }

            var writer = new RtpPacketWriter(source, (head & 1) != 0, 96, new SequenceNumber(sequences[encoding]++), new RtpTimestamp((uint)(i * 1_000)), (uint)encoding + 1);
            if (descriptor.Length > 0)
            {
                writer.AddExtension(5, descriptor);
            }

            if (!writer.WritePayload(payload) || !RtpReader.TryRead(source[..writer.Length], out var packet))
            {
                continue;
            }

            VideoPacket.Read(codec, packet.Payload, descriptor, readers?[encoding], out var video);
            _ = video.TryGetSize(packet.Payload, video.SpatialId, out _, out _);
            var decision = selector.Select(encoding, 1, default, packet, video, MonotonicTime.FromMilliseconds(1_000 + i), out var sent);
            if (decision == LayerDecision.Skip)
            {
                continue;
            }

            Demand.That(!used[sent.Sequence], "No number is spent twice: it would be a nonce used twice.");
            used[sent.Sequence] = true;
            var length = decision == LayerDecision.Fill
                ? rewriter.WriteFill(sent, destination, out _)
                : rewriter.WriteLayered(packet, video, sent, destination, out _);
            Demand.That(length > 0 && RtpReader.TryRead(destination[..length], out var written) && written.SequenceNumber.Value == sent.Sequence, "What is written can be read.");
        }
    }
}
