using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>AES-128-GCM by libcrypto, with a context that lives as long as its key.</summary>
internal sealed unsafe class EvpAes128Gcm(byte[] key) : IAes128Gcm
{
    private const int TagLength = 16;

    private readonly EvpCipherContext _context = EvpCipherContext.Gcm(key);

    public void Seal(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag)
    {
        var context = _context.Pointer;
        fixed (byte* ivPointer = iv, associatedPointer = associated, dataPointer = data, tagPointer = tag)
        {
            int written;
            byte none;
            if (LibCrypto.SetIv(context, 0, 0, 0, ivPointer, LibCrypto.Encrypt) != 1
                || LibCrypto.UpdateCipher(context, null, &written, associatedPointer, associated.Length) != 1
                || (data.Length > 0 && LibCrypto.UpdateCipher(context, dataPointer, &written, dataPointer, data.Length) != 1)
                || LibCrypto.FinishCipher(context, &none, &written) != 1
                || LibCrypto.ControlCipher(context, LibCrypto.ControlGcmGetTag, TagLength, tagPointer) != 1)
            {
                ThrowFailed();
            }
        }

        GC.KeepAlive(_context);
    }

    public bool TryOpen(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        var context = _context.Pointer;
        bool authentic;
        fixed (byte* ivPointer = iv, associatedPointer = associated, dataPointer = data, tagPointer = tag)
        {
            int written;
            byte none;
            if (LibCrypto.SetIv(context, 0, 0, 0, ivPointer, LibCrypto.Decrypt) != 1
                || LibCrypto.UpdateCipher(context, null, &written, associatedPointer, associated.Length) != 1
                || (data.Length > 0 && LibCrypto.UpdateCipher(context, dataPointer, &written, dataPointer, data.Length) != 1)
                || LibCrypto.ControlCipher(context, LibCrypto.ControlGcmSetTag, TagLength, tagPointer) != 1)
            {
                ThrowFailed();
            }

            authentic = LibCrypto.FinishCipher(context, &none, &written) == 1;
        }

        GC.KeepAlive(_context);
        return authentic;
    }

    public void Dispose() => _context.Dispose();

    [DoesNotReturn]
    private static void ThrowFailed() => throw new CryptographicException("libcrypto failed at AES-GCM.");
}
