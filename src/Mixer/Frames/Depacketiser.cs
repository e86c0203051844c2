using Events.Rtc.Protocol.Codecs;

namespace Events.Mixer.Frames;

/// <summary>One RTP payload, in order.</summary>
/// <param name="afterGap">Packets before this one were lost.</param>
/// <param name="timestamp">RTP timestamp.</param>
/// <param name="marker">RTP marker: the last packet of a picture.</param>
/// <param name="payload">Without header and padding.</param>
public readonly ref struct OrderedPacket(bool afterGap, uint timestamp, bool marker, ReadOnlySpan<byte> payload)
{
    public bool AfterGap { get; } = afterGap;

    public uint Timestamp { get; } = timestamp;

    public bool Marker { get; } = marker;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>Takes whole frames.</summary>
public interface IFrameSink
{
    /// <summary>The frame's data are valid during the call only.</summary>
    void OnFrame(in MediaFrame frame);
}

/// <summary>Puts the RTP payloads of one stream together into frames as Matroska stores them.</summary>
public abstract class Depacketiser
{
    /// <summary>Nothing can be decoded before the next keyframe: ask for one.</summary>
    public abstract bool WaitsForKeyframe { get; }

    /// <summary>What a decoder needs before the frame that was last given out: avcC, av1C, OpusHead, or empty.</summary>
    public virtual ReadOnlyMemory<byte> CodecPrivate => ReadOnlyMemory<byte>.Empty;

    /// <summary>Takes the next packet in order and gives the frames that it completes. Malformed payloads count as lost.</summary>
    public abstract void Push(in OrderedPacket packet, IFrameSink sink);

    /// <param name="codec">Which.</param>
    /// <param name="channels">Audio channels.</param>
    /// <param name="fmtp">Negotiated parameters; H264 may carry its parameter sets there.</param>
    public static Depacketiser Create(Codec codec, int channels, string fmtp) => codec switch
    {
        Codec.Opus => new OpusDepacketiser(channels),
        Codec.Vp8 => new Vp8Depacketiser(),
        Codec.Vp9 => new Vp9Depacketiser(),
        Codec.H264 => new H264Depacketiser(fmtp),
        Codec.Av1 => new Av1Depacketiser(),
        _ => throw new ArgumentOutOfRangeException(nameof(codec)),
    };
}
