using Events.Rtc.Protocol.Codecs;

namespace Events.Rtc.Protocol.Sdp;

/// <summary>What a publisher may send.</summary>
public sealed record CodecPolicy
{
    public static readonly CodecPolicy Default = new();

    /// <summary>Accepted audio codecs, preferred first.</summary>
    public IReadOnlyList<Codec> Audio { get; init; } = [Codec.Opus];

    /// <summary>Accepted video codecs, preferred first.</summary>
    public IReadOnlyList<Codec> Video { get; init; } = [Codec.Vp8, Codec.H264, Codec.Vp9, Codec.Av1];

    /// <summary>
    /// True (default) lists the accepted codecs as the offer orders them, so that the publisher sends its first choice; false as this
    /// policy orders them, so that it sends ours.
    /// </summary>
    public bool KeepOfferOrder { get; init; } = true;

    /// <summary>Prefers RED around Opus (RFC 2198) where it is offered. Default true: docs/decisions/0032-audio-with-redundancy.md. Never around stereo.</summary>
    public bool AudioRed { get; init; } = true;

    /// <summary>M-lines whose frames the client encrypts: nobody could take their RED apart, so it is not agreed on.</summary>
    public IReadOnlyCollection<string> EncryptedMids { get; init; } = [];

    /// <summary>Asks Opus publishers to fall silent between words (usedtx, RFC 7587 §6.1). Default true: fewer packets to forward.</summary>
    public bool OpusDtx { get; init; } = true;

    /// <summary>Simulcast layers accepted per track, 1–16; those past it are left out of the answer. Default 3.</summary>
    public int MaxSimulcastLayers { get; init; } = 3;
}
