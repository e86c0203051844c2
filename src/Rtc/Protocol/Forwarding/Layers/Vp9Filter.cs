using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Forwarding.Layers;

/// <summary>
/// VP9's spatial and temporal layers in one stream, flexible mode or not (RFC 9628 §3, §4.2). Decided per picture and layer: a higher
/// spatial layer begins where it is not predicted from an earlier picture; a lower one at once if it has been sent all along, else
/// (key-picture SVC, where lower layers are left out between keyframes) at the next keyframe. Picture ids keep their distances, by which
/// both modes name references.
/// </summary>
internal sealed class Vp9Filter : FrameFilter
{
    private readonly FrameMemory _pictures = new();
    private ushort _picture;
    private uint _timestamp;
    private bool _started;
    private byte _nextTemporal;

    /// <summary>Bit per spatial layer of which a frame was left out since the last keyframe.</summary>
    private byte _incomplete;

    public override void Begin(LayerTarget target)
    {
        base.Begin(target);
        _nextTemporal = Temporal;
        _pictures.Clear();
        _started = false;
        _incomplete = 0;
    }

    public override bool Keep(in VideoPacket video, uint timestamp, LayerTarget target, bool isLate, out bool firstOfDropped)
    {
        firstOfDropped = false;
        if (video.FrameIdBits == 0 || !video.HasLayers)
        {
            return true;
        }

        var fate = _pictures[video.FrameId, timestamp, video.SpatialId];
        if (fate != FrameMemory.Fate.Unknown)
        {
            return fate == FrameMemory.Fate.Forwarded;
        }

        if (!isLate && (!_started || _picture != video.FrameId || _timestamp != timestamp))
        {
            _started = true;
            (_picture, _timestamp) = (video.FrameId, timestamp);
            StartPicture(video, target);
        }

        var keep = video.TemporalId <= Temporal && KeepLayer(video, timestamp, target, isLate);
        _pictures.Note(video.FrameId, timestamp, video.SpatialId, keep);
        if (!keep && video.TemporalId <= Temporal)
        {
            _incomplete |= (byte)(1 << video.SpatialId);
        }

        if (keep && video.IsSwitchPoint && !isLate)
        {
            _nextTemporal = target.Temporal; // What follows above depends on nothing above before this picture.
        }

        return keep;
    }

    public override bool EndsPicture(in VideoPacket video) => video.HasLayers && video.EndsFrame && video.SpatialId == Spatial;

    private void StartPicture(in VideoPacket video, LayerTarget target)
    {
        if (!video.IsInterPicturePredicted && video.SpatialId == 0)
        {
            // A key picture holds every layer there is, so the topmost one is known before its frame comes.
            Spatial = (byte)Math.Min(target.Spatial, video.SpatialLayers > 0 ? video.SpatialLayers - 1 : target.Spatial);
            Temporal = target.Temporal;
            _nextTemporal = Temporal;
            _incomplete = 0;
            NeedsKeyframe = false;
            return;
        }

        Temporal = Math.Min(_nextTemporal, target.Temporal);
        _nextTemporal = Temporal;
        if (target.Spatial < Spatial)
        {
            var lower = (1 << (target.Spatial + 1)) - 1;
            if ((_incomplete & lower) == 0)
            {
                Spatial = target.Spatial;
            }
        }

        NeedsKeyframe = target.Spatial < Spatial;
    }

    private bool KeepLayer(in VideoPacket video, uint timestamp, LayerTarget target, bool isLate)
    {
        if (video.SpatialId == Spatial)
        {
            return true;
        }

        if (video.SpatialId < Spatial)
        {
            return !(video.IsNotForUpperLayers && video.IsInterPicturePredicted);
        }

        if (isLate || video.SpatialId > target.Spatial)
        {
            return false;
        }

        var below = video.SpatialId - 1;
        if (below == Spatial
            && !video.IsInterPicturePredicted
            && (!video.IsInterLayerPredicted || _pictures[video.FrameId, timestamp, below] == FrameMemory.Fate.Forwarded))
        {
            Spatial = video.SpatialId;
            return true;
        }

        NeedsKeyframe = true; // A layer that is wanted and there, and cannot be entered here.
        return false;
    }
}
