using System.Runtime.CompilerServices;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Forwarding;

/// <summary>One way to send a track.</summary>
/// <param name="Spatial">Simulcast layer or spatial layer, 0 the smallest.</param>
/// <param name="Temporal">0 the fewest frames.</param>
/// <param name="Height">Of the picture; 0 when unknown.</param>
/// <param name="Bitrate">Of all that has to be sent for it; zero: the publisher does not send it now.</param>
public readonly record struct LayerRate(byte Spatial, byte Temporal, int Height, Bitrate Bitrate);

/// <summary>A track's layers from the smallest to the largest, in place: at most four spatial with three temporal each.</summary>
public struct LayerRates
{
    public const int Capacity = 12;

    private Layers _layers;

    public int Count { get; private set; }

    public readonly LayerRate this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            return _layers[index];
        }
    }

    public void Clear() => Count = 0;

    /// <summary>Appends the next larger layer; false when there are too many.</summary>
    public bool TryAdd(in LayerRate layer)
    {
        if (Count == Capacity)
        {
            return false;
        }

        _layers[Count++] = layer;
        return true;
    }

    [InlineArray(Capacity)]
    private struct Layers
    {
        private LayerRate _first;
    }
}
