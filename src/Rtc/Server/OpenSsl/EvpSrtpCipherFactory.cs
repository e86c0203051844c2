using System.Runtime.InteropServices;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>Ciphers of libcrypto 3 with contexts that live as long as the association.</summary>
public sealed class EvpSrtpCipherFactory : ISrtpCipherFactory
{
    public static readonly EvpSrtpCipherFactory Instance = new();

    /// <summary>Whether libcrypto 3 is installed.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(LibCrypto.Library, out _);

    public ISrtpCipher Create(SrtpSessionKeys keys) => keys.Profile switch
    {
        SrtpProfile.AeadAes128Gcm => new GcmSrtpCipher(new EvpAes128Gcm(keys.RtpKey), new EvpAes128Gcm(keys.RtcpKey), keys),
        SrtpProfile.Aes128CmHmacSha1Tag80 => new EvpCounterCipher(keys),
        _ => throw new ArgumentOutOfRangeException(nameof(keys), keys.Profile, "No such SRTP protection profile."),
    };
}

/// <summary>GCM by the processor's own instructions, the rest by another factory.</summary>
public sealed class HardwareSrtpCipherFactory(ISrtpCipherFactory others) : ISrtpCipherFactory
{
    public ISrtpCipher Create(SrtpSessionKeys keys) => keys.Profile == SrtpProfile.AeadAes128Gcm
        ? new GcmSrtpCipher(new HardwareAes128Gcm(keys.RtpKey), new HardwareAes128Gcm(keys.RtcpKey), keys)
        : others.Create(keys);
}

/// <summary>The factory to use unless there is a reason: the fastest that this machine has, by the SRTP benchmark.</summary>
public static class SrtpCiphers
{
    private static readonly ISrtpCipherFactory Library =
        EvpSrtpCipherFactory.IsAvailable ? EvpSrtpCipherFactory.Instance : ManagedSrtpCipherFactory.Instance;

    public static ISrtpCipherFactory Default { get; } = HardwareAes128Gcm.IsSupported ? new HardwareSrtpCipherFactory(Library) : Library;
}
