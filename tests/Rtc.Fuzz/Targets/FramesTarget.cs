using System.Buffers.Binary;
using System.Text;
using Events.Mixer.Frames;
using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// The mixer's way of one track: jitter buffer, depacketiser, Matroska file, and the scan that recovery makes of it. A frame of the input is a
/// packet: how far its sequence number jumps (signed), marker and timestamp step, payload.
/// </summary>
internal sealed class FramesTarget(Codec codec, params byte[][][] streams) : IFuzzTarget
{
    public string Name { get; } = $"frames-{CodecNames.NameOf(codec)}";

    public int MaxLength => 4_000;

    public long AllocationLimit => 1_024 * 1_024;

    public IEnumerable<byte[]> Seeds { get; } = [.. streams.Select(Packets)];

    public IReadOnlyList<byte[]> Words { get; } = [[0, 1, 0x80], [0x7F, 1], [0x80, 0x80], [0, 6, 1, 0x81]];

    public static IEnumerable<(string Name, Func<IFuzzTarget> Create)> All =>
    [
        ("frames-opus", () => new FramesTarget(Codec.Opus, [[0xFC, 1, 2, 3], [0x7B, 0x03, 1, 2, 3], [0xF8]])),
        ("frames-vp8", () => new FramesTarget(
            Codec.Vp8,
            [[0x10, 0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01, 1], [0x00, 1, 2], [0x90, 0x80, 0x81, 0x23, 0x11, 0, 0], [0x10, 0x01, 2, 3]])),
        ("frames-vp9", () => new FramesTarget(
            Codec.Vp9,
            [[0x8C, 0x81, 0x23, 0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0x0B, 0x30], [0xCC, 0x81, 0x24, 0x86, 0]],
            [
                [0xAE, 0x85, 0x00, 0x00, 0x38, 0x02, 0x80, 0x01, 0x68, 0x05, 0x00, 0x02, 0xD0, 0x02, 0x04, 1, 0x24, 2, 3, 0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0x0B, 0x30],
                [0xAC, 0x85, 0x02, 0x00, 1, 2],
            ])),
        ("frames-h264", () => new FramesTarget(
            Codec.H264,
            [
                [0x78, 0, 9, 0x67, 0x42, 0xE0, 0x1F, 0xDA, 0x02, 0x80, 0xBF, 0xE5, 0, 4, 0x68, 0xCE, 0x3C, 0x80],
                [0x7C, 0x85, 0x88, 1, 2], [0x7C, 0x45, 3, 4],
                [0x41, 0x9A, 1, 2],
            ],
            [
                [0x67, 0x64, 0x00, 0x1F, 0xAC, 0xD9, 0x40, 0x50, 0x05, 0xBB, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xC0, 0xF1, 0x83, 0x19, 0x60],
                [0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0], [0x65, 0x88, 0x84, 0],
            ])),
        ("frames-av1", () => new FramesTarget(
            Codec.Av1,
            [[0x28, 0x0B, 0x08, 0x00, 0x00, 0x00, 0x02, 0xAF, 0xFF, 0x9B, 0x5F, 0x30, 0x08, 0x32, 0x10, 0], [0x10, 0x32, 1, 2, 3]],
            [[0x58, 0x08, 0, 0, 0, 2, 0xAF, 0xFF], [0x90, 0x9B, 0x5F, 0x30, 0x08]])),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var frames = new Frames(input);
        // H264 may bring its parameter sets in the negotiated parameters.
        var fmtp = frames.TryNext(out var first) ? Encoding.Latin1.GetString(first) : "";
        var jitter = new JitterBuffer();
        var depacketiser = Depacketiser.Create(codec, 2, fmtp);
        var file = new File(codec, depacketiser);
        ushort sequence = 0;
        uint timestamp = 0;
        var now = 0L;
        while (frames.TryNext(out var packet))
        {
            if (packet.Length < 2)
            {
                continue;
            }

            sequence = (ushort)(sequence + 1 + (sbyte)packet[0]);
            timestamp += (uint)(packet[1] & 0x7F) * 3_000;
            now += 20_000_000;
            jitter.Add(sequence, timestamp, (packet[1] & 0x80) != 0, now, packet[2..]);
            Drain(jitter, now, depacketiser, file);
        }

        Drain(jitter, long.MaxValue, depacketiser, file);
        Demand.That(jitter.Count == 0, "A jitter buffer that waits for nothing is empty.");
        jitter.Clear();
        file.Check();
    }

    private static void Drain(JitterBuffer jitter, long now, Depacketiser depacketiser, File file)
    {
        while (jitter.TryTake(now, out var packet))
        {
            depacketiser.Push(new(packet.AfterGap, packet.Timestamp, packet.Marker, packet.Bytes.AsSpan(0, packet.Length)), file);
            JitterBuffer.Return(packet);
        }
    }

    private static byte[] Packets(byte[][] stream) => Frames.Join(
        stream.Select((payload, i) => (byte[])[0, (byte)(i == stream.Length - 1 || i % 2 == 1 ? 0x81 : 0x00), .. payload])
            .Prepend("profile-level-id=42e01f;sprop-parameter-sets=Z0LgH9oCgL/l,aM48gA=="u8.ToArray()));

    private sealed class File(Codec codec, Depacketiser depacketiser) : IFrameSink
    {
        private readonly MemoryStream _stream = new();
        private MatroskaWriter? _writer;
        private long _frames;

        public void OnFrame(in MediaFrame frame)
        {
            Demand.That(!frame.Data.IsEmpty, "A frame has bytes.");
            Demand.That(_writer is not null || frame.Keyframe, "The first frame is a keyframe.");
            Demand.That(!frame.Keyframe || !codec.IsVideo() || codec == Codec.Vp9 || frame is { Width: > 0, Height: > 0 }, "A keyframe has a size.");
            if (codec == Codec.H264)
            {
                AddsUp(frame.Data.Span);
            }

            _writer ??= new(_stream, new(codec, frame.Width, frame.Height, depacketiser.CodecPrivate), DateTimeOffset.UnixEpoch);
            _writer.Write(_frames++ * 20_000_000, frame.Keyframe, frame.Data.Span);
        }

        public void Check()
        {
            _writer?.Flush();
            _stream.Position = 0;
            var scan = MatroskaScan.Stream(_stream);
            Demand.That(scan.Frames == _frames, $"{_frames} frames were written, {scan.Frames} are in the file.");
            Demand.That(scan.LastTimestampNs == Math.Max(0, _frames - 1) * 20_000_000, "The last timestamp is in the file.");
        }

        // ISO/IEC 14496-15 §5.3.2: the lengths of the NAL units add up to the sample.
        private static void AddsUp(ReadOnlySpan<byte> sample)
        {
            while (!sample.IsEmpty)
            {
                Demand.That(sample.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(sample) <= sample.Length - 4, "NAL unit lengths add up.");
                sample = sample[(4 + (int)BinaryPrimitives.ReadUInt32BigEndian(sample))..];
            }
        }
    }
}
