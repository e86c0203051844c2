using System.Buffers.Binary;
using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;

/// <summary>How the encoder of a test lays its layers out.</summary>
public enum LayerMode
{
    Vp8Simulcast,
    H264Simulcast,
    Vp9Full,
    Vp9KeyFlexible,
    Av1Full,
    Av1Key,
    Av1Simulcast,
}

/// <summary>One coded layer frame with what it takes to decode it.</summary>
internal sealed class CodedFrame
{
    public required int Encoding { get; init; }
    public required int Spatial { get; init; }
    public required int Temporal { get; init; }
    public required bool Key { get; init; }
    public required uint Capture { get; init; }
    public List<CodedFrame> References { get; } = [];
    public List<SourcePacket> Packets { get; } = [];
    public ushort Number { get; set; }
    public ushort Picture { get; set; }
}

internal sealed record SourcePacket(CodedFrame Frame, int Encoding, byte[] Bytes);

/// <summary>An encoder that codes nothing but writes the headers that a real one does: 30 pictures a second, temporal pattern 0 2 1 2.</summary>
internal sealed class LayeredSource
{
    private const byte DescriptorId = 5;
    private static readonly int[] Pattern = [0, 2, 1, 2];

    private readonly LayerMode _mode;
    private readonly Random _random;
    private readonly Stream[] _streams;
    private readonly DescriptorWriter _descriptor;

    public LayeredSource(LayerMode mode, Random random)
    {
        _mode = mode;
        _random = random;
        _streams = [.. Enumerable.Range(0, IsSimulcast ? 3 : 1).Select(_ => new Stream(random))];
        _descriptor = new DescriptorWriter(IsSimulcast ? 1 : 3, 3);
        Clocks = [.. _streams.Select(s => new SenderClock(NtpTime.FromUnixNanoseconds(1_700_000_000_000_000_000), new RtpTimestamp(s.TimestampBase)))];
    }

    public bool IsSimulcast => _mode is LayerMode.Vp8Simulcast or LayerMode.H264Simulcast or LayerMode.Av1Simulcast;

    public bool HasTemporal => _mode != LayerMode.H264Simulcast;

    public Codec Codec => _mode switch
    {
        LayerMode.Vp8Simulcast => Codec.Vp8,
        LayerMode.H264Simulcast => Codec.H264,
        LayerMode.Vp9Full or LayerMode.Vp9KeyFlexible => Codec.Vp9,
        _ => Codec.Av1,
    };

    /// <summary>What the sender reports of each encoding say: all of one wall clock.</summary>
    public SenderClock[] Clocks { get; }

    /// <summary>By encoding: the next picture is a keyframe.</summary>
    public HashSet<int> KeyframesWanted { get; } = [0, 1, 2];

    /// <summary>The packets of one captured picture, in the order of sending.</summary>
    public List<SourcePacket> Capture(int picture)
    {
        var packets = new List<SourcePacket>();
        for (var encoding = 0; encoding < _streams.Length; encoding++)
        {
            packets.AddRange(Encode(encoding, picture));
        }

        return packets;
    }

    private IEnumerable<SourcePacket> Encode(int encoding, int picture)
    {
        var stream = _streams[encoding];
        var key = KeyframesWanted.Remove(encoding);
        if (key)
        {
            stream.PatternIndex = 0;
        }

        var temporal = HasTemporal ? Pattern[stream.PatternIndex % 4] : 0;
        var second = HasTemporal && stream.PatternIndex % 4 == 3;
        stream.PatternIndex++;
        stream.Picture = (ushort)((stream.Picture + 1) & 0x7FFF);
        if (temporal == 0)
        {
            stream.Tl0++;
        }

        var layers = IsSimulcast ? 1 : 3;
        CodedFrame? below = null;
        var all = new List<CodedFrame>();
        for (var spatial = 0; spatial < layers; spatial++)
        {
            var frame = new CodedFrame
            {
                Encoding = encoding,
                Spatial = spatial,
                Temporal = temporal,
                Key = key,
                Capture = (uint)(picture * 3_000),
                Number = stream.Number++,
                Picture = stream.Picture,
            };
            var last = stream.Last[spatial];
            if (!key)
            {
                // T1 and the first T2 refer to T0, the second T2 to T1.
                frame.References.Add(second ? last[1]! : last[0]!);
            }

            var interLayer = _mode is LayerMode.Vp9Full or LayerMode.Av1Full || key;
            if (below is not null && interLayer)
            {
                frame.References.Add(below);
            }

            last[temporal] = frame;
            if (temporal == 0)
            {
                last[1] = null;
            }

            below = frame;
            all.Add(frame);
        }

        foreach (var frame in all)
        {
            Packetise(stream, frame, stream.PatternIndex % 4 == 0, isLast: frame == all[^1]);
        }

        return all.SelectMany(f => f.Packets);
    }

    private void Packetise(Stream stream, CodedFrame frame, bool second, bool isLast)
    {
        var count = _random.Next(1, frame.Key ? 6 : 4);
        for (var i = 0; i < count; i++)
        {
            var (start, end) = (i == 0, i == count - 1);
            var bytes = new byte[400];
            var writer = new RtpPacketWriter(
                bytes, isLast && end, 96, new SequenceNumber(stream.Sequence++), new RtpTimestamp(stream.TimestampBase + frame.Capture), stream.Ssrc);
            if (Codec == Codec.Av1)
            {
                Assert.True(writer.AddExtension(DescriptorId, Descriptor(stream, frame, start, end)));
            }

            Assert.True(writer.WritePayload(Payload(stream, frame, second, i, end)));
            frame.Packets.Add(new SourcePacket(frame, frame.Encoding, bytes[..writer.Length]));
        }
    }

    private byte[] Payload(Stream stream, CodedFrame frame, bool second, int index, bool end)
    {
        var start = index == 0;
        byte[] pid = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(pid, (ushort)(0x8000 | frame.Picture));
        switch (Codec)
        {
            case Codec.Vp8:
                // RFC 7741 §4.2: X S, I L T, TID Y; then the frame tag's P bit and a keyframe's start code and size.
                var sync = frame.Temporal > 0 && !second;
                return [
                    (byte)(0x80 | (start ? 0x10 : 0)), 0xE0, .. pid, stream.Tl0, (byte)((frame.Temporal << 6) | (sync ? 0x20 : 0)),
                    (byte)(frame.Key ? 0 : 1), 0, 0, 0x9D, 1, 0x2A, (byte)(64 << frame.Encoding), 1, 0x40, 0];
            case Codec.H264:
                return frame.Key && start ? [0x67, 0x42, 0xE0, 0x1F, 0x8C, 0x68] : frame.Key ? [0x7C, (byte)((index == 1 ? 0x80 : 0) | (end ? 0x40 : 0) | 5), 1] : [0x41, 1, 2];
            case Codec.Vp9:
                var flexible = _mode == LayerMode.Vp9KeyFlexible;
                var top = frame.Spatial == 2;
                var forUpper = !top && (frame.Key || !flexible);
                var interLayer = frame.Spatial > 0 && (frame.Key || !flexible);
                var flags = 0x80 | (frame.Key ? 0 : 0x40) | 0x20 | (flexible ? 0x10 : 0) | (start ? 8 : 0) | (end ? 4 : 0)
                    | (frame.Key && frame.Spatial == 0 && start ? 2 : 0) | (forUpper ? 0 : 1);
                // U: T0 and T1 pictures depend on nothing above; the first T2 neither.
                var layer = (frame.Temporal << 5) | (second ? 0 : 0x10) | (frame.Spatial << 1) | (interLayer ? 1 : 0);
                byte[] rest = flexible ? frame.Key ? [] : [(byte)(Distance(frame) << 1)] : [stream.Tl0];
                byte[] structure = (flags & 2) != 0 ? [0x50, 0x01, 0x40, 0, 0xB4, 0x02, 0x80, 0x01, 0x68, 0x05, 0, 0x02, 0xD0] : [];
                return [(byte)flags, .. pid, (byte)layer, .. rest, .. structure, 0x82, 0x49];
            default:
                // §4.4: N on the first packet of a coded video sequence, W = 1 or 2.
                var starts = frame.Key && start && frame.Spatial == 0;
                return starts ? [0x28, 0x02, 0x08, 1, 0x30, 1, 2] : [(byte)(0x10 | (start ? 0 : 0x80) | (end ? 0 : 0x40)), 0x30, 1, 2];
        }
    }

    private static int Distance(CodedFrame frame) => (frame.Picture - frame.References[0].Picture) & 0x7F;

    private byte[] Descriptor(Stream stream, CodedFrame frame, bool start, bool end)
    {
        var indications = new DecodeTargetIndication[_descriptor.Targets];
        for (var target = 0; target < indications.Length; target++)
        {
            indications[target] = Indication(frame.Spatial, frame.Temporal, target / 3, target % 3, frame.Key);
        }

        var carries = frame.Key && frame.Spatial == 0 && start;
        if (carries)
        {
            stream.TemplateOffset = _random.Next(64);
        }

        return _descriptor.Write(
            start, end, stream.TemplateOffset, frame.Spatial, frame.Temporal, frame.Number,
            carries ? (s, t, ts, tt) => Indication(s, t, ts, tt, false) : null,
            indications,
            [.. frame.References.Select(r => (ushort)(frame.Number - r.Number))],
            sizes: carries ? [.. Enumerable.Range(0, IsSimulcast ? 1 : 3).Select(i => (320 << i, 180 << i))] : null);
    }

    private DecodeTargetIndication Indication(int s, int t, int ts, int tt, bool key)
    {
        var present = t <= tt && (_mode == LayerMode.Av1Full || key ? s <= ts : s == ts);
        if (!present)
        {
            return DecodeTargetIndication.NotPresent;
        }

        if (s < ts)
        {
            return DecodeTargetIndication.Required;
        }

        return t == 0 || t < tt ? DecodeTargetIndication.Switch : DecodeTargetIndication.Discardable;
    }

    private sealed class Stream(Random random)
    {
        public uint Ssrc { get; } = (uint)random.Next();
        public uint TimestampBase { get; } = (uint)random.NextInt64(uint.MaxValue);
        public ushort Sequence { get; set; } = (ushort)random.Next(0x1_0000);
        public ushort Picture { get; set; } = (ushort)random.Next(0x8000);
        public ushort Number { get; set; } = (ushort)random.Next(0x1_0000);
        public byte Tl0 { get; set; } = (byte)random.Next(256);
        public int PatternIndex { get; set; }
        public int TemplateOffset { get; set; }
        public CodedFrame?[][] Last { get; } = [new CodedFrame?[3], new CodedFrame?[3], new CodedFrame?[3]];
    }
}
