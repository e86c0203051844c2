using Events.Rtc.Protocol.Forwarding;

namespace Events.Rtc.Rooms;

/// <summary>Why a subscriber is sent nothing of a video track. Each reason is lifted by whom it came from.</summary>
[Flags]
internal enum PauseReasons : byte
{
    None = 0,

    /// <summary>The viewer asked: its tile is off the screen.</summary>
    Viewer = 1,

    /// <summary>The track is not among the most recent speakers'.</summary>
    LastN = 2,

    /// <summary>The viewer's path has no room for it.</summary>
    Bandwidth = 4,

    /// <summary>The viewer's answer does not take its line.</summary>
    Refused = 8,
}

/// <summary>What the viewer wants of a video track, and what its path allows: which layer that makes.</summary>
internal struct LayerChoice
{
    /// <summary>Allowed by the viewer's bandwidth: index among the track's layers, low to high.</summary>
    public const int NoLimit = int.MaxValue;

    public LayerChoice()
    {
    }

    /// <summary>Pixels in which the viewer shows the track; 0: any size.</summary>
    public int MaxWidth { get; set; }

    public int MaxHeight { get; set; }

    /// <summary>Pictures a second; 0: as they come.</summary>
    public int MaxFrameRate { get; set; }

    public int LayerLimit { get; set; } = NoLimit;

    public byte TemporalLimit { get; set; } = LayerTarget.AllLayers;

    public PauseReasons Paused { get; set; }

    /// <summary>
    /// The wanted layer is the highest that fits the size and the limit, at least the lowest; what is given is that one, or the nearest
    /// below it that arrives, or the nearest above.
    /// </summary>
    /// <param name="layers">Low to high.</param>
    /// <param name="wanted">Index of the wanted layer; −1: none.</param>
    public readonly LayerTarget Choose(IReadOnlyList<VideoLayer> layers, out int wanted)
    {
        wanted = -1;
        if (Paused != PauseReasons.None)
        {
            return LayerTarget.Paused;
        }

        if (layers.Count == 0)
        {
            return new(0, LayerTarget.AllLayers, TemporalLimit);
        }

        wanted = 0;
        for (var i = 1; i < layers.Count && i <= LayerLimit; i++)
        {
            if (Fits(layers[i]))
            {
                wanted = i;
            }
        }

        var given = wanted;
        while (given >= 0 && !layers[given].IsActive)
        {
            given--;
        }

        for (var above = wanted + 1; given < 0 && above < layers.Count; above++)
        {
            given = layers[above].IsActive ? above : -1;
        }

        var layer = layers[Math.Max(given, 0)];
        return new(layer.Encoding.Index, layer.Spatial, Math.Min(TemporalLimit, TemporalOf(layer)));
    }

    /// <summary>The picture is no larger than wanted.</summary>
    public readonly bool Fits(VideoLayer layer) =>
        layer.Width == 0 || ((MaxWidth == 0 || layer.Width <= MaxWidth) && (MaxHeight == 0 || layer.Height <= MaxHeight));

    /// <summary>Highest temporal layer that is wanted of a layer.</summary>
    public readonly byte TemporalOf(VideoLayer layer)
    {
        if (MaxFrameRate <= 0 || layer.Temporal == 0)
        {
            return LayerTarget.AllLayers;
        }

        // A tenth more is the same rate measured.
        var fits = layer.Temporal;
        while (fits > 0 && layer.FrameRate(fits) > MaxFrameRate * 1.1)
        {
            fits--;
        }

        return fits == layer.Temporal ? LayerTarget.AllLayers : fits;
    }
}
