using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>The VP9 payload descriptor in flexible and non-flexible mode (RFC 9628 §4.2).</summary>
public readonly struct Vp9Descriptor
{
    /// <summary>P_DIFF may stand three times (RFC 9628 §4.2).</summary>
    private const int MaxReferences = 3;

    private readonly byte _flags;
    private readonly byte _layer;
    private readonly byte _pictureIdOffset;
    private readonly byte _tl0PicIdxOffset;
    private readonly byte _resolutionsOffset;

    private Vp9Descriptor(ReadOnlySpan<byte> payload, in Offsets at)
    {
        _flags = payload[0];
        _layer = at.Layer > 0 ? payload[at.Layer] : (byte)0;
        _pictureIdOffset = (byte)at.PictureId;
        _tl0PicIdxOffset = (byte)at.Tl0PicIdx;
        _resolutionsOffset = (byte)at.Resolutions;
        SpatialLayerCount = (byte)at.SpatialLayers;
        Length = at.End;
        if (at.PictureId > 0)
        {
            PictureIdBits = (byte)((payload[at.PictureId] & 0x80) != 0 ? 15 : 7);
            PictureId = (ushort)(PictureIdBits == 15
                ? BinaryPrimitives.ReadUInt16BigEndian(payload[at.PictureId..]) & 0x7FFF
                : payload[at.PictureId]);
        }

        Tl0PicIdx = at.Tl0PicIdx > 0 ? payload[at.Tl0PicIdx] : (byte)0;
    }

    /// <summary>Bytes before the VP9 data.</summary>
    public int Length { get; }

    /// <summary>I.</summary>
    public bool HasPictureId => (_flags & 0x80) != 0;

    /// <summary>P: the frame is predicted from earlier pictures.</summary>
    public bool IsInterPicturePredicted => (_flags & 0x40) != 0;

    /// <summary>L.</summary>
    public bool HasLayerIds => (_flags & 0x20) != 0;

    /// <summary>F.</summary>
    public bool IsFlexible => (_flags & 0x10) != 0;

    /// <summary>B: first packet of a layer frame.</summary>
    public bool IsStartOfFrame => (_flags & 0x08) != 0;

    /// <summary>E: last packet of a layer frame.</summary>
    public bool IsEndOfFrame => (_flags & 0x04) != 0;

    /// <summary>V: a scalability structure stands in this packet.</summary>
    public bool HasScalabilityStructure => (_flags & 0x02) != 0;

    /// <summary>Z: no higher spatial layer is predicted from this frame.</summary>
    public bool IsNotReferenceForUpperLayers => (_flags & 0x01) != 0;

    /// <summary>7, 15, or 0 when absent.</summary>
    public byte PictureIdBits { get; }

    public ushort PictureId { get; }

    /// <summary>TID 0…7; 0 when absent.</summary>
    public byte TemporalId => (byte)(_layer >> 5);

    /// <summary>U: from this frame on a receiver may switch up to this temporal layer.</summary>
    public bool IsSwitchingUpPoint => (_layer & 0x10) != 0;

    /// <summary>SID 0…7; 0 when absent.</summary>
    public byte SpatialId => (byte)((_layer >> 1) & 7);

    /// <summary>D: predicted from the lower spatial layer of the same picture.</summary>
    public bool IsInterLayerPredicted => (_layer & 0x01) != 0;

    public bool HasTl0PicIdx => _tl0PicIdxOffset > 0;

    /// <summary>Running index of the pictures of temporal layer 0; non-flexible mode only.</summary>
    public byte Tl0PicIdx { get; }

    /// <summary>N_S + 1; 0 without a scalability structure.</summary>
    public byte SpatialLayerCount { get; }

    /// <summary>A picture that needs no other begins in this packet: its lowest spatial layer, not predicted.</summary>
    public bool IsKeyframe => IsStartOfFrame && !IsInterPicturePredicted && SpatialId == 0;

    public static bool TryRead(ReadOnlySpan<byte> payload, out Vp9Descriptor descriptor)
    {
        descriptor = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        var flags = payload[0];
        var at = default(Offsets);
        var next = 1;
        if ((flags & 0x80) != 0)
        {
            if (payload.Length <= next)
            {
                return false;
            }

            at.PictureId = next;
            next += (payload[next] & 0x80) != 0 ? 2 : 1;
        }

        if ((flags & 0x20) != 0)
        {
            at.Layer = next++;
            if ((flags & 0x10) == 0)
            {
                at.Tl0PicIdx = next++;
            }
        }

        // F and P: one to three differences, each telling by N whether another follows.
        if ((flags & 0x50) == 0x50)
        {
            for (var references = 1; ; references++)
            {
                if (payload.Length <= next)
                {
                    return false;
                }

                if ((payload[next++] & 1) == 0)
                {
                    break;
                }

                if (references == MaxReferences)
                {
                    return false;
                }
            }
        }

        if ((flags & 0x02) != 0 && !TrySkipStructure(payload, ref next, ref at))
        {
            return false;
        }

        if (payload.Length < next)
        {
            return false;
        }

        at.End = next;
        descriptor = new(payload, at);
        return true;
    }

    /// <summary>The size of a spatial layer, from the scalability structure in the payload that was read.</summary>
    public bool TryGetResolution(ReadOnlySpan<byte> payload, int spatialLayer, out ushort width, out ushort height)
    {
        var found = _resolutionsOffset > 0 && (uint)spatialLayer < SpatialLayerCount
            && payload.Length >= _resolutionsOffset + ((spatialLayer + 1) * 4);
        var offset = _resolutionsOffset + (spatialLayer * 4);
        width = found ? BinaryPrimitives.ReadUInt16BigEndian(payload[offset..]) : (ushort)0;
        height = found ? BinaryPrimitives.ReadUInt16BigEndian(payload[(offset + 2)..]) : (ushort)0;
        return found;
    }

    /// <summary>Replaces the picture id in a copy of the payload that was read; keeps its width, so the value is cut to 7 or 15 bits.</summary>
    public void WritePictureId(Span<byte> payload, ushort pictureId)
    {
        if (PictureIdBits == 15)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload[_pictureIdOffset..], (ushort)(0x8000 | pictureId));
        }
        else if (PictureIdBits == 7)
        {
            payload[_pictureIdOffset] = (byte)(pictureId & 0x7F);
        }
    }

    /// <summary>Replaces TL0PICIDX in a copy of the payload that was read; does nothing when absent.</summary>
    public void WriteTl0PicIdx(Span<byte> payload, byte tl0PicIdx)
    {
        if (HasTl0PicIdx)
        {
            payload[_tl0PicIdxOffset] = tl0PicIdx;
        }
    }

    /// <summary>RFC 9628 §4.2.1: N_S Y G, sizes of the layers, pictures of the group with their references.</summary>
    private static bool TrySkipStructure(ReadOnlySpan<byte> payload, ref int next, ref Offsets at)
    {
        if (payload.Length <= next)
        {
            return false;
        }

        var head = payload[next++];
        at.SpatialLayers = (head >> 5) + 1;
        if ((head & 0x10) != 0)
        {
            at.Resolutions = next;
            next += at.SpatialLayers * 4;
        }

        if ((head & 0x08) == 0)
        {
            return payload.Length >= next;
        }

        if (payload.Length <= next)
        {
            return false;
        }

        for (int pictures = payload[next++]; pictures > 0; pictures--)
        {
            if (payload.Length <= next)
            {
                return false;
            }

            next += 1 + ((payload[next] >> 2) & 3);
        }

        return payload.Length >= next;
    }

    private struct Offsets
    {
        public int PictureId;
        public int Layer;
        public int Tl0PicIdx;
        public int Resolutions;
        public int SpatialLayers;
        public int End;
    }
}
