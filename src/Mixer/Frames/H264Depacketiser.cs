using System.Buffers.Binary;
using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>H264 (RFC 6184, packetization modes 0 and 1) into length-prefixed NAL units (ISO/IEC 14496-15), with its parameter sets as avcC.</summary>
internal sealed class H264Depacketiser : VideoDepacketiser
{
    private const byte FillerData = 12;
    private const int LengthPrefix = 4;

    private readonly H264ParameterSets _sets = new();
    private int _fragmentStart = -1;
    private bool _idr;

    public H264Depacketiser(string fmtp) => _sets.AddFromFmtp(fmtp);

    public override ReadOnlyMemory<byte> CodecPrivate => _sets.Configuration;

    protected override bool StartsPicture(ReadOnlySpan<byte> payload) =>
        H264Payload.TryRead(payload, out var h264) && (!h264.IsFragment || h264.IsFragmentStart);

    protected override void Begin()
    {
        _fragmentStart = -1;
        _idr = false;
    }

    protected override bool Append(ReadOnlySpan<byte> payload)
    {
        if (!H264Payload.TryRead(payload, out var h264))
        {
            return false;
        }

        if (h264.IsFragment)
        {
            return AppendFragment(h264);
        }

        if (_fragmentStart >= 0)
        {
            return false;
        }

        foreach (var nal in h264)
        {
            if (!AppendNal(nal))
            {
                return false;
            }
        }

        return true;
    }

    protected override bool TryFinish(out bool keyframe, out int width, out int height)
    {
        keyframe = _idr && _sets.IsComplete;
        width = _sets.Width;
        height = _sets.Height;

        // An IDR picture without its parameter sets cannot be decoded; ask again.
        return _fragmentStart < 0 && (!_idr || keyframe);
    }

    private bool AppendNal(ReadOnlySpan<byte> nal)
    {
        var type = (byte)(nal[0] & 0x1F);
        if (type is H264NalType.AccessUnitDelimiter or FillerData)
        {
            return true;
        }

        _sets.Add(nal);
        _idr |= type == H264NalType.IdrSlice;
        Span<byte> length = stackalloc byte[LengthPrefix];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)nal.Length);
        return Buffer.Append(length) && Buffer.Append(nal);
    }

    private bool AppendFragment(in H264Payload h264)
    {
        if (h264.IsFragmentStart != _fragmentStart < 0)
        {
            return false;
        }

        if (h264.IsFragmentStart)
        {
            _fragmentStart = Buffer.Length;
            _idr |= (h264.FragmentedNalHeader & 0x1F) == H264NalType.IdrSlice;
            if (!Buffer.Append([0, 0, 0, 0, h264.FragmentedNalHeader]))
            {
                return false;
            }
        }

        if (!Buffer.Append(h264.Fragment))
        {
            return false;
        }

        if (h264.IsFragmentEnd)
        {
            var nal = Buffer.Span[(_fragmentStart + LengthPrefix)..];
            BinaryPrimitives.WriteUInt32BigEndian(Buffer.Span[_fragmentStart..], (uint)nal.Length);
            _sets.Add(nal);
            _fragmentStart = -1;
        }

        return true;
    }
}
