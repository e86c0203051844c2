using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Forwarding;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;

/// <summary>A subscriber behind a <see cref="LayerSelector"/>, with a receiver that knows what each packet truly was and says when it could not decode.</summary>
internal sealed class LayeredViewer(LayeredSource source, string label)
{
    private const byte DescriptorId = 5;

    private readonly DependencyDescriptorReader[] _readers = [new(), new(), new()];
    private readonly byte[] _buffer = new byte[2_048];
    private readonly Dictionary<CodedFrame, int> _got = [];
    private readonly HashSet<CodedFrame> _decoded = [];
    private StreamRewriter _rewriter = MakeRewriter();

    public LayerSelector Selector { get; } = new(source.Codec, 1_000);

    public bool WantsKeyframe { get; private set; }

    public int Decoded => _decoded.Count;

    public MonotonicTime LastDecodedAt { get; private set; }

    public uint? LastTimestamp { get; private set; }

    public ushort? LastSequence { get; private set; }

    /// <summary>Numbers sent so far, with what they carried; null: padding.</summary>
    public Dictionary<ushort, SourcePacket?> Sent { get; } = [];

    public (ushort FrameId, byte Tl0)? LastVp8 { get; private set; }

    private CodedFrame? _lastFrame;
    private (uint Timestamp, bool Marker)? _lastPacket;

    public LayerDecision Give(SourcePacket given, MonotonicTime now, bool inOrder = true)
    {
        Assert.True(RtpReader.TryRead(given.Bytes, out var packet));
        packet.TryGetExtension(DescriptorId, out var descriptor);
        VideoPacket.Read(source.Codec, packet.Payload, descriptor, _readers[given.Encoding], out var video);
        var decision = Selector.Select(given.Encoding, 0, source.Clocks[given.Encoding], packet, video, now, out var sent);
        WantsKeyframe |= Selector.NeedsKeyframe && given.Encoding == Selector.Target.Encoding;
        if (decision == LayerDecision.Skip)
        {
            return decision;
        }

        var length = decision == LayerDecision.Fill
            ? _rewriter.WriteFill(sent, _buffer, out _)
            : _rewriter.WriteLayered(packet, video, sent, _buffer, out _);
        Assert.True(RtpReader.TryRead(_buffer.AsSpan(0, length), out var written));
        Assert.True(Sent.TryAdd(written.SequenceNumber.Value, decision == LayerDecision.Fill ? null : given), $"{label}: number {written.SequenceNumber} used twice");
        if (decision == LayerDecision.Forward)
        {
            Receive(written, given, now, inOrder);
        }

        return decision;
    }

    public bool TakeKeyframeWish()
    {
        var wish = WantsKeyframe;
        WantsKeyframe = false;
        return wish;
    }

    private void Receive(in RtpReader packet, SourcePacket given, MonotonicTime now, bool inOrder)
    {
        var timestamp = packet.Timestamp.Value;
        if (inOrder)
        {
            if (LastSequence is { } last)
            {
                Assert.True(packet.SequenceNumber.Value == (ushort)(last + 1), $"{label}: {last} is followed by {packet.SequenceNumber}");
                Assert.True((int)(timestamp - LastTimestamp!.Value) >= 0, $"{label}: the timestamp steps back");
            }

            if (_lastPacket is { } before && before.Timestamp != timestamp && _lastFrame is { } ended && _decoded.Contains(ended))
            {
                Assert.True(before.Marker, $"{label}: a picture ends without a marker");
            }

            _lastPacket = (timestamp, packet.Marker);
            LastSequence = packet.SequenceNumber.Value;
            LastTimestamp = timestamp;
            CheckIds(packet, given.Frame);
        }

        _lastFrame = given.Frame;
        _got[given.Frame] = _got.GetValueOrDefault(given.Frame) + 1;
        if (_got[given.Frame] == given.Frame.Packets.Count)
        {
            var undecodable = given.Frame.References.Find(r => !_decoded.Contains(r));
            Assert.True(
                undecodable is null || !inOrder,
                $"{label}: {Describe(given.Frame)} lacks {(undecodable is null ? "" : Describe(undecodable))}; current {Selector.Current}, target {Selector.Target}");
            if (undecodable is null)
            {
                _decoded.Add(given.Frame);
                LastDecodedAt = now;
            }
        }
    }

    private void CheckIds(in RtpReader packet, CodedFrame frame)
    {
        if (source.Codec != Codec.Vp8)
        {
            return;
        }

        Assert.True(Vp8Descriptor.TryRead(packet.Payload, out var vp8));
        if (LastVp8 is { } last)
        {
            var step = (vp8.PictureId - last.FrameId) & 0x7FFF;
            Assert.True(step == (frame == _lastFrame ? 0 : 1), $"{label}: picture id {last.FrameId} is followed by {vp8.PictureId}");
            var tl0 = (byte)(vp8.Tl0PicIdx - last.Tl0);
            Assert.True(tl0 == (frame != _lastFrame && frame.Temporal == 0 ? 1 : 0), $"{label}: TL0PICIDX {last.Tl0} is followed by {vp8.Tl0PicIdx}");
        }

        LastVp8 = (vp8.PictureId, vp8.Tl0PicIdx);
    }

    private static StreamRewriter MakeRewriter()
    {
        var rewriter = new StreamRewriter(7, 1_000);
        rewriter.Configure(100, 0, 0, descriptorIn: DescriptorId, descriptorOut: 12);
        return rewriter;
    }

    private static string Describe(CodedFrame frame) => $"e{frame.Encoding} S{frame.Spatial}T{frame.Temporal}{(frame.Key ? " key" : "")} @{frame.Capture / 3_000}";
}
