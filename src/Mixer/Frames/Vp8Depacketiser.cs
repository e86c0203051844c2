using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>VP8 (RFC 7741).</summary>
internal sealed class Vp8Depacketiser : VideoDepacketiser
{
    private Vp8Descriptor _first;

    protected override bool StartsPicture(ReadOnlySpan<byte> payload) =>
        Vp8Descriptor.TryRead(payload, out var descriptor) && descriptor.IsStartOfFrame;

    protected override void Begin() => _first = default;

    protected override bool Append(ReadOnlySpan<byte> payload)
    {
        if (!Vp8Descriptor.TryRead(payload, out var descriptor))
        {
            return false;
        }

        if (Buffer.Length == 0)
        {
            _first = descriptor;
        }

        return Buffer.Append(payload[descriptor.Length..]);
    }

    protected override bool TryFinish(out bool keyframe, out int width, out int height)
    {
        keyframe = _first.IsKeyframe;
        width = _first.Width;
        height = _first.Height;
        return !keyframe || (width > 0 && height > 0);
    }
}
