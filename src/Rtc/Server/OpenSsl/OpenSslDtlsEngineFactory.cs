using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// One self-signed certificate (ECDSA P-256) and one SSL_CTX for all engines of a process. Thread-safe; engines outlive it.
/// </summary>
public sealed unsafe class OpenSslDtlsEngineFactory : IDtlsEngineFactory, IDisposable
{
    // Forward secrecy and AEAD only (RFC 8827 §6.5 demands the first of them).
    private const string Ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

    // No peer looks at the dates, the fingerprint alone counts (RFC 8827 §6.5); longer than any process runs.
    private const int CertificateYears = 10;

    private readonly SslContextHandle _context = new();

    public OpenSslDtlsEngineFactory()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = DateTimeOffset.UtcNow;
        using var certificate = new CertificateRequest("CN=events", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddYears(CertificateYears));
        LocalFingerprint = new("sha-256", SHA256.HashData(certificate.RawData));
        try
        {
            Configure(certificate.RawData, key.ExportECPrivateKey());
        }
        catch
        {
            _context.Dispose();
            throw;
        }
    }

    public Fingerprint LocalFingerprint { get; }

    /// <summary>Engines whose native memory is not freed yet: as many as there are peers, else one leaks.</summary>
    public int LiveSessions => _context.LiveSessions;

    public IDtlsEngine Create(DtlsRole role, Fingerprint remoteFingerprint, ReadOnlySpan<SrtpProfile> preferredProfiles)
    {
        ArgumentNullException.ThrowIfNull(remoteFingerprint);
        if (preferredProfiles.IsEmpty)
        {
            throw new ArgumentException("At least one SRTP profile must be offered.", nameof(preferredProfiles));
        }

        var names = new string[preferredProfiles.Length];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = preferredProfiles[i] switch
            {
                SrtpProfile.AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
                SrtpProfile.Aes128CmHmacSha1Tag80 => "SRTP_AES128_CM_SHA1_80",
                _ => throw new ArgumentOutOfRangeException(nameof(preferredProfiles), preferredProfiles[i], "No such SRTP protection profile."),
            };
        }

        return new OpenSslDtlsEngine(_context, role, remoteFingerprint, string.Join(':', names));
    }

    public void Dispose() => _context.Dispose();

    private void Configure(byte[] certificate, byte[] key)
    {
        Demand(LibSsl.ControlContext(_context, LibSsl.ControlSetMinProtocol, LibSsl.VersionDtls12, 0) == 1, "protocol version");
        Demand(LibSsl.ControlContext(_context, LibSsl.ControlSetMaxProtocol, LibSsl.VersionDtls12, 0) == 1, "protocol version");
        Demand(LibSsl.SetContextCiphers(_context, Ciphers) == 1, "cipher list");
        LibSsl.SetContextOptions(
            _context,
            LibSsl.OptionNoQueryMtu | LibSsl.OptionNoTicket | LibSsl.OptionNoCompression | LibSsl.OptionNoRenegotiation | LibSsl.OptionCipherServerPreference);
        LibSsl.ControlContext(_context, LibSsl.ControlSetSessionCacheMode, LibSsl.SessionCacheOff, 0);

        // An association is idle after its handshake; without this each keeps 32 KB of record buffers.
        LibSsl.ControlContext(_context, LibSsl.ControlMode, LibSsl.ModeReleaseBuffers, 0);

        // Both sides present a certificate (RFC 5764 §4.2); the engine compares its fingerprint afterwards, and nothing looks for a chain.
        LibSsl.SetContextVerify(_context, LibSsl.VerifyPeer | LibSsl.VerifyFailIfNoPeerCertificate, 0);
        LibSsl.SetContextCertificateVerification(_context, &AcceptEveryCertificate, 0);
        fixed (byte* certificatePointer = certificate, keyPointer = key)
        {
            Demand(LibSsl.UseCertificate(_context, certificate.Length, certificatePointer) == 1, "certificate");
            Demand(LibSsl.UsePrivateKey(LibSsl.KeyTypeEc, _context, keyPointer, key.Length) == 1, "private key");
        }
    }

    private static void Demand(bool success, string what)
    {
        if (!success)
        {
            throw new CryptographicException($"libssl refuses the {what}.");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcceptEveryCertificate(nint store, nint argument) => 1;
}
