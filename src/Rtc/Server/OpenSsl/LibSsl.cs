using System.Runtime.InteropServices;

namespace Events.Rtc.OpenSsl;

/// <summary>The part of libssl 3 (and of libcrypto's BIO, X509 and error queue) that one DTLS association needs.</summary>
internal static unsafe partial class LibSsl
{
    private const string Library = "libssl.so.3";

    // openssl/ssl.h: commands of SSL_ctrl and SSL_CTX_ctrl.
    public const int ControlSetMtu = 17;
    public const int ControlMode = 33;
    public const int ControlSetSessionCacheMode = 44;
    public const int ControlDtlsGetTimeout = 73;
    public const int ControlDtlsHandleTimeout = 74;
    public const int ControlSetMinProtocol = 123;
    public const int ControlSetMaxProtocol = 124;

    public const int VersionDtls12 = 0xFEFD;
    public const int ModeReleaseBuffers = 0x10;
    public const int SessionCacheOff = 0;
    public const ulong OptionNoQueryMtu = 1UL << 12;
    public const ulong OptionNoTicket = 1UL << 14;
    public const ulong OptionNoCompression = 1UL << 17;
    public const ulong OptionCipherServerPreference = 1UL << 22;
    public const ulong OptionNoRenegotiation = 1UL << 30;
    public const int VerifyPeer = 1;
    public const int VerifyFailIfNoPeerCertificate = 2;

    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorZeroReturn = 6;

    /// <summary>EVP_PKEY_EC of openssl/evp.h.</summary>
    public const int KeyTypeEc = 408;

    /// <summary>openssl/bio.h.</summary>
    public const int BioControlReset = 1;

    [LibraryImport(Library, EntryPoint = "DTLS_method")]
    public static partial nint DtlsMethod();

    [LibraryImport(Library, EntryPoint = "SSL_CTX_new")]
    public static partial nint NewContext(nint method);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ControlContext(SslContextHandle context, int command, nint argument, nint pointer);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_options")]
    public static partial ulong SetContextOptions(SslContextHandle context, ulong options);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_cipher_list", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetContextCiphers(SslContextHandle context, string ciphers);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_verify")]
    public static partial void SetContextVerify(SslContextHandle context, int mode, nint callback);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_cert_verify_callback")]
    public static partial void SetContextCertificateVerification(
        SslContextHandle context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_use_certificate_ASN1")]
    public static partial int UseCertificate(SslContextHandle context, int length, byte* der);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_use_PrivateKey_ASN1")]
    public static partial int UsePrivateKey(int keyType, SslContextHandle context, byte* der, nint length);

    [LibraryImport(Library, EntryPoint = "SSL_new")]
    public static partial nint NewSession(SslContextHandle context);

    [LibraryImport(Library, EntryPoint = "SSL_free")]
    public static partial void FreeSession(nint session);

    [LibraryImport(Library, EntryPoint = "SSL_ctrl")]
    public static partial nint ControlSession(SslHandle session, int command, nint argument, void* pointer);

    /// <summary>Zero is success, unlike everything else here.</summary>
    [LibraryImport(Library, EntryPoint = "SSL_set_tlsext_use_srtp", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetSrtpProfiles(SslHandle session, string profiles);

    /// <summary>SRTP_PROTECTION_PROFILE: a name pointer, then the IANA number as an unsigned long.</summary>
    [LibraryImport(Library, EntryPoint = "SSL_get_selected_srtp_profile")]
    public static partial nint* GetSelectedSrtpProfile(SslHandle session);

    [LibraryImport(Library, EntryPoint = "DTLS_set_timer_cb")]
    public static partial void SetTimerCallback(SslHandle session, delegate* unmanaged[Cdecl]<nint, uint, uint> callback);

    [LibraryImport(Library, EntryPoint = "SSL_set_bio")]
    public static partial void SetBio(SslHandle session, nint read, nint write);

    [LibraryImport(Library, EntryPoint = "SSL_set_accept_state")]
    public static partial void SetAcceptState(SslHandle session);

    [LibraryImport(Library, EntryPoint = "SSL_set_connect_state")]
    public static partial void SetConnectState(SslHandle session);

    [LibraryImport(Library, EntryPoint = "SSL_do_handshake")]
    public static partial int DoHandshake(SslHandle session);

    [LibraryImport(Library, EntryPoint = "SSL_read")]
    public static partial int Read(SslHandle session, byte* buffer, int length);

    [LibraryImport(Library, EntryPoint = "SSL_shutdown")]
    public static partial int Shutdown(SslHandle session);

    [LibraryImport(Library, EntryPoint = "SSL_get_error")]
    public static partial int GetError(SslHandle session, int result);

    [LibraryImport(Library, EntryPoint = "SSL_get1_peer_certificate")]
    public static partial nint GetPeerCertificate(SslHandle session);

    [LibraryImport(Library, EntryPoint = "SSL_export_keying_material", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ExportKeyingMaterial(
        SslHandle session, byte* output, nuint length, string label, nuint labelLength, byte* context, nuint contextLength, int useContext);

    [LibraryImport(Library, EntryPoint = "SSL_get_current_cipher")]
    public static partial nint GetCurrentCipher(SslHandle session);

    /// <summary>The IANA number of a cipher suite.</summary>
    [LibraryImport(Library, EntryPoint = "SSL_CIPHER_get_protocol_id")]
    public static partial ushort GetCipherId(nint cipher);

    /// <summary>Borrowed: valid as long as the handle is open.</summary>
    [LibraryImport(Library, EntryPoint = "SSL_get_session")]
    public static partial nint GetSession(SslHandle session);

    [LibraryImport(Library, EntryPoint = "SSL_SESSION_get_master_key")]
    public static partial nuint GetMasterKey(nint session, byte* output, nuint length);

    [LibraryImport(Library, EntryPoint = "SSL_get_client_random")]
    public static partial nuint GetClientRandom(SslHandle session, byte* output, nuint length);

    [LibraryImport(Library, EntryPoint = "SSL_get_server_random")]
    public static partial nuint GetServerRandom(SslHandle session, byte* output, nuint length);

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_s_mem")]
    public static partial nint MemoryBioMethod();

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_new")]
    public static partial nint NewBio(nint method);

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_write")]
    public static partial int WriteBio(nint bio, byte* data, int length);

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_read")]
    public static partial int ReadBio(nint bio, byte* data, int length);

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_ctrl_pending")]
    public static partial nuint PendingInBio(nint bio);

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_ctrl")]
    public static partial nint ControlBio(nint bio, int command, nint argument, nint pointer);

    [LibraryImport(LibCrypto.Library, EntryPoint = "BIO_free")]
    public static partial int FreeBio(nint bio);

    [LibraryImport(LibCrypto.Library, EntryPoint = "i2d_X509")]
    public static partial int EncodeCertificate(nint certificate, byte** output);

    [LibraryImport(LibCrypto.Library, EntryPoint = "X509_free")]
    public static partial void FreeCertificate(nint certificate);

    [LibraryImport(LibCrypto.Library, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    /// <summary>struct timeval.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeValue
    {
        public nint Seconds;
        public nint Microseconds;
    }
}
