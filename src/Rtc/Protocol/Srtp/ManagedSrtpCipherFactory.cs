namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// Ciphers out of System.Security.Cryptography: two to four times slower than those of <c>Events.Rtc.OpenSsl</c>, and the second
/// opinion that the tests hold them against. The fallback where libcrypto 3 is missing.
/// </summary>
public sealed class ManagedSrtpCipherFactory : ISrtpCipherFactory
{
    public static readonly ManagedSrtpCipherFactory Instance = new();

    public ISrtpCipher Create(SrtpSessionKeys keys) => keys.Profile switch
    {
        SrtpProfile.AeadAes128Gcm => new GcmSrtpCipher(new ManagedAes128Gcm(keys.RtpKey), new ManagedAes128Gcm(keys.RtcpKey), keys),
        SrtpProfile.Aes128CmHmacSha1Tag80 => new ManagedCounterCipher(keys),
        _ => throw new ArgumentOutOfRangeException(nameof(keys), keys.Profile, "No such SRTP protection profile."),
    };
}
