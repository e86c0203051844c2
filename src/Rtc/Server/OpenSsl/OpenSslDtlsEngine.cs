using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// DTLS 1.2 by libssl over memory BIOs (RFC 6347, RFC 5764). libssl measures its retransmission timer on the system's
/// clock, so <see cref="Deadline"/> follows that timer: a caller's time must run at the pace of real time.
/// Not thread-safe: one owner.
/// </summary>
internal sealed unsafe class OpenSslDtlsEngine : IDtlsEngine
{
    // Larger than any datagram of a flight, and no more than libssl's record buffer takes at once (2^14).
    private const int MaxDatagram = 16_384;

    private const int RecordHeaderLength = 13;

    // RFC 5288 §3: explicit nonce 8 + tag 16. All our cipher suites are AES-GCM.
    private const int MinProtectedLength = 24;

    // RFC 5764 §4.2.
    private const string ExporterLabel = "EXTRACTOR-dtls_srtp";

    // RFC 6347 §4.2.4.1 proposes 1 s, made for strangers; on a path that has just answered a connectivity check, a flight
    // is rather lost than late.
    private const uint FirstTimeoutUs = 50_000;

    // libssl gives up after 12 retransmissions: 50 ms doubled six times, then 3.2 s each, comes to 25 s.
    private const uint MaxTimeoutUs = 64 * FirstTimeoutUs;

    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(30);

    private readonly SslHandle _ssl;
    private readonly DtlsRole _role;
    private readonly Fingerprint _remoteFingerprint;
    private readonly DtlsDatagramQueue _outgoing = new();
    private MonotonicTime _giveUpAt = MonotonicTime.Never;
    private RestingAssociation? _resting;
    private readonly DtlsDataQueue _data = new();

    public OpenSslDtlsEngine(SslContextHandle context, DtlsRole role, Fingerprint remoteFingerprint, string profiles)
    {
        _role = role;
        _remoteFingerprint = remoteFingerprint;
        _ssl = new(context);
        if (LibSsl.SetSrtpProfiles(_ssl, profiles) != 0)
        {
            _ssl.Dispose();
            throw new CryptographicException("libssl refuses the SRTP profiles.");
        }

        LibSsl.ControlSession(_ssl, LibSsl.ControlSetMtu, DtlsDatagramQueue.Mtu, null);
        LibSsl.SetTimerCallback(_ssl, &NextTimeout);
        if (role == DtlsRole.Client)
        {
            LibSsl.SetConnectState(_ssl);
        }
        else
        {
            LibSsl.SetAcceptState(_ssl);
        }
    }

    public DtlsState State { get; private set; } = DtlsState.Handshaking;

    public string? FailureReason { get; private set; }

    public MonotonicTime Deadline { get; private set; } = MonotonicTime.Never;

    public SrtpKeys? Keys { get; private set; }

    public void Start(MonotonicTime now)
    {
        if (_role == DtlsRole.Client && State == DtlsState.Handshaking && _giveUpAt.IsNever)
        {
            BeginTheClock(now);
            Advance(now);
        }
    }

    public void Receive(ReadOnlySpan<byte> datagram, MonotonicTime now)
    {
        if (State is DtlsState.Closed or DtlsState.Failed || !LooksLikeDtls(datagram))
        {
            return;
        }

        if (_resting is not null)
        {
            if (_resting.Receive(datagram, _data))
            {
                Close(now); // RFC 5246 §7.2.1: answered in kind.
            }

            return;
        }

        datagram = PlausibleRecords(datagram);
        if (datagram.IsEmpty)
        {
            return;
        }

        BeginTheClock(now);
        fixed (byte* pointer = datagram)
        {
            if (LibSsl.WriteBio(_ssl.Incoming, pointer, datagram.Length) != datagram.Length)
            {
                throw new CryptographicException("libcrypto has no memory for a datagram.");
            }
        }

        Advance(now);

        // What libssl did not want must not be glued to the next datagram.
        if (LibSsl.PendingInBio(_ssl.Incoming) > 0)
        {
            LibSsl.ControlBio(_ssl.Incoming, LibSsl.BioControlReset, 0, 0);
        }
    }

    public void HandleDeadline(MonotonicTime now)
    {
        if (State is DtlsState.Closed or DtlsState.Failed || _resting is not null)
        {
            return;
        }

        LibSsl.ClearErrors();
        var gaveUp = LibSsl.ControlSession(_ssl, LibSsl.ControlDtlsHandleTimeout, 0, null) < 0;
        CollectOutput();
        if (State == DtlsState.Handshaking && (gaveUp || now >= _giveUpAt))
        {
            Fail("dtls_timeout");
        }

        UpdateDeadline(now);
    }

    public bool TryTakeDatagram(Span<byte> destination, out int length) => _outgoing.TryTake(destination, out length);

    public bool TrySendData(ReadOnlySpan<byte> data)
    {
        if (State != DtlsState.Connected || _resting is null)
        {
            return false;
        }

        _outgoing.Add(_resting.WriteData(data));
        return true;
    }

    public bool TryTakeData(Span<byte> destination, out int length) => _data.TryTake(destination, out length);

    public void Rest()
    {
        if (State != DtlsState.Connected || _resting is not null)
        {
            return;
        }

        _resting = RestingAssociation.Of(_ssl, _role);
        if (_resting is not null)
        {
            _ssl.Dispose();
            Deadline = MonotonicTime.Never;
        }
    }

    public void Close(MonotonicTime now)
    {
        if (State is DtlsState.Closed or DtlsState.Failed)
        {
            return;
        }

        if (State == DtlsState.Connected)
        {
            SendCloseNotify();
        }

        State = DtlsState.Closed;
        Keys = null;
        UpdateDeadline(now);
    }

    public void Dispose()
    {
        if (State is DtlsState.Handshaking or DtlsState.Connected)
        {
            State = DtlsState.Closed;
        }

        Deadline = MonotonicTime.Never;
        _ssl.Dispose();
        _resting?.Dispose();
    }

    // RFC 7983 §7: first byte 20 to 63; RFC 6347 §4.1: version {254, x}.
    private static bool LooksLikeDtls(ReadOnlySpan<byte> datagram) =>
        datagram.Length is >= RecordHeaderLength and <= MaxDatagram && datagram[0] is >= 20 and <= 63 && datagram[1] == 0xFE;

    /// <summary>
    /// The records up to the first one that is too short to hold its own protection. RFC 6347 §4.1.2.7 wants what is not authentic dropped
    /// in silence; libssl 3.0 ends the association instead when such a record has no room for nonce and tag, so that anyone who can forge a
    /// source address could end it with one datagram.
    /// </summary>
    private static ReadOnlySpan<byte> PlausibleRecords(ReadOnlySpan<byte> datagram)
    {
        var end = 0;
        while (datagram.Length - end >= RecordHeaderLength)
        {
            var record = datagram[end..];
            int epoch = BinaryPrimitives.ReadUInt16BigEndian(record[3..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(record[(RecordHeaderLength - 2)..]);
            if (length > record.Length - RecordHeaderLength || (epoch > 0 && length < MinProtectedLength))
            {
                break;
            }

            end += RecordHeaderLength + length;
        }

        return datagram[..end];
    }

    private void BeginTheClock(MonotonicTime now)
    {
        if (_giveUpAt.IsNever)
        {
            _giveUpAt = now + HandshakeLimit;
        }
    }

    private void Advance(MonotonicTime now)
    {
        if (State == DtlsState.Handshaking)
        {
            LibSsl.ClearErrors();
            var result = LibSsl.DoHandshake(_ssl);
            var error = result == 1 ? 0 : LibSsl.GetError(_ssl, result);
            CollectOutput();
            if (result == 1)
            {
                FinishHandshake();
            }
            else if (error is not (LibSsl.ErrorWantRead or LibSsl.ErrorWantWrite))
            {
                Fail("dtls_handshake_failed");
            }
        }

        if (State == DtlsState.Connected)
        {
            ReadAfterHandshake();
        }

        UpdateDeadline(now);
    }

    // Reading also answers repeated flights and notices alerts.
    private void ReadAfterHandshake()
    {
        const int Length = 2_048;
        var buffer = stackalloc byte[Length];
        int result;
        do
        {
            LibSsl.ClearErrors();
            result = LibSsl.Read(_ssl, buffer, Length);
            if (result > 0)
            {
                _data.Add(new(buffer, result));
            }
        }
        while (result > 0);

        var error = LibSsl.GetError(_ssl, result);
        CollectOutput();
        if (error is LibSsl.ErrorWantRead or LibSsl.ErrorWantWrite)
        {
            return;
        }

        if (error == LibSsl.ErrorZeroReturn)
        {
            SendCloseNotify(); // RFC 5246 §7.2.1: answered in kind.
        }

        State = DtlsState.Closed;
        Keys = null;
    }

    private void FinishHandshake()
    {
        if (!PeerHasExpectedCertificate())
        {
            SendCloseNotify();
            Fail("dtls_fingerprint_mismatch");
            return;
        }

        var selected = LibSsl.GetSelectedSrtpProfile(_ssl);
        var profile = selected == null ? SrtpProfile.None : (SrtpProfile)(ushort)selected[1];
        if (profile is not (SrtpProfile.AeadAes128Gcm or SrtpProfile.Aes128CmHmacSha1Tag80))
        {
            SendCloseNotify();
            Fail("dtls_no_srtp_profile");
            return;
        }

        Keys = ExportKeys(profile);
        State = DtlsState.Connected;
    }

    private bool PeerHasExpectedCertificate()
    {
        var certificate = LibSsl.GetPeerCertificate(_ssl);
        if (certificate == 0)
        {
            return false;
        }

        byte[] der;
        try
        {
            der = new byte[Math.Max(0, LibSsl.EncodeCertificate(certificate, null))];
            fixed (byte* pointer = der)
            {
                var cursor = pointer; // i2d moves it.
                if (der.Length == 0 || LibSsl.EncodeCertificate(certificate, &cursor) != der.Length)
                {
                    return false;
                }
            }
        }
        finally
        {
            LibSsl.FreeCertificate(certificate);
        }

        // SHA-1 and SHA-224 are no longer worth their word (RFC 8122 §5 asks for SHA-256 at least to be understood).
        byte[]? digest = _remoteFingerprint.Algorithm switch
        {
            "sha-256" => SHA256.HashData(der),
            "sha-384" => SHA384.HashData(der),
            "sha-512" => SHA512.HashData(der),
            _ => null,
        };
        return digest is not null && CryptographicOperations.FixedTimeEquals(digest, _remoteFingerprint.Digest);
    }

    // RFC 5764 §4.2: client key, server key, client salt, server salt.
    private SrtpKeys ExportKeys(SrtpProfile profile)
    {
        const int KeyLength = SrtpProfileSizes.KeyLength;
        var saltLength = profile.SaltLength();
        Span<byte> material = stackalloc byte[profile.KeyingMaterialLength()];
        fixed (byte* pointer = material)
        {
            LibSsl.ClearErrors();
            if (LibSsl.ExportKeyingMaterial(_ssl, pointer, (nuint)material.Length, ExporterLabel, (nuint)ExporterLabel.Length, null, 0, 0) != 1)
            {
                throw new CryptographicException("libssl does not export keying material.");
            }
        }

        var clientKey = material[..KeyLength].ToArray();
        var serverKey = material.Slice(KeyLength, KeyLength).ToArray();
        var clientSalt = material.Slice(2 * KeyLength, saltLength).ToArray();
        var serverSalt = material.Slice((2 * KeyLength) + saltLength, saltLength).ToArray();
        CryptographicOperations.ZeroMemory(material);
        return _role == DtlsRole.Client
            ? new(profile, clientKey, clientSalt, serverKey, serverSalt)
            : new(profile, serverKey, serverSalt, clientKey, clientSalt);
    }

    private void SendCloseNotify()
    {
        if (_resting is not null)
        {
            _outgoing.Add(_resting.WriteCloseNotify());
            return;
        }

        LibSsl.ClearErrors();
        _ = LibSsl.Shutdown(_ssl); // 0: ours is sent, the peer's is still to come; nothing depends on it.
        CollectOutput();
    }

    private void Fail(string reason)
    {
        State = DtlsState.Failed;
        FailureReason = reason;
        Keys = null;
    }

    private void CollectOutput()
    {
        var pending = (int)LibSsl.PendingInBio(_ssl.Outgoing);
        if (pending == 0)
        {
            return;
        }

        var records = new byte[pending];
        fixed (byte* pointer = records)
        {
            pending = LibSsl.ReadBio(_ssl.Outgoing, pointer, pending);
        }

        _outgoing.Add(records.AsSpan(0, Math.Max(0, pending)));
    }

    private void UpdateDeadline(MonotonicTime now)
    {
        if (State is DtlsState.Closed or DtlsState.Failed)
        {
            Deadline = MonotonicTime.Never;
            return;
        }

        LibSsl.TimeValue left;
        var runs = LibSsl.ControlSession(_ssl, LibSsl.ControlDtlsGetTimeout, 0, &left) == 1;
        var timer = runs ? now + TimeSpan.FromMicroseconds((left.Seconds * 1_000_000L) + left.Microseconds) : MonotonicTime.Never;
        Deadline = State == DtlsState.Handshaking ? MonotonicTime.Min(timer, _giveUpAt) : timer;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint NextTimeout(nint session, uint previousUs) =>
        previousUs == 0 ? FirstTimeoutUs : Math.Min(previousUs * 2, MaxTimeoutUs);
}
