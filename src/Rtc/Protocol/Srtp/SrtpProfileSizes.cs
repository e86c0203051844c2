using System.Diagnostics.CodeAnalysis;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>Lengths in bytes that a profile fixes (RFC 5764 §4.1.2, RFC 7714 §12 and §14.2).</summary>
public static class SrtpProfileSizes
{
    /// <summary>Every supported profile uses AES-128.</summary>
    public const int KeyLength = 16;

    /// <summary>Room that any profile needs behind an RTP or RTCP packet: GCM tag (16) and SRTCP index word (4).</summary>
    public const int MaxOverhead = 16 + 4;

    /// <summary>The E|index word of SRTCP (RFC 3711 §3.4).</summary>
    public const int RtcpIndexLength = 4;

    /// <summary>What stays readable of RTCP: the first packet's header and its sender's SSRC.</summary>
    public const int RtcpHeaderLength = 8;

    /// <summary>The bit of the index word that says "encrypted".</summary>
    public const uint RtcpEncryptedBit = 0x8000_0000;

    public static int SaltLength(this SrtpProfile profile) => profile switch
    {
        SrtpProfile.AeadAes128Gcm => 12,
        SrtpProfile.Aes128CmHmacSha1Tag80 => 14,
        _ => ThrowUnknown(profile),
    };

    /// <summary>The HMAC-SHA1 key; an AEAD has none.</summary>
    public static int AuthKeyLength(this SrtpProfile profile) => profile switch
    {
        SrtpProfile.AeadAes128Gcm => 0,
        SrtpProfile.Aes128CmHmacSha1Tag80 => 20,
        _ => ThrowUnknown(profile),
    };

    public static int TagLength(this SrtpProfile profile) => profile switch
    {
        SrtpProfile.AeadAes128Gcm => 16,
        SrtpProfile.Aes128CmHmacSha1Tag80 => 10,
        _ => ThrowUnknown(profile),
    };

    /// <summary>What DTLS exports for both directions together (RFC 5764 §4.2): 56 for GCM, 60 for CM.</summary>
    public static int KeyingMaterialLength(this SrtpProfile profile) => 2 * (KeyLength + profile.SaltLength());

    [DoesNotReturn]
    private static int ThrowUnknown(SrtpProfile profile) =>
        throw new ArgumentOutOfRangeException(nameof(profile), profile, "No such SRTP protection profile.");
}
