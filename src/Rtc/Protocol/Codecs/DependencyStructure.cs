using System.Runtime.CompilerServices;

namespace Events.Rtc.Protocol.Codecs;

/// <summary>What a frame is to a decode target (RTP Payload Format for AV1, appendix A.6).</summary>
public enum DecodeTargetIndication : byte
{
    /// <summary>The target does without the frame.</summary>
    NotPresent,

    /// <summary>Of the target, and nothing of the target needs it.</summary>
    Discardable,

    /// <summary>When this frame is decodable, so is everything of the target from here on.</summary>
    Switch,

    /// <summary>Of the target, and something of it needs the frame.</summary>
    Required,
}

/// <summary>
/// The template dependency structure that a publisher sends with its keyframes (appendix A.8.2): which layers there are, which decode
/// targets are made of them. Filled in place, so that reading allocates nothing.
/// </summary>
public sealed class DependencyStructure
{
    /// <summary>Template ids have six bits.</summary>
    public const int MaxTemplates = 64;

    /// <summary>dt_cnt_minus_one has five bits.</summary>
    public const int MaxTargets = 32;

    /// <summary>temporal_id has three bits (AV1 bitstream specification §5.3.3), and so has no more than this what WebRTC makes of spatial_id.</summary>
    public const int MaxSpatialLayers = 8;

    private const int MaxTemporalLayers = 8;

    private readonly Template[] _templates = new Template[MaxTemplates];
    private readonly byte[] _targetSpatial = new byte[MaxTargets];
    private readonly byte[] _targetTemporal = new byte[MaxTargets];
    private readonly ushort[] _widths = new ushort[MaxSpatialLayers];
    private readonly ushort[] _heights = new ushort[MaxSpatialLayers];
    private int _idOffset;

    public int TemplateCount { get; private set; }

    public int TargetCount { get; private set; }

    /// <summary>Chains that protect decode targets; each frame says how far back each chain's last frame lies.</summary>
    public int ChainCount { get; private set; }

    public int SpatialLayers { get; private set; }

    public int TemporalLayers { get; private set; }

    public bool HasResolutions { get; private set; }

    /// <summary>Bit per decode target that there is.</summary>
    public uint AllTargets => (uint)((1UL << TargetCount) - 1);

    /// <summary>Highest spatial layer of a decode target.</summary>
    public byte SpatialOf(int target) => _targetSpatial[target];

    /// <summary>Highest temporal layer of a decode target.</summary>
    public byte TemporalOf(int target) => _targetTemporal[target];

    /// <summary>Pixels; 0 when the structure does not tell.</summary>
    public (ushort Width, ushort Height) ResolutionOf(int spatialLayer) =>
        HasResolutions && (uint)spatialLayer < (uint)SpatialLayers ? (_widths[spatialLayer], _heights[spatialLayer]) : default;

    /// <summary>The best decode target within the bounds that is active: highest spatial layer first. −1 when none is.</summary>
    public int FindTarget(int maxSpatial, int maxTemporal, uint active)
    {
        var best = -1;
        var bestRank = -1;
        for (var target = 0; target < TargetCount; target++)
        {
            var rank = (_targetSpatial[target] * 16) + _targetTemporal[target];
            if ((active & (1u << target)) != 0 && _targetSpatial[target] <= maxSpatial && _targetTemporal[target] <= maxTemporal && rank > bestRank)
            {
                best = target;
                bestRank = rank;
            }
        }

        return best;
    }

    internal bool TryGetTemplate(int templateId, out Template template)
    {
        var index = (templateId + MaxTemplates - _idOffset) % MaxTemplates;
        template = index < TemplateCount ? _templates[index] : default;
        return index < TemplateCount;
    }

    /// <summary>Reads template_dependency_structure(); false leaves it unusable.</summary>
    internal bool TryRead(ref BitReader bits)
    {
        _idOffset = (int)bits.Bits(6);
        TargetCount = (int)bits.Bits(5) + 1;
        if (!TryReadLayers(ref bits))
        {
            return false;
        }

        for (var i = 0; i < TemplateCount; i++)
        {
            _templates[i].Indications = ReadIndications(ref bits, TargetCount);
        }

        for (var i = 0; i < TemplateCount; i++)
        {
            _templates[i].Differences = default;
            while (bits.Flag())
            {
                if (!_templates[i].Differences.TryAdd((int)bits.Bits(4) + 1) || bits.Overrun)
                {
                    return false;
                }
            }
        }

        SkipChains(ref bits);
        ReadTargetLayers();
        HasResolutions = bits.Flag();
        for (var i = 0; i < SpatialLayers && HasResolutions; i++)
        {
            // Minus one on the wire; 65,536 pixels do not fit and mean nothing here.
            _widths[i] = (ushort)Math.Min(bits.Bits(16) + 1, ushort.MaxValue);
            _heights[i] = (ushort)Math.Min(bits.Bits(16) + 1, ushort.MaxValue);
        }

        return !bits.Overrun;
    }

    /// <summary>Two bits per decode target, the first target lowest.</summary>
    internal static ulong ReadIndications(ref BitReader bits, int targets)
    {
        ulong indications = 0;
        for (var target = 0; target < targets; target++)
        {
            indications |= (ulong)bits.Bits(2) << (2 * target);
        }

        return indications;
    }

    private bool TryReadLayers(ref BitReader bits)
    {
        byte spatial = 0;
        byte temporal = 0;
        byte maxTemporal = 0;
        TemplateCount = 0;
        while (true)
        {
            if (TemplateCount == MaxTemplates || spatial >= MaxSpatialLayers || temporal >= MaxTemporalLayers || bits.Overrun)
            {
                return false;
            }

            _templates[TemplateCount++] = new Template { SpatialId = spatial, TemporalId = temporal };
            maxTemporal = Math.Max(maxTemporal, temporal);
            switch (bits.Bits(2))
            {
                case 1:
                    temporal++;
                    break;
                case 2:
                    spatial++;
                    temporal = 0;
                    break;
                case 3:
                    SpatialLayers = spatial + 1;
                    TemporalLayers = maxTemporal + 1;
                    return true;
            }
        }
    }

    private void SkipChains(ref BitReader bits)
    {
        ChainCount = NonSymmetric(ref bits, TargetCount + 1);
        if (ChainCount == 0)
        {
            return;
        }

        for (var target = 0; target < TargetCount; target++)
        {
            NonSymmetric(ref bits, ChainCount);
        }

        for (var i = 0; i < TemplateCount * ChainCount; i++)
        {
            bits.Bits(4);
        }
    }

    private void ReadTargetLayers()
    {
        for (var target = 0; target < TargetCount; target++)
        {
            _targetSpatial[target] = 0;
            _targetTemporal[target] = 0;
            for (var i = 0; i < TemplateCount; i++)
            {
                if (((_templates[i].Indications >> (2 * target)) & 3) != 0)
                {
                    _targetSpatial[target] = Math.Max(_targetSpatial[target], _templates[i].SpatialId);
                    _targetTemporal[target] = Math.Max(_targetTemporal[target], _templates[i].TemporalId);
                }
            }
        }
    }

    /// <summary>ns(n) (AV1 bitstream specification §4.10.7).</summary>
    private static int NonSymmetric(ref BitReader bits, int n)
    {
        var width = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)n);
        var threshold = (1 << width) - n;
        var value = (int)bits.Bits(width - 1);
        return value < threshold ? value : (value << 1) - threshold + (int)bits.Bits(1);
    }

    internal struct Template
    {
        public byte SpatialId;
        public byte TemporalId;
        public ulong Indications;
        public FrameDifferences Differences;
    }
}

/// <summary>How far back the frames lie that a frame is predicted from, in frame numbers.</summary>
public struct FrameDifferences
{
    /// <summary>AV1 predicts from at most seven frames (AV1 bitstream specification §3, REFS_PER_FRAME).</summary>
    public const int Max = 8;

    private Values _values;

    public int Count { get; private set; }

    public readonly int this[int index] => _values[index];

    internal bool TryAdd(int difference)
    {
        if (Count == Max)
        {
            return false;
        }

        _values[Count++] = (ushort)difference;
        return true;
    }

    [InlineArray(Max)]
    private struct Values
    {
        private ushort _first;
    }
}
