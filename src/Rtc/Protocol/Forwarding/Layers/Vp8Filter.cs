using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Forwarding.Layers;

/// <summary>
/// VP8's temporal layers (RFC 7741 §4.2): down with any frame, since no lower layer is predicted from a higher one; up where a frame of the
/// higher layer says that it depends on the base layer only (Y), or at a keyframe.
/// </summary>
internal sealed class Vp8Filter : FrameFilter
{
    private readonly FrameMemory _frames = new();

    public override bool ClosesFrameIds => true;

    public override void Begin(LayerTarget target)
    {
        base.Begin(target);
        _frames.Clear();
    }

    public override bool Keep(in VideoPacket video, uint timestamp, LayerTarget target, bool isLate, out bool firstOfDropped)
    {
        firstOfDropped = false;
        if (video.FrameIdBits == 0)
        {
            return true; // Without an id the receiver would take the gap for loss.
        }

        var fate = _frames[video.FrameId, timestamp, 0];
        if (fate != FrameMemory.Fate.Unknown)
        {
            return fate == FrameMemory.Fate.Forwarded;
        }

        if (!isLate)
        {
            Move(video, target);
        }

        var keep = video.TemporalId <= Temporal;
        _frames.Note(video.FrameId, timestamp, 0, keep);
        firstOfDropped = !keep;
        return keep;
    }

    private void Move(in VideoPacket video, LayerTarget target)
    {
        if (video.IsKeyframe || target.Temporal < Temporal)
        {
            Temporal = target.Temporal;
        }
        else if (video.TemporalId > Temporal && video.TemporalId <= target.Temporal && video.IsSwitchPoint)
        {
            Temporal = video.TemporalId;
        }
    }
}
