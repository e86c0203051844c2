using System.Security.Cryptography;
using static Events.Rtc.OpenSsl.LibCrypto;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// HMAC-SHA1 (RFC 2104) whose two key blocks are hashed once: a packet starts from copies of the saved states. The
/// low-level SHA1_* calls take their state as plain memory, where EVP_MD_CTX_copy_ex would allocate per packet.
/// </summary>
internal sealed unsafe class HmacSha1
{
    public const int DigestLength = 20;

    private const int BlockLength = 64;

    private readonly Sha1State _inner;
    private readonly Sha1State _outer;

    /// <param name="key">At most one block (64 bytes); SRTP's has 20.</param>
    public HmacSha1(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, BlockLength);
        _inner = Absorb(key, 0x36);
        _outer = Absorb(key, 0x5C);
    }

    /// <summary>The digest of data followed by tail.</summary>
    public void Compute(ReadOnlySpan<byte> data, ReadOnlySpan<byte> tail, Span<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(digest.Length, DigestLength);
        var inner = _inner;
        var outer = _outer;
        fixed (byte* dataPointer = data, tailPointer = tail, digestPointer = digest)
        {
            if (UpdateSha1(&inner, dataPointer, (nuint)data.Length) != 1
                || (tail.Length > 0 && UpdateSha1(&inner, tailPointer, (nuint)tail.Length) != 1)
                || FinishSha1(digestPointer, &inner) != 1
                || UpdateSha1(&outer, digestPointer, DigestLength) != 1
                || FinishSha1(digestPointer, &outer) != 1)
            {
                throw new CryptographicException("libcrypto failed at SHA-1.");
            }
        }
    }

    private static Sha1State Absorb(ReadOnlySpan<byte> key, byte pad)
    {
        Span<byte> block = stackalloc byte[BlockLength];
        block.Fill(pad);
        for (var i = 0; i < key.Length; i++)
        {
            block[i] ^= key[i];
        }

        Sha1State state;
        fixed (byte* pointer = block)
        {
            if (InitSha1(&state) != 1 || UpdateSha1(&state, pointer, BlockLength) != 1)
            {
                throw new CryptographicException("libcrypto failed at SHA-1.");
            }
        }

        return state;
    }
}
