using System.Security.Cryptography;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>The keys that one direction works with, derived once per association (no re-keying, key derivation rate 0).</summary>
/// <param name="Profile">Decides what the other members hold.</param>
/// <param name="RtpKey">16 bytes.</param>
/// <param name="RtpSalt">14 bytes for CM, 12 for GCM.</param>
/// <param name="RtpAuthKey">20 bytes for CM, empty for GCM.</param>
/// <param name="RtcpKey">16 bytes.</param>
/// <param name="RtcpSalt">14 bytes for CM, 12 for GCM.</param>
/// <param name="RtcpAuthKey">20 bytes for CM, empty for GCM.</param>
public sealed record SrtpSessionKeys(
    SrtpProfile Profile,
    byte[] RtpKey,
    byte[] RtpSalt,
    byte[] RtpAuthKey,
    byte[] RtcpKey,
    byte[] RtcpSalt,
    byte[] RtcpAuthKey);

/// <summary>From master key and salt to session keys: RFC 3711 §4.3 with the AES-CM generator of §4.3.3.</summary>
public static class SrtpKeyDerivation
{
    // RFC 3711 §4.3.1 and §4.3.2.
    private const byte LabelRtpEncryption = 0;
    private const byte LabelRtpAuthentication = 1;
    private const byte LabelRtpSalt = 2;
    private const byte LabelRtcpEncryption = 3;
    private const byte LabelRtcpAuthentication = 4;
    private const byte LabelRtcpSalt = 5;
    private const int Labels = 6;

    private const int Block = 16;

    /// <summary>An authentication key has 20 bytes.</summary>
    private const int MaxBlocks = 2;

    // 112 bits (RFC 3711 §4.3.3); the 96 bits of GCM are padded with zeros on the right (RFC 7714 §11).
    private const int GeneratorSaltLength = 14;

    // key_id = label (8 bits) || r (48 bits), aligned to the right of the 112 bits.
    private const int LabelOffset = GeneratorSaltLength - 7;

    /// <exception cref="ArgumentException">Key or salt do not have the profile's lengths.</exception>
    public static SrtpSessionKeys Derive(SrtpProfile profile, ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt)
    {
        var saltLength = profile.SaltLength();
        var authLength = profile.AuthKeyLength();
        if (masterKey.Length != SrtpProfileSizes.KeyLength || masterSalt.Length != saltLength)
        {
            throw new ArgumentException($"{profile} takes a key of {SrtpProfileSizes.KeyLength} and a salt of {saltLength} bytes.");
        }

        // All counters at once: a call of the cipher costs more than its blocks.
        Span<byte> stream = stackalloc byte[Labels * MaxBlocks * Block];
        stream.Clear();
        for (var label = 0; label < Labels; label++)
        {
            for (var i = 0; i < MaxBlocks; i++)
            {
                var counter = stream.Slice(((label * MaxBlocks) + i) * Block, Block);
                masterSalt.CopyTo(counter);
                counter[LabelOffset] ^= (byte)label;
                counter[Block - 1] = (byte)i;
            }
        }

        using var aes = Aes.Create();
        aes.SetKey(masterKey);
        aes.EncryptEcb(stream, stream, PaddingMode.None);
        return new(
            profile,
            Of(stream, LabelRtpEncryption, SrtpProfileSizes.KeyLength),
            Of(stream, LabelRtpSalt, saltLength),
            Of(stream, LabelRtpAuthentication, authLength),
            Of(stream, LabelRtcpEncryption, SrtpProfileSizes.KeyLength),
            Of(stream, LabelRtcpSalt, saltLength),
            Of(stream, LabelRtcpAuthentication, authLength));
    }

    private static byte[] Of(ReadOnlySpan<byte> stream, byte label, int length) => stream.Slice(label * MaxBlocks * Block, length).ToArray();
}
