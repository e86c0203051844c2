using System.Runtime.InteropServices;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// The part of libcrypto 3 that SRTP and DTLS need. Per-packet calls leave out the GC transition: each lasts well under a
/// microsecond, takes no lock and calls nothing back.
/// </summary>
internal static unsafe partial class LibCrypto
{
    public const string Library = "libcrypto.so.3";

    // openssl/evp.h
    public const int ControlGcmSetIvLength = 0x9;
    public const int ControlGcmGetTag = 0x10;
    public const int ControlGcmSetTag = 0x11;

    public const int Encrypt = 1;
    public const int Decrypt = 0;

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_new")]
    public static partial nint NewCipherContext();

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_free")]
    public static partial void FreeCipherContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_fetch", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FetchCipher(nint libraryContext, string algorithm, nint properties);

    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex")]
    public static partial int InitCipher(nint context, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex")]
    [SuppressGCTransition]
    public static partial int SetIv(nint context, nint cipher, nint engine, nint key, byte* iv, int encrypt);

    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate")]
    [SuppressGCTransition]
    public static partial int UpdateCipher(nint context, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library, EntryPoint = "EVP_CipherFinal_ex")]
    [SuppressGCTransition]
    public static partial int FinishCipher(nint context, byte* output, int* outputLength);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_ctrl")]
    [SuppressGCTransition]
    public static partial int ControlCipher(nint context, int type, int argument, byte* pointer);

    [LibraryImport(Library, EntryPoint = "SHA1_Init")]
    [SuppressGCTransition]
    public static partial int InitSha1(Sha1State* state);

    [LibraryImport(Library, EntryPoint = "SHA1_Update")]
    [SuppressGCTransition]
    public static partial int UpdateSha1(Sha1State* state, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "SHA1_Final")]
    [SuppressGCTransition]
    public static partial int FinishSha1(byte* digest, Sha1State* state);

    /// <summary>SHA_CTX of openssl/sha.h: five words of state, two of length, a block, the bytes in it. Plain data, copied by value.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 96)]
    public struct Sha1State
    {
        private fixed uint _words[24];
    }
}
