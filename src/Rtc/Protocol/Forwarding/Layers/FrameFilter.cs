using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Forwarding.Layers;

/// <summary>
/// Decides which frames of one encoding a subscriber gets, so that what it gets can be decoded. One strategy per codec; this one is for
/// streams without layers and keeps everything.
/// </summary>
internal class FrameFilter
{
    /// <summary>Spatial and temporal layer that is forwarded now.</summary>
    public byte Spatial { get; protected set; }

    public byte Temporal { get; protected set; }

    /// <summary>The target cannot be reached, or the stream not be decoded any more, before the next keyframe.</summary>
    public bool NeedsKeyframe { get; protected set; }

    /// <summary>Frames that are left out give up their id, so that ids stay without gaps (VP8).</summary>
    public virtual bool ClosesFrameIds => false;

    public static FrameFilter Create(Codec codec) => codec switch
    {
        Codec.Vp8 => new Vp8Filter(),
        Codec.Vp9 => new Vp9Filter(),
        Codec.Av1 => new DependencyFilter(),
        _ => new FrameFilter(),
    };

    /// <summary>The encoding starts over at a keyframe.</summary>
    public virtual void Begin(LayerTarget target)
    {
        Spatial = target.Spatial;
        Temporal = target.Temporal;
        NeedsKeyframe = false;
    }

    /// <param name="video">The packet.</param>
    /// <param name="timestamp">Its RTP timestamp.</param>
    /// <param name="target">What the subscriber shall get.</param>
    /// <param name="isLate">Packets behind it were seen already: it follows the decision on its frame and changes none.</param>
    /// <param name="firstOfDropped">The first packet of a frame of which nothing is forwarded.</param>
    public virtual bool Keep(in VideoPacket video, uint timestamp, LayerTarget target, bool isLate, out bool firstOfDropped)
    {
        firstOfDropped = false;
        return true;
    }

    /// <summary>The packet ends what the subscriber gets of its picture, so it carries the marker.</summary>
    public virtual bool EndsPicture(in VideoPacket video) => false;
}
