using System.Buffers.Binary;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>
/// The VP8 payload descriptor, and the frame header behind it where a frame begins (RFC 7741 §4.2, §4.3). Remembers where the picture id and
/// TL0PICIDX stand, so that a copy of the payload can be rewritten in place.
/// </summary>
public readonly struct Vp8Descriptor
{
    // Uncompressed data chunk of a key frame: frame tag 3 + start code 3 + width 2 + height 2 (RFC 6386 §9.1).
    private const int KeyframeHeaderLength = 10;

    private readonly byte _pictureIdOffset;
    private readonly byte _tl0PicIdxOffset;

    private Vp8Descriptor(ReadOnlySpan<byte> payload, in Offsets at)
    {
        var first = payload[0];
        IsNonReference = (first & 0x20) != 0;
        IsStartOfPartition = (first & 0x10) != 0;
        PartitionIndex = (byte)(first & 0x07);
        Length = at.End;
        _pictureIdOffset = (byte)at.PictureId;
        _tl0PicIdxOffset = (byte)at.Tl0PicIdx;
        if (at.PictureId > 0)
        {
            PictureIdBits = (byte)((payload[at.PictureId] & 0x80) != 0 ? 15 : 7);
            PictureId = (ushort)(PictureIdBits == 15
                ? BinaryPrimitives.ReadUInt16BigEndian(payload[at.PictureId..]) & 0x7FFF
                : payload[at.PictureId]);
        }

        Tl0PicIdx = at.Tl0PicIdx > 0 ? payload[at.Tl0PicIdx] : (byte)0;
        HasTemporalId = at.HasTemporalId;
        HasKeyIndex = at.HasKeyIndex;
        if (at.HasTemporalId)
        {
            TemporalId = (byte)(payload[at.End - 1] >> 6);
            IsLayerSync = (payload[at.End - 1] & 0x20) != 0;
        }

        KeyIndex = (byte)(at.HasKeyIndex ? payload[at.End - 1] & 0x1F : 0);

        // RFC 7741 §4.3: the P bit (inverse key frame) is the lowest bit of the frame's first byte.
        if (IsStartOfFrame && payload.Length > at.End && (payload[at.End] & 1) == 0)
        {
            var frame = payload[at.End..];
            IsKeyframe = true;
            if (frame.Length >= KeyframeHeaderLength && frame[3] == 0x9D && frame[4] == 0x01 && frame[5] == 0x2A)
            {
                // The two bits above are a hint for upscaling.
                Width = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]) & 0x3FFF);
                Height = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(frame[8..]) & 0x3FFF);
            }
        }
    }

    /// <summary>Bytes before the VP8 data.</summary>
    public int Length { get; }

    /// <summary>N: no other frame needs this one, it may be dropped alone.</summary>
    public bool IsNonReference { get; }

    /// <summary>S.</summary>
    public bool IsStartOfPartition { get; }

    /// <summary>PID.</summary>
    public byte PartitionIndex { get; }

    /// <summary>The frame's first packet.</summary>
    public bool IsStartOfFrame => IsStartOfPartition && PartitionIndex == 0;

    public bool HasPictureId => _pictureIdOffset > 0;

    /// <summary>7, 15, or 0 when absent.</summary>
    public byte PictureIdBits { get; }

    public ushort PictureId { get; }

    public bool HasTl0PicIdx => _tl0PicIdxOffset > 0;

    /// <summary>Running index of the frames of temporal layer 0.</summary>
    public byte Tl0PicIdx { get; }

    public bool HasTemporalId { get; }

    /// <summary>TID 0…3; 0 when absent.</summary>
    public byte TemporalId { get; }

    /// <summary>Y: depends on layer 0 only, so a receiver may step up here.</summary>
    public bool IsLayerSync { get; }

    public bool HasKeyIndex { get; }

    /// <summary>KEYIDX 0…31.</summary>
    public byte KeyIndex { get; }

    /// <summary>A key frame begins in this packet.</summary>
    public bool IsKeyframe { get; }

    /// <summary>Pixels; 0 unless <see cref="IsKeyframe"/>.</summary>
    public ushort Width { get; }

    /// <summary>Pixels; 0 unless <see cref="IsKeyframe"/>.</summary>
    public ushort Height { get; }

    public static bool TryRead(ReadOnlySpan<byte> payload, out Vp8Descriptor descriptor)
    {
        descriptor = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        var at = default(Offsets);
        var next = 1;
        if ((payload[0] & 0x80) != 0)
        {
            if (payload.Length < 2)
            {
                return false;
            }

            var extension = payload[1];
            next = 2;
            if ((extension & 0x80) != 0)
            {
                if (payload.Length <= next)
                {
                    return false;
                }

                at.PictureId = next;
                next += (payload[next] & 0x80) != 0 ? 2 : 1;
            }

            if ((extension & 0x40) != 0)
            {
                at.Tl0PicIdx = next++;
            }

            at.HasTemporalId = (extension & 0x20) != 0;
            at.HasKeyIndex = (extension & 0x10) != 0;
            if (at.HasTemporalId || at.HasKeyIndex)
            {
                next++; // T and K share one byte
            }
        }

        if (payload.Length < next)
        {
            return false;
        }

        at.End = next;
        descriptor = new(payload, at);
        return true;
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

    private struct Offsets
    {
        public int PictureId;
        public int Tl0PicIdx;
        public int End;
        public bool HasTemporalId;
        public bool HasKeyIndex;
    }
}
