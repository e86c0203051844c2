namespace Events.Rtc.Protocol.Forwarding;

/// <summary>Which layers of a track a subscriber shall get.</summary>
/// <param name="Encoding">Index of the simulcast encoding; −1: nothing, it is paused.</param>
/// <param name="Spatial">Highest spatial layer inside the encoding (SVC).</param>
/// <param name="Temporal">Highest temporal layer.</param>
public readonly record struct LayerTarget(int Encoding, byte Spatial, byte Temporal)
{
    /// <summary>More than any codec numbers (VP9: three bits each).</summary>
    public const byte AllLayers = 7;

    public static readonly LayerTarget Paused = new(-1, 0, 0);

    public bool IsPaused => Encoding < 0;
}
