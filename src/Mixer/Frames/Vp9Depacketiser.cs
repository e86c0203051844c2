using System.Buffers.Binary;
using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>
/// VP9 (RFC 9628). The layer frames of a picture become one superframe with an index behind it (VP9 bitstream specification, annex B), so that a
/// decoder shows the topmost only.
/// </summary>
internal sealed class Vp9Depacketiser : VideoDepacketiser
{
    /// <summary>Annex B: the index counts in three bits.</summary>
    private const int MaxLayerFrames = 8;

    private readonly List<int> _layerSizes = [];
    private int _layerStart;
    private bool _inLayer;
    private bool _keyframe;
    private int _width;
    private int _height;

    protected override bool StartsPicture(ReadOnlySpan<byte> payload) =>
        Vp9Descriptor.TryRead(payload, out var descriptor) && descriptor.IsStartOfFrame;

    protected override void Begin()
    {
        _layerSizes.Clear();
        _inLayer = false;
        _keyframe = false;
        _width = 0;
        _height = 0;
    }

    protected override bool Append(ReadOnlySpan<byte> payload)
    {
        if (!Vp9Descriptor.TryRead(payload, out var descriptor) || descriptor.IsStartOfFrame == _inLayer)
        {
            return false;
        }

        var data = payload[descriptor.Length..];
        if (descriptor.IsStartOfFrame)
        {
            _layerStart = Buffer.Length;
            _inLayer = true;
            if (Buffer.Length == 0)
            {
                _keyframe = descriptor.IsKeyframe && Vp9FrameHeader.TryReadKeyframeSize(data, out _width, out _height);
            }

            if (descriptor.TryGetResolution(payload, descriptor.SpatialLayerCount - 1, out var width, out var height))
            {
                _width = width;
                _height = height;
            }
        }

        if (!Buffer.Append(data))
        {
            return false;
        }

        if (descriptor.IsEndOfFrame)
        {
            _layerSizes.Add(Buffer.Length - _layerStart);
            _inLayer = false;
        }

        return _layerSizes.Count <= MaxLayerFrames;
    }

    protected override bool TryFinish(out bool keyframe, out int width, out int height)
    {
        keyframe = _keyframe;
        width = _width;
        height = _height;
        return !_inLayer && _layerSizes.Count > 0 && (_layerSizes.Count == 1 || AppendIndex());
    }

    private bool AppendIndex()
    {
        // Marker 110, sizes of four bytes (11), count − 1; the same byte on both sides of the sizes.
        Span<byte> index = stackalloc byte[2 + (MaxLayerFrames * 4)];
        var marker = (byte)(0b1101_1000 | (_layerSizes.Count - 1));
        index[0] = marker;
        for (var i = 0; i < _layerSizes.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(index[(1 + (i * 4))..], (uint)_layerSizes[i]);
        }

        var length = 2 + (_layerSizes.Count * 4);
        index[length - 1] = marker;
        return Buffer.Append(index[..length]);
    }
}
