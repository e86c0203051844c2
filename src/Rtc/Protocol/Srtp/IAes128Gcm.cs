namespace Events.Rtc.Protocol.Srtp;

/// <summary>AES-128-GCM under one key with 12-byte nonces and 16-byte tags (NIST SP 800-38D), in place. Not thread-safe.</summary>
public interface IAes128Gcm : IDisposable
{
    /// <summary>Encrypts <paramref name="data"/> and writes the tag over it and <paramref name="associated"/>.</summary>
    void Seal(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag);

    /// <summary>Verifies and decrypts. On false <paramref name="data"/> is undefined.</summary>
    bool TryOpen(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag);

    /// <summary>It is used soon: see <see cref="Primitives.Prefetch"/>.</summary>
    void Fetch()
    {
    }
}
