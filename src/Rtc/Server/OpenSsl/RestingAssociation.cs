using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Events.Rtc.Protocol.Dtls;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>
/// What stays of a DTLS 1.2 association once both sides have keyed SRTP: enough to carry data, and to understand and to say that it ends. libssl holds some
/// 70 KB per association, this a few hundred bytes.
/// </summary>
internal sealed class RestingAssociation : IDisposable
{
    private const int RecordHeaderLength = 13;
    private const byte AlertType = 21;
    private const byte ApplicationDataType = 23;
    private const ulong SequenceMask = (1UL << 48) - 1;

    /// <summary>Of one record; a datagram of WebRTC holds less (SCTP's default path MTU).</summary>
    private const int MaxPlain = 2_048;

    // RFC 5246 §7.2.
    private const int AlertLength = 2;
    private const byte Warning = 1;
    private const byte CloseNotify = 0;

    // RFC 5288 §3: a nonce is 4 bytes of the key block and 8 of the record.
    private const int ImplicitNonceLength = 4;
    private const int ExplicitNonceLength = 8;
    private const int TagLength = 16;

    private const int MasterSecretLength = 48;
    private const int RandomLength = 32;

    /// <summary>
    /// Our next record's number in epoch 1. libssl's own begin at 0 and are a few; a receiver takes any that is ahead of its window (RFC 6347
    /// §4.1.2.6).
    /// </summary>
    private ulong _nextRecord = (1UL << 48) | (1UL << 32);

    private readonly ReplayWindow _window = new();
    private readonly AesGcm _read;
    private readonly AesGcm _write;
    private readonly byte[] _readNonce;
    private readonly byte[] _writeNonce;

    private RestingAssociation(AesGcm read, AesGcm write, byte[] readNonce, byte[] writeNonce)
    {
        _read = read;
        _write = write;
        _readNonce = readNonce;
        _writeNonce = writeNonce;
    }

    /// <summary>Derives the record keys of a connected session (RFC 5246 §6.3); null when its cipher is not one of ours.</summary>
    public static unsafe RestingAssociation? Of(SslHandle session, DtlsRole role)
    {
        var (keyLength, hash) = LibSsl.GetCipherId(LibSsl.GetCurrentCipher(session)) switch
        {
            0xC02B or 0xC02F => (16, HashAlgorithmName.SHA256), // ECDHE with AES_128_GCM_SHA256 (RFC 5289)
            0xC02C or 0xC030 => (32, HashAlgorithmName.SHA384), // ECDHE with AES_256_GCM_SHA384
            _ => (0, default),
        };
        var master = stackalloc byte[MasterSecretLength];
        var randoms = stackalloc byte[2 * RandomLength];
        if (keyLength == 0
            || LibSsl.GetMasterKey(LibSsl.GetSession(session), master, MasterSecretLength) != MasterSecretLength
            || LibSsl.GetServerRandom(session, randoms, RandomLength) != RandomLength
            || LibSsl.GetClientRandom(session, randoms + RandomLength, RandomLength) != RandomLength)
        {
            return null;
        }

        Span<byte> block = stackalloc byte[2 * (32 + ImplicitNonceLength)];
        block = block[..(2 * (keyLength + ImplicitNonceLength))];
        Span<byte> secret = new(master, MasterSecretLength);
        Expand(hash, secret, "key expansion", new(randoms, 2 * RandomLength), block);
        CryptographicOperations.ZeroMemory(secret);

        // client key, server key, client nonce, server nonce.
        var client = new AesGcm(block[..keyLength], TagLength);
        var server = new AesGcm(block.Slice(keyLength, keyLength), TagLength);
        var clientNonce = block.Slice(2 * keyLength, ImplicitNonceLength).ToArray();
        var serverNonce = block[^ImplicitNonceLength..].ToArray();
        CryptographicOperations.ZeroMemory(block);
        return role == DtlsRole.Client ? new(server, client, serverNonce, clientNonce) : new(client, server, clientNonce, serverNonce);
    }

    /// <summary>
    /// Opens the datagram's records. Application data goes to the queue; true when there is an authentic alert after which the association is over:
    /// close_notify, or any fatal one.
    /// </summary>
    public bool Receive(ReadOnlySpan<byte> datagram, DtlsDataQueue data)
    {
        while (datagram.Length >= RecordHeaderLength)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[(RecordHeaderLength - 2)..]);
            if (length > datagram.Length - RecordHeaderLength)
            {
                return false;
            }

            var record = Open(datagram[..RecordHeaderLength], datagram.Slice(RecordHeaderLength, length), data);
            if (record is RecordKind.End or RecordKind.Forged)
            {
                return record == RecordKind.End; // Behind a forged one of a datagram nothing is to be had, and each is work.
            }

            datagram = datagram[(RecordHeaderLength + length)..];
        }

        return false;
    }

    /// <summary>A close_notify record of ours.</summary>
    public byte[] WriteCloseNotify() => Seal(AlertType, [Warning, CloseNotify]);

    /// <summary>A record of application data.</summary>
    public byte[] WriteData(ReadOnlySpan<byte> data) => Seal(ApplicationDataType, data);

    public void Dispose()
    {
        _read.Dispose();
        _write.Dispose();
    }

    private RecordKind Open(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body, DtlsDataQueue data)
    {
        var length = body.Length - ExplicitNonceLength - TagLength;
        if (header[0] is not (AlertType or ApplicationDataType)
            || BinaryPrimitives.ReadUInt16BigEndian(header[3..]) != 1
            || length < 0
            || length > MaxPlain
            || (header[0] == AlertType && length != AlertLength))
        {
            return RecordKind.Other;
        }

        // RFC 6347 §4.1.2.6; libssl's window is gone with it, and what came before the first record here SCTP knows as its own duplicates.
        var number = BinaryPrimitives.ReadUInt64BigEndian(header[3..]) & SequenceMask;
        if (_window.Check(number) != SrtpRefusal.None)
        {
            return RecordKind.Other;
        }

        Span<byte> nonce = stackalloc byte[ImplicitNonceLength + ExplicitNonceLength];
        _readNonce.CopyTo(nonce);
        body[..ExplicitNonceLength].CopyTo(nonce[ImplicitNonceLength..]);
        Span<byte> associated = stackalloc byte[RecordHeaderLength];
        WriteAssociated(header, length, associated);
        Span<byte> plain = stackalloc byte[length];
        try
        {
            _read.Decrypt(nonce, body.Slice(ExplicitNonceLength, length), body[^TagLength..], plain, associated);
        }
        catch (AuthenticationTagMismatchException)
        {
            return RecordKind.Forged; // Dropped in silence (RFC 6347 §4.1.2.7).
        }

        _window.Accept(number);
        if (header[0] == AlertType)
        {
            return plain[0] != Warning || plain[1] == CloseNotify ? RecordKind.End : RecordKind.Other;
        }

        data.Add(plain);
        return RecordKind.Other;
    }

    private byte[] Seal(byte type, ReadOnlySpan<byte> plain)
    {
        var record = new byte[RecordHeaderLength + ExplicitNonceLength + plain.Length + TagLength];
        record[0] = type;
        record[1] = 0xFE;
        record[2] = 0xFD;
        BinaryPrimitives.WriteUInt64BigEndian(record.AsSpan(3), _nextRecord);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(RecordHeaderLength - 2), (ushort)(record.Length - RecordHeaderLength));
        Span<byte> nonce = stackalloc byte[ImplicitNonceLength + ExplicitNonceLength];
        _writeNonce.CopyTo(nonce);

        // The record's own number, as RFC 5288 §3 proposes: it never repeats. libssl counts its few up from a random start, so 2^-60 of meeting one of them.
        BinaryPrimitives.WriteUInt64BigEndian(nonce[ImplicitNonceLength..], _nextRecord++);
        nonce[ImplicitNonceLength..].CopyTo(record.AsSpan(RecordHeaderLength));
        Span<byte> associated = stackalloc byte[RecordHeaderLength];
        WriteAssociated(record, plain.Length, associated);
        var body = record.AsSpan(RecordHeaderLength + ExplicitNonceLength);
        _write.Encrypt(nonce, plain, body[..plain.Length], body[plain.Length..], associated);
        return record;
    }

    /// <summary>RFC 5246 §6.2.3.3, RFC 6347 §4.1.2.1: epoch and number, type, version, plain length.</summary>
    private static void WriteAssociated(ReadOnlySpan<byte> header, int length, Span<byte> associated)
    {
        header.Slice(3, 8).CopyTo(associated);
        header[..3].CopyTo(associated[8..]);
        BinaryPrimitives.WriteUInt16BigEndian(associated[11..], (ushort)length);
    }

    /// <summary>The PRF of TLS 1.2 (RFC 5246 §5): P_hash over label and seed.</summary>
    private static void Expand(HashAlgorithmName hash, ReadOnlySpan<byte> secret, string label, ReadOnlySpan<byte> seed, Span<byte> output)
    {
        var seeded = new byte[label.Length + seed.Length];
        Encoding.ASCII.GetBytes(label, seeded);
        seed.CopyTo(seeded.AsSpan(label.Length));
        using var mac = IncrementalHash.CreateHMAC(hash, secret);
        var a = seeded;
        while (!output.IsEmpty)
        {
            mac.AppendData(a);
            a = mac.GetHashAndReset();
            mac.AppendData(a);
            mac.AppendData(seeded);
            var part = mac.GetHashAndReset();
            var length = Math.Min(part.Length, output.Length);
            part.AsSpan(0, length).CopyTo(output);
            output = output[length..];
        }
    }

    private enum RecordKind
    {
        /// <summary>Taken, or of no meaning here.</summary>
        Other,

        /// <summary>After it the association is over.</summary>
        End,

        Forged,
    }
}
