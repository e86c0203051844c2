using Events.Rtc.Protocol.Codecs;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>The payload descriptors of one codec.</summary>
internal sealed class PayloadTarget(string name, PayloadTarget.Reader read, params byte[][] seeds) : IFuzzTarget
{
    private static readonly byte[] Vp8Key = [0x90, 0x80, 0x81, 0x23, 0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01, 1, 2, 3];

    public delegate void Reader(ReadOnlySpan<byte> payload);

    public string Name { get; } = name;

    public long AllocationLimit => 0;

    public IEnumerable<byte[]> Seeds { get; } = seeds;

    public static IEnumerable<(string Name, Func<IFuzzTarget> Create)> All =>
    [
        ("vp8", () => new PayloadTarget("vp8", ReadVp8, Vp8Key, [0xFF, 0xF0, 0x7F, 5, 0xFF, 1, 0, 0], [0x10, 0x01, 2, 3])),
        ("vp9", () => new PayloadTarget(
            "vp9",
            ReadVp9,
            [0x8F, 0x81, 0x23, 0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0x0B, 0x30],
            [0xBE, 0x85, 0x00, 0x20, 0x11, 0x38, 0x02, 0x80, 0x01, 0x68, 0x05, 0x00, 0x02, 0xD0, 0x02, 0x04, 1, 0x24, 2, 3, 0x82, 0x49, 0x83, 0x42],
            [0xD8, 0x05, 0x03, 0x05, 0x06, 0x82],
            [0x0A, 0xFF, .. new byte[64]])),
        ("h264", () => new PayloadTarget(
            "h264",
            ReadH264,
            [0x67, 0x42, 0xE0, 0x1F, 0xDA, 0x02, 0x80, 0xBF],
            [0x78, 0, 4, 0x67, 0x42, 0xE0, 0x1F, 0, 3, 0x68, 0xCE, 0x3C],
            [0x7C, 0x85, 1, 2, 3],
            [0x7C, 0x45, 1, 2, 3])),
        ("av1", () => new PayloadTarget(
            "av1",
            ReadAv1,
            [0x08, 0x03, 0x08, 1, 2, 0x02, 0x30, 1],
            [0x28, 0x02, 0x08, 1, 0x30, 1, 2, 3],
            [0xD0, 1, 2, 3],
            [0x00, 0x85, 0x00, 1, 2, 3, 4, 5])),
        ("opus", () => new PayloadTarget("opus", ReadOpus, [0xFC, 1, 2, 3], [0x7B, 0x03, 1, 2, 3], [0xF8], [0xFF, 0x3F, 1])),
        ("red", () => new PayloadTarget("red", ReadRed, [0xEF, 0x1E, 0x00, 0x03, 0xEF, 0x0F, 0x00, 0x02, 0x6F, 1, 2, 3, 4, 5, 6, 7], [0x6F, 1, 2], [0x6F], [.. Enumerable.Repeat((byte[])[0xEF, 0x0F, 0, 1], 31).SelectMany(h => h), 0x6F, .. new byte[40]])),
        ("dependency-descriptor", () =>
        {
            var dependencies = new DependencyDescriptorReader();
            return new PayloadTarget(
                "dependency-descriptor",
                extension => ReadDescriptor(extension, dependencies),
                [0xC1, 0, 9],
                [0x80, 0, 1, 0xC0, 1, 2, 3],
                // One spatial and two temporal layers; three and three.
                [0xC5, 0, 9, 0xB0, 0xA1, 0x7A, 0x28, 0x20, 0x84, 0x60, 0x27, 0xE0, 0x16, 0x74, 0],
                [
                    0xBC, 0, 9, 0xB7, 0x88, 0x59, 0x65, 0xEA, 0xFF, 0xF2, 0x8F, 0x3C, 0x20, 0xC3, 2, 0xAF, 0xC0, 0x28, 0xF0, 2, 0x0C, 0, 0x2A, 0, 2, 0x80, 0,
                    0x28, 0x20, 0x82, 8, 0x20, 0x82, 8, 0x18, 0xAB, 0xF1, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x80,
                    0x9F, 0x80, 0x59, 0x81, 0x3F, 0x80, 0xB3, 0x82, 0x7F, 0x81, 0x67, 0xD5, 0xFF, 0xE0,
                ]);
        }),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        read(input);
        for (var codec = Codec.None; codec <= Codec.Av1; codec++)
        {
            _ = KeyframeDetector.IsKeyframe(codec, input);
        }
    }

    private static void ReadVp8(ReadOnlySpan<byte> payload)
    {
        if (!Vp8Descriptor.TryRead(payload, out var vp8))
        {
            return;
        }

        Demand.That(vp8.Length <= payload.Length, "A descriptor lies in its payload.");
        Span<byte> copy = stackalloc byte[2_048];
        payload.CopyTo(copy);
        copy = copy[..payload.Length];
        vp8.WritePictureId(copy, 0x5A5A);
        vp8.WriteTl0PicIdx(copy, 0xA5);
        Demand.That(
            Vp8Descriptor.TryRead(copy, out var again) && again.Length == vp8.Length && again.PictureIdBits == vp8.PictureIdBits
                && (!again.HasPictureId || again.PictureId == (0x5A5A & ((1 << again.PictureIdBits) - 1)))
                && again.HasTl0PicIdx == vp8.HasTl0PicIdx && again.TemporalId == vp8.TemporalId,
            "A rewritten descriptor reads as the same but for what was written.");
    }

    private static void ReadVp9(ReadOnlySpan<byte> payload)
    {
        if (!Vp9Descriptor.TryRead(payload, out var vp9))
        {
            return;
        }

        Demand.That(vp9.Length <= payload.Length, "A descriptor lies in its payload.");
        for (var layer = -1; layer <= 8; layer++)
        {
            var found = vp9.TryGetResolution(payload, layer, out _, out _);
            Demand.That(!found || layer < vp9.SpatialLayerCount, "Only layers that there are have a size.");
        }

        Span<byte> copy = stackalloc byte[2_048];
        payload.CopyTo(copy);
        copy = copy[..payload.Length];
        vp9.WritePictureId(copy, 0x5A5A);
        vp9.WriteTl0PicIdx(copy, 0xA5);
        Demand.That(
            Vp9Descriptor.TryRead(copy, out var again) && again.Length == vp9.Length && again.SpatialLayerCount == vp9.SpatialLayerCount,
            "A rewritten descriptor reads as the same but for what was written.");
    }

    private static void ReadH264(ReadOnlySpan<byte> payload)
    {
        if (!H264Payload.TryRead(payload, out var h264))
        {
            return;
        }

        var bytes = h264.Fragment.Length;
        foreach (var nal in h264)
        {
            Demand.That(!nal.IsEmpty, "A NAL unit has a header.");
            bytes += nal.Length;
        }

        Demand.That(bytes <= payload.Length, "The units lie in the payload.");
        _ = (h264.IsKeyframe, h264.PacketType, h264.FragmentedNalHeader, h264.IsFragmentStart, h264.IsFragmentEnd);
    }

    private static void ReadAv1(ReadOnlySpan<byte> payload)
    {
        if (!Av1Payload.TryRead(payload, out var av1))
        {
            return;
        }

        var bytes = 0;
        foreach (var element in av1)
        {
            _ = (element.Type, element.ContinuesPrevious);
            bytes += element.Bytes.Length;
        }

        Demand.That(bytes < payload.Length, "The elements lie behind the aggregation header.");
        _ = (av1.IsKeyframe, av1.StartsWithFragment, av1.EndsWithFragment);
    }

    private static void ReadOpus(ReadOnlySpan<byte> payload)
    {
        var read = OpusPacket.TryRead(payload, out var opus);
        Demand.That(!read || opus is { Samples: > 0 and <= OpusPacket.MaxSamples, FrameCount: > 0 }, "A packet lasts up to 120 ms.");
    }

    private static void ReadRed(ReadOnlySpan<byte> payload)
    {
        if (!RedPayload.TryRead(payload, out var red))
        {
            return;
        }

        var bytes = red.Primary.Length;
        foreach (var block in red)
        {
            _ = (block.PayloadType, block.TimestampOffset);
            bytes += block.Data.Length;
        }

        Demand.That(bytes < payload.Length && red.OlderBlocks < RedPayload.MaxBlocks, "The blocks lie behind their headers, and are few.");
        Span<byte> copy = stackalloc byte[2_048];
        payload.CopyTo(copy);
        copy = copy[..payload.Length];
        RedPayload.WritePayloadTypes(copy, 96);
        Demand.That(
            RedPayload.TryRead(copy, out var again) && again.IsOnly(96) && again.OlderBlocks == red.OlderBlocks && again.Primary.SequenceEqual(red.Primary),
            "Renamed blocks read as the same but for their name.");
    }

    /// <summary>Twice: the second time against the structure that the first may have brought.</summary>
    private static void ReadDescriptor(ReadOnlySpan<byte> extension, DependencyDescriptorReader dependencies)
    {
        _ = DependencyDescriptor.TryRead(extension, out _);
        dependencies.Reset();
        for (var time = 0; time < 2; time++)
        {
            if (dependencies.TryRead(extension, out var frame))
            {
                var structure = dependencies.Structure!;
                Demand.That(frame.SpatialId < structure.SpatialLayers && frame.TemporalId < structure.TemporalLayers, "A frame is of a layer that there is.");
                Demand.That((frame.ActiveTargets & ~structure.AllTargets) == 0 && frame.ActiveTargets != 0, "Only targets that there are can be active.");
                Demand.That(structure.FindTarget(7, 7, frame.ActiveTargets) >= 0, "An active target is found.");
            }
        }
    }
}
