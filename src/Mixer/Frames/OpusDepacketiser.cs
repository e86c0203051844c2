using Events.Mixer.Recording;
using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>
/// Opus: a packet is a frame (RFC 7587 §4.2). Packets of discontinuous transmission hold no audio and are left out; the silence is the
/// gap between timestamps.
/// </summary>
internal sealed class OpusDepacketiser(int channels) : Depacketiser
{
    private readonly byte[] _head = MatroskaWriter.OpusHead(channels == 0 ? 2 : channels);
    private readonly FrameBuffer _buffer = new();

    public override bool WaitsForKeyframe => false;

    public override ReadOnlyMemory<byte> CodecPrivate => _head;

    public override void Push(in OrderedPacket packet, IFrameSink sink)
    {
        if (!OpusPacket.TryRead(packet.Payload, out var opus) || opus.IsDtx)
        {
            return;
        }

        _buffer.Clear();
        if (_buffer.Append(packet.Payload))
        {
            sink.OnFrame(new(packet.Timestamp, Keyframe: true, _buffer.Written, 0, 0));
        }
    }
}
