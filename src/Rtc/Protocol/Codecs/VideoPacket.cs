namespace Events.Rtc.Protocol.Codecs;

/// <summary>
/// What forwarding must know of one video packet: where it stands in its frame, which layer the frame is of, and what the frame may be
/// dropped or switched to on. Read once per packet, shared by all subscribers.
/// </summary>
public struct VideoPacket
{
    public Codec Codec;

    /// <summary>A picture that needs no other begins in this packet.</summary>
    public bool IsKeyframe;

    /// <summary>First packet of a layer frame.</summary>
    public bool StartsFrame;

    /// <summary>Last packet of a layer frame.</summary>
    public bool EndsFrame;

    /// <summary>The sender numbers temporal or spatial layers.</summary>
    public bool HasLayers;

    public byte SpatialId;
    public byte TemporalId;

    /// <summary>Picture id (VP8, VP9: the spatial layers of a picture share it) or frame number (AV1).</summary>
    public ushort FrameId;

    /// <summary>7, 15 or 16; 0: frames carry no id, so nothing can be left out of the stream.</summary>
    public byte FrameIdBits;

    /// <summary>VP8 Y (depends on the base layer only), VP9 U (what follows depends on nothing above before it).</summary>
    public bool IsSwitchPoint;

    /// <summary>VP9 P: predicted from earlier pictures.</summary>
    public bool IsInterPicturePredicted;

    /// <summary>VP9 D: predicted from the spatial layer below.</summary>
    public bool IsInterLayerPredicted;

    /// <summary>VP9 Z: no spatial layer above is predicted from it.</summary>
    public bool IsNotForUpperLayers;

    /// <summary>VP9: spatial layers by the scalability structure in this packet; 0 without one.</summary>
    public byte SpatialLayers;

    /// <summary>Running index of the base layer's frames, where <see cref="HasTl0PicIdx"/>.</summary>
    public byte Tl0PicIdx;
    public bool HasTl0PicIdx;

    /// <summary>AV1: where the frame stands among the decode targets of <see cref="Structure"/>.</summary>
    public DependencyFrame Dependencies;

    /// <summary>AV1 with a dependency descriptor: its template structure; else null.</summary>
    public DependencyStructure? Structure;

    private Vp8Descriptor _vp8;
    private Vp9Descriptor _vp9;

    /// <summary>Reads a payload. An empty one (padding only) or a malformed one gives a packet of no layer and no frame.</summary>
    /// <param name="codec">A video codec.</param>
    /// <param name="payload">Without padding.</param>
    /// <param name="descriptor">AV1: value of the dependency descriptor extension, empty without.</param>
    /// <param name="dependencies">AV1: of the packet's stream; null without.</param>
    /// <param name="packet">What was read.</param>
    public static void Read(
        Codec codec, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> descriptor, DependencyDescriptorReader? dependencies, out VideoPacket packet)
    {
        packet = default;
        packet.Codec = codec;
        switch (codec)
        {
            case Codec.Vp8:
                packet.ReadVp8(payload);
                break;
            case Codec.Vp9:
                packet.ReadVp9(payload);
                break;
            case Codec.H264:
                packet.IsKeyframe = H264Payload.TryRead(payload, out var h264) && h264.IsKeyframe;
                break;
            case Codec.Av1:
                packet.IsKeyframe = Av1Payload.TryRead(payload, out var av1) && av1.IsKeyframe;
                packet.ReadDependencies(descriptor, dependencies);
                break;
        }
    }

    /// <summary>Size of the picture that begins in this packet, as far as the payload tells; spatial layers have their own.</summary>
    public readonly bool TryGetSize(ReadOnlySpan<byte> payload, int spatialLayer, out int width, out int height)
    {
        (width, height) = (0, 0);
        switch (Codec)
        {
            case Codec.Vp8:
                (width, height) = (_vp8.Width, _vp8.Height);
                break;
            case Codec.Vp9 when _vp9.TryGetResolution(payload, spatialLayer, out var w, out var h):
                (width, height) = (w, h);
                break;
            case Codec.H264 when IsKeyframe:
                ReadParameterSet(payload, out width, out height);
                break;
            case Codec.Av1 when Structure is not null:
                (width, height) = Structure.ResolutionOf(spatialLayer);
                break;
        }

        return width > 0 && height > 0;
    }

    /// <summary>Writes other ids into a copy of the payload that was read.</summary>
    public readonly void WriteIds(Span<byte> payload, ushort frameId, byte tl0PicIdx)
    {
        if (Codec == Codec.Vp8)
        {
            _vp8.WritePictureId(payload, frameId);
            _vp8.WriteTl0PicIdx(payload, tl0PicIdx);
        }
        else if (Codec == Codec.Vp9)
        {
            _vp9.WritePictureId(payload, frameId);
            _vp9.WriteTl0PicIdx(payload, tl0PicIdx);
        }
    }

    private void ReadVp8(ReadOnlySpan<byte> payload)
    {
        if (!Vp8Descriptor.TryRead(payload, out _vp8))
        {
            return;
        }

        IsKeyframe = _vp8.IsKeyframe;
        StartsFrame = _vp8.IsStartOfFrame;
        HasLayers = _vp8.HasTemporalId;
        TemporalId = _vp8.TemporalId;
        FrameId = _vp8.PictureId;
        FrameIdBits = _vp8.PictureIdBits;
        IsSwitchPoint = _vp8.IsLayerSync;
        HasTl0PicIdx = _vp8.HasTl0PicIdx;
        Tl0PicIdx = _vp8.Tl0PicIdx;
    }

    private void ReadVp9(ReadOnlySpan<byte> payload)
    {
        if (!Vp9Descriptor.TryRead(payload, out _vp9))
        {
            return;
        }

        IsKeyframe = _vp9.IsKeyframe;
        StartsFrame = _vp9.IsStartOfFrame;
        EndsFrame = _vp9.IsEndOfFrame;
        HasLayers = _vp9.HasLayerIds;
        SpatialId = _vp9.SpatialId;
        TemporalId = _vp9.TemporalId;
        FrameId = _vp9.PictureId;
        FrameIdBits = _vp9.PictureIdBits;
        IsSwitchPoint = _vp9.IsSwitchingUpPoint;
        IsInterPicturePredicted = _vp9.IsInterPicturePredicted;
        IsInterLayerPredicted = _vp9.IsInterLayerPredicted;
        IsNotForUpperLayers = _vp9.IsNotReferenceForUpperLayers;
        SpatialLayers = _vp9.SpatialLayerCount;
        HasTl0PicIdx = _vp9.HasTl0PicIdx;
        Tl0PicIdx = _vp9.Tl0PicIdx;
    }

    private void ReadDependencies(ReadOnlySpan<byte> descriptor, DependencyDescriptorReader? dependencies)
    {
        if (descriptor.IsEmpty || dependencies is null || !dependencies.TryRead(descriptor, out Dependencies))
        {
            return;
        }

        Structure = dependencies.Structure;
        StartsFrame = Dependencies.StartsFrame;
        EndsFrame = Dependencies.EndsFrame;
        HasLayers = Structure!.TargetCount > 1;
        SpatialId = Dependencies.SpatialId;
        TemporalId = Dependencies.TemporalId;
        FrameId = Dependencies.Number;
        FrameIdBits = 16;
        SpatialLayers = (byte)(Dependencies.HasStructure ? Structure.SpatialLayers : 0);
    }

    private static void ReadParameterSet(ReadOnlySpan<byte> payload, out int width, out int height)
    {
        (width, height) = (0, 0);
        if (!H264Payload.TryRead(payload, out var h264))
        {
            return;
        }

        foreach (var nal in h264)
        {
            if ((nal[0] & 0x1F) == H264NalType.SequenceParameterSet && H264SequenceParameterSet.TryReadSize(nal, out width, out height))
            {
                return;
            }
        }
    }
}
