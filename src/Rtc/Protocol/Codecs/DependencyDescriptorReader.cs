using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>What the dependency descriptor says of one frame (RTP Payload Format for AV1, appendix A).</summary>
public struct DependencyFrame
{
    public bool StartsFrame;
    public bool EndsFrame;

    /// <summary>The structure came with this very packet.</summary>
    public bool HasStructure;
    public ushort Number;
    public byte SpatialId;
    public byte TemporalId;

    /// <summary>Bit per decode target that the publisher produces now.</summary>
    public uint ActiveTargets;

    /// <summary>Two bits per decode target: <see cref="DecodeTargetIndication"/>.</summary>
    public ulong Indications;

    public FrameDifferences Differences;

    public readonly DecodeTargetIndication IndicationOf(int target) => (DecodeTargetIndication)((Indications >> (2 * target)) & 3);
}

/// <summary>
/// Reads the dependency descriptors of one stream: keeps the template structure of the newest keyframe, which every later packet refers to,
/// and the bitmask of active decode targets. Two structures are kept, so that a broken one does no harm; nothing is allocated
/// per packet.
/// </summary>
public sealed class DependencyDescriptorReader
{
    /// <summary>Flags and template id 1 + frame number 2; extended fields follow when there is more.</summary>
    private const int MandatoryLength = 3;

    /// <summary>Retransmissions come within a second or two; a number further back is an encoder that counts anew.</summary>
    private const int LateFrames = 256;

    private DependencyStructure _current = new();
    private DependencyStructure _spare = new();
    private bool _known;
    private ushort _structureFrame;
    private uint _active;
    private ushort _newest;

    /// <summary>Of the newest keyframe; null before the first.</summary>
    public DependencyStructure? Structure => _known ? _current : null;

    /// <summary>Forgets the structure: the source changed.</summary>
    public void Reset() => _known = false;

    /// <summary>False for a malformed descriptor, and for one that refers to a structure that is not the present one.</summary>
    public bool TryRead(ReadOnlySpan<byte> extension, out DependencyFrame frame)
    {
        frame = default;
        if (!DependencyDescriptor.TryRead(extension, out var head))
        {
            return false;
        }

        var bits = new BitReader(extension);
        bits.Bits(8 * MandatoryLength);
        bool hasIndications = false, hasDifferences = false, hasChains = false;
        if (extension.Length > MandatoryLength)
        {
            bits.Bits(2); // the two flags that the head shows
            (hasIndications, hasDifferences, hasChains) = (bits.Flag(), bits.Flag(), bits.Flag());
            if (head.HasTemplateStructure && !TryTakeStructure(ref bits, head.FrameNumber))
            {
                return false;
            }

            if (head.HasActiveDecodeTargets)
            {
                if (!_known)
                {
                    return false;
                }

                var active = bits.Bits(_current.TargetCount);
                // The first target is the lowest bit. A mask that leaves nothing is no word of a live stream, and one that comes late is over.
                var isLate = new SequenceNumber(_newest).DistanceFrom(new SequenceNumber(head.FrameNumber)) is > 0 and < LateFrames;
                _active = active == 0 || bits.Overrun || isLate ? _active : active;
                _newest = isLate ? _newest : head.FrameNumber;
            }
        }

        if (!_known || !_current.TryGetTemplate(head.TemplateId, out var template))
        {
            return false;
        }

        frame = new DependencyFrame
        {
            StartsFrame = head.IsStartOfFrame,
            EndsFrame = head.IsEndOfFrame,
            HasStructure = head.HasTemplateStructure,
            Number = head.FrameNumber,
            SpatialId = template.SpatialId,
            TemporalId = template.TemporalId,
            ActiveTargets = _active,
            Indications = hasIndications ? DependencyStructure.ReadIndications(ref bits, _current.TargetCount) : template.Indications,
            Differences = template.Differences,
        };
        if (hasDifferences && !TryReadDifferences(ref bits, out frame.Differences))
        {
            return false;
        }

        if (hasChains)
        {
            // frame_chains(): where the chains stand is not needed, since each frame's own references are followed.
            for (var i = 0; i < _current.ChainCount; i++)
            {
                bits.Bits(8);
            }
        }

        return !bits.Overrun;
    }

    private static bool TryReadDifferences(ref BitReader bits, out FrameDifferences differences)
    {
        differences = default;
        for (var size = bits.Bits(2); size != 0; size = bits.Bits(2))
        {
            if (!differences.TryAdd((int)bits.Bits((int)size * 4) + 1) || bits.Overrun)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A keyframe that comes late, by retransmission, must not replace the structure of a newer one.</summary>
    private bool TryTakeStructure(ref BitReader bits, ushort frameNumber)
    {
        if (!_spare.TryRead(ref bits))
        {
            return false;
        }

        if (_known && new SequenceNumber(_structureFrame).DistanceFrom(new SequenceNumber(frameNumber)) is > 0 and < LateFrames)
        {
            return false;
        }

        (_current, _spare) = (_spare, _current);
        _known = true;
        _structureFrame = frameNumber;
        _active = _current.AllTargets;
        _newest = frameNumber;
        return true;
    }
}
