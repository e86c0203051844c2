using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Events.Rtc.OpenSsl;

/// <summary>An SSL_CTX: certificate, ciphers and options that sessions share. libssl counts the sessions' references itself.</summary>
internal sealed class SslContextHandle : SafeHandle
{
    private int _liveSessions;

    public SslContextHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(LibSsl.NewContext(LibSsl.DtlsMethod()));
        if (IsInvalid)
        {
            throw new CryptographicException("libssl could not make a context.");
        }
    }

    /// <summary>Sessions of this context that are not freed yet.</summary>
    public int LiveSessions => Volatile.Read(ref _liveSessions);

    public override bool IsInvalid => handle == 0;

    public void CountSession(int change) => Interlocked.Add(ref _liveSessions, change);

    protected override bool ReleaseHandle()
    {
        LibSsl.FreeContext(handle);
        return true;
    }
}

/// <summary>An SSL with its two memory BIOs, which it frees together with itself.</summary>
internal sealed class SslHandle : SafeHandle
{
    private readonly SslContextHandle _context;

    public SslHandle(SslContextHandle context)
        : base(0, ownsHandle: true)
    {
        _context = context;
        SetHandle(LibSsl.NewSession(context));
        if (IsInvalid)
        {
            throw new CryptographicException("libssl could not make a session.");
        }

        _context.CountSession(1);
        Incoming = LibSsl.NewBio(LibSsl.MemoryBioMethod());
        Outgoing = LibSsl.NewBio(LibSsl.MemoryBioMethod());
        if (Incoming == 0 || Outgoing == 0)
        {
            _ = LibSsl.FreeBio(Incoming);
            _ = LibSsl.FreeBio(Outgoing);
            Dispose();
            throw new CryptographicException("libcrypto has no memory for a BIO.");
        }

        LibSsl.SetBio(this, Incoming, Outgoing);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>What the peer sent; valid as long as this handle is open.</summary>
    public nint Incoming { get; }

    /// <summary>What libssl wants to send.</summary>
    public nint Outgoing { get; }

    protected override bool ReleaseHandle()
    {
        LibSsl.FreeSession(handle);
        _context.CountSession(-1);
        NativeHeap.TrimSoon();
        return true;
    }
}
