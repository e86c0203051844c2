namespace Events.Rtc.Protocol.Srtp;

/// <summary>Why a packet was dropped; counted, never thrown.</summary>
public enum SrtpRefusal
{
    None,

    /// <summary>Shorter than header, tag and index word.</summary>
    TooShort,

    /// <summary>Not RTP or RTCP version 2, or the header's lengths exceed the packet.</summary>
    Malformed,

    /// <summary>This index was accepted before.</summary>
    Replayed,

    /// <summary>Older than the replay window.</summary>
    TooOld,

    /// <summary>The tag does not fit: forged, damaged, or of other keys.</summary>
    NotAuthentic,

    /// <summary>SRTCP without the E bit; WebRTC always encrypts (RFC 8827 §6.5).</summary>
    NotEncrypted,

    /// <summary>A new SSRC beyond the limit of streams per association.</summary>
    TooManyStreams,
}
