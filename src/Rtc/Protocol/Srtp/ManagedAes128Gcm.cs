using System.Security.Cryptography;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>AES-128-GCM by <see cref="AesGcm"/>.</summary>
internal sealed class ManagedAes128Gcm(ReadOnlySpan<byte> key) : IAes128Gcm
{
    private readonly AesGcm _gcm = new(key, 16);

    public void Seal(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag) =>
        _gcm.Encrypt(iv, data, data, tag, associated);

    public bool TryOpen(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        // AesGcm has no way to say "not authentic" but by throwing.
        try
        {
            _gcm.Decrypt(iv, data, tag, data, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _gcm.Dispose();
}
