using System.Buffers.Binary;
using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>The parameter sets of an H264 stream and the avcC record made of them (ISO/IEC 14496-15 §5.3.3.1).</summary>
internal sealed class H264ParameterSets
{
    /// <summary>A real set has below 100 bytes.</summary>
    private const int MaxSetLength = 4 * 1024;

    /// <summary>The count of picture parameter sets stands in a byte; encoders of calls use one to three.</summary>
    private const int MaxPictureSets = 16;

    private readonly SortedDictionary<uint, byte[]> _pictureSets = [];
    private byte[] _sequenceSet = [];

    public int Width { get; private set; }

    public int Height { get; private set; }

    public bool IsComplete => Width > 0 && _pictureSets.Count > 0;

    /// <summary>avcC; changes only with the sets.</summary>
    public byte[] Configuration { get; private set; } = [];

    /// <summary>Reads <c>sprop-parameter-sets</c> (RFC 6184 §8.1).</summary>
    public void AddFromFmtp(string fmtp)
    {
        const string Name = "sprop-parameter-sets=";
        foreach (var parameter in fmtp.Split(';', StringSplitOptions.TrimEntries))
        {
            if (!parameter.StartsWith(Name, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var nal = new byte[MaxSetLength];
            foreach (var set in parameter[Name.Length..].Split(','))
            {
                if (Convert.TryFromBase64String(set, nal, out var length) && length > 0)
                {
                    Add(nal.AsSpan(0, length));
                }
            }
        }
    }

    /// <summary>Takes any NAL unit; looks at parameter sets only.</summary>
    public void Add(ReadOnlySpan<byte> nal)
    {
        var type = nal.IsEmpty ? 0 : nal[0] & 0x1F;
        if (nal.Length > MaxSetLength)
        {
            return;
        }

        if (type == H264NalType.SequenceParameterSet && !nal.SequenceEqual(_sequenceSet)
            && H264SequenceParameterSet.TryReadSize(nal, out var width, out var height))
        {
            _sequenceSet = nal.ToArray();
            Width = width;
            Height = height;
            Rebuild();
        }
        else if (type == H264NalType.PictureParameterSet)
        {
            var bits = new BitReader(nal[1..]);
            var id = bits.ExpGolomb();
            if (!bits.Overrun && (_pictureSets.ContainsKey(id) || _pictureSets.Count < MaxPictureSets)
                && !(_pictureSets.TryGetValue(id, out var known) && nal.SequenceEqual(known)))
            {
                _pictureSets[id] = nal.ToArray();
                Rebuild();
            }
        }
    }

    private void Rebuild()
    {
        if (!IsComplete)
        {
            return;
        }

        using var record = new MemoryStream();
        Span<byte> length = stackalloc byte[2];

        // version 1, profile, compatibility, level, 4-byte lengths (6 reserved bits), one sequence set (3 reserved bits)
        record.Write([1, _sequenceSet[1], _sequenceSet[2], _sequenceSet[3], 0xFC | 3, 0xE0 | 1]);
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)_sequenceSet.Length);
        record.Write(length);
        record.Write(_sequenceSet);
        record.WriteByte((byte)_pictureSets.Count);
        foreach (var set in _pictureSets.Values)
        {
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)set.Length);
            record.Write(length);
            record.Write(set);
        }

        Configuration = record.ToArray();
    }
}
