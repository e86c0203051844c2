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
        SrtpProfile.AeadAes128Gcm => new EvpGcmCipher(keys),
        SrtpProfile.Aes128CmHmacSha1Tag80 => new EvpCounterCipher(keys),
        _ => throw new ArgumentOutOfRangeException(nameof(keys), keys.Profile, "No such SRTP protection profile."),
    };
}

/// <summary>The factory to use unless there is a reason: see the SRTP benchmark.</summary>
public static class SrtpCiphers
{
    public static ISrtpCipherFactory Default { get; } =
        EvpSrtpCipherFactory.IsAvailable ? EvpSrtpCipherFactory.Instance : ManagedSrtpCipherFactory.Instance;
}
