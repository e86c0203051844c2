using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Events.Rtc.OpenSsl;

/// <summary>An EVP_CIPHER_CTX that keeps its key schedule for life; a packet sets only the IV.</summary>
internal sealed unsafe class EvpCipherContext : SafeHandle
{
    // A fetched cipher is immutable and shared by all contexts; fetching costs microseconds. They live as long as the process.
    private static readonly nint GcmCipher = Fetch("AES-128-GCM");
    private static readonly nint CounterCipher = Fetch("AES-128-CTR");

    private EvpCipherContext(nint cipher, ReadOnlySpan<byte> key)
        : base(0, ownsHandle: true)
    {
        SetHandle(LibCrypto.NewCipherContext());
        if (IsInvalid)
        {
            throw new CryptographicException("libcrypto has no memory for a cipher context.");
        }

        fixed (byte* pointer = key)
        {
            if (LibCrypto.InitCipher(handle, cipher, 0, pointer, null, LibCrypto.Encrypt) != 1)
            {
                throw new CryptographicException("libcrypto refuses the cipher key.");
            }
        }
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The default IV length of GCM is the 12 bytes that SRTP uses.</summary>
    public static EvpCipherContext Gcm(ReadOnlySpan<byte> key) => new(GcmCipher, key);

    public static EvpCipherContext Counter(ReadOnlySpan<byte> key) => new(CounterCipher, key);

    /// <summary>The bare pointer for a per-packet call; the caller keeps this object alive across it.</summary>
    public nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.FreeCipherContext(handle);
        return true;
    }

    private static nint Fetch(string name)
    {
        var cipher = LibCrypto.FetchCipher(0, name, 0);
        return cipher != 0 ? cipher : throw new CryptographicException($"libcrypto does not offer {name}.");
    }
}
