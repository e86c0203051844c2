using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Forwarding.Layers;

/// <summary>
/// AV1 by its dependency descriptor: the subscriber follows one decode target, and gets the frames that are present in it. Another target
/// begins with a frame that is a switch indication for it and whose references the subscriber was sent. A frame whose reference was
/// left out is left out too.
/// </summary>
internal sealed class DependencyFilter : FrameFilter
{
    private readonly FrameMemory _frames = new();
    private int _target = -1;

    public override void Begin(LayerTarget target)
    {
        base.Begin(target);
        _frames.Clear();
        _target = -1;
    }

    public override bool Keep(in VideoPacket video, uint timestamp, LayerTarget target, bool isLate, out bool firstOfDropped)
    {
        firstOfDropped = false;
        if (video.Structure is not { } structure)
        {
            return true; // No descriptor: one layer as far as anybody can tell.
        }

        var fate = _frames[video.FrameId, timestamp, 0];
        if (fate != FrameMemory.Fate.Unknown)
        {
            return fate == FrameMemory.Fate.Forwarded;
        }

        ref readonly var frame = ref video.Dependencies;
        var wanted = structure.FindTarget(target.Spatial, target.Temporal, frame.ActiveTargets);
        if (wanted < 0)
        {
            wanted = structure.FindTarget(LayerTarget.AllLayers, LayerTarget.AllLayers, frame.ActiveTargets);
        }

        if (!isLate)
        {
            Move(structure, frame, video.IsKeyframe, wanted);
        }

        var present = _target >= 0 && _target < structure.TargetCount && frame.IndicationOf(_target) != DecodeTargetIndication.NotPresent;
        var keep = present && !LacksReference(frame);
        if (present && !keep && frame.IndicationOf(_target) != DecodeTargetIndication.Discardable)
        {
            NeedsKeyframe = true; // More of this target hangs on what is missing.
        }

        _frames.Note(video.FrameId, timestamp, 0, keep);
        return keep;
    }

    public override bool EndsPicture(in VideoPacket video) => video.Structure is not null && video.EndsFrame && video.SpatialId == Spatial;

    private void Move(DependencyStructure structure, in DependencyFrame frame, bool isKeyframe, int wanted)
    {
        if (isKeyframe || (frame.HasStructure && frame.Differences.Count == 0 && frame.SpatialId == 0))
        {
            Enter(structure, wanted);
            NeedsKeyframe = false;
        }
        else if (wanted != _target && wanted >= 0)
        {
            if (frame.IndicationOf(wanted) == DecodeTargetIndication.Switch && HasReferences(frame))
            {
                Enter(structure, wanted);
                NeedsKeyframe = false;
            }
            else if (frame.TemporalId == 0 && frame.SpatialId == structure.SpatialOf(wanted) && structure.SpatialOf(wanted) != Spatial)
            {
                NeedsKeyframe = true; // This frame would have been the way in.
            }
        }
    }

    private void Enter(DependencyStructure structure, int target)
    {
        _target = target;
        if (target >= 0)
        {
            Spatial = structure.SpatialOf(target);
            Temporal = structure.TemporalOf(target);
        }
    }

    private bool HasReferences(in DependencyFrame frame)
    {
        for (var i = 0; i < frame.Differences.Count; i++)
        {
            if (_frames.OfFrame((ushort)(frame.Number - frame.Differences[i])) != FrameMemory.Fate.Forwarded)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A reference that has not been seen may still come, by retransmission; one that was left out never does.</summary>
    private bool LacksReference(in DependencyFrame frame)
    {
        for (var i = 0; i < frame.Differences.Count; i++)
        {
            if (_frames.OfFrame((ushort)(frame.Number - frame.Differences[i])) == FrameMemory.Fate.Dropped)
            {
                return true;
            }
        }

        return false;
    }
}
