using Events.Rtc.Protocol.Codecs;

namespace Events.Tests.Rtc.Protocol.Tests.Forwarding.Layers;

/// <summary>Writes dependency descriptors (RTP Payload Format for AV1, appendix A.8.2) for tests: one template per layer, everything else said per frame.</summary>
internal sealed class DescriptorWriter(int spatialLayers, int temporalLayers)
{
    private readonly List<bool> _bits = [];

    public int Targets => spatialLayers * temporalLayers;

    public int TemplateOf(int spatial, int temporal) => (spatial * temporalLayers) + temporal;

    /// <summary>Decode target (spatial, temporal) has the same index as the template of that layer.</summary>
    public byte[] Write(
        bool start, bool end, int templateIdOffset, int spatial, int temporal, ushort number,
        Func<int, int, int, int, DecodeTargetIndication>? structure, DecodeTargetIndication[]? indications, int[]? differences, uint? active = null,
        (int Width, int Height)[]? sizes = null)
    {
        _bits.Clear();
        Put(start ? 1u : 0, 1);
        Put(end ? 1u : 0, 1);
        Put((uint)((templateIdOffset + TemplateOf(spatial, temporal)) % 64), 6);
        Put(number, 16);
        Put(structure is null ? 0u : 1, 1);
        Put(active is null ? 0u : 1, 1);
        Put(indications is null ? 0u : 1, 1);
        Put(differences is null ? 0u : 1, 1);
        Put(0, 1);
        if (structure is not null)
        {
            WriteStructure(templateIdOffset, structure, sizes);
        }

        if (active is { } mask)
        {
            Put(mask, Targets);
        }

        foreach (var indication in indications ?? [])
        {
            Put((uint)indication, 2);
        }

        if (differences is not null)
        {
            foreach (var difference in differences)
            {
                Put(2, 2); // eight bits
                Put((uint)difference - 1, 8);
            }

            Put(0, 2);
        }

        var bytes = new byte[(_bits.Count + 7) / 8];
        for (var i = 0; i < _bits.Count; i++)
        {
            bytes[i / 8] |= (byte)(_bits[i] ? 0x80 >> (i % 8) : 0);
        }

        return bytes;
    }

    private void WriteStructure(int idOffset, Func<int, int, int, int, DecodeTargetIndication> indicationOf, (int Width, int Height)[]? sizes)
    {
        Put((uint)idOffset, 6);
        Put((uint)Targets - 1, 5);
        for (var s = 0; s < spatialLayers; s++)
        {
            for (var t = 0; t < temporalLayers; t++)
            {
                Put(s == spatialLayers - 1 && t == temporalLayers - 1 ? 3u : t == temporalLayers - 1 ? 2u : 1u, 2);
            }
        }

        for (var template = 0; template < Targets; template++)
        {
            for (var target = 0; target < Targets; target++)
            {
                Put((uint)indicationOf(template / temporalLayers, template % temporalLayers, target / temporalLayers, target % temporalLayers), 2);
            }
        }

        for (var template = 0; template < Targets; template++)
        {
            Put(0b1_0000_0, 6); // one reference, a frame back: what differs is said per frame
        }

        PutNonSymmetric(spatialLayers, Targets + 1);
        for (var target = 0; target < Targets; target++)
        {
            PutNonSymmetric(target / temporalLayers, spatialLayers);
        }

        for (var i = 0; i < Targets * spatialLayers; i++)
        {
            Put(1, 4);
        }

        Put(sizes is null ? 0u : 1, 1);
        foreach (var (width, height) in sizes ?? [])
        {
            Put((uint)width - 1, 16);
            Put((uint)height - 1, 16);
        }
    }

    private void Put(uint value, int count)
    {
        for (var i = count - 1; i >= 0; i--)
        {
            _bits.Add(((value >> i) & 1) != 0);
        }
    }

    /// <summary>ns(n), AV1 bitstream specification §4.10.7.</summary>
    private void PutNonSymmetric(int value, int n)
    {
        var width = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)n);
        var threshold = (1 << width) - n;
        if (value < threshold)
        {
            Put((uint)value, width - 1);
        }
        else
        {
            Put((uint)(value + threshold) >> 1, width - 1);
            Put((uint)(value + threshold) & 1, 1);
        }
    }
}
