using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>AES_CM_128_HMAC_SHA1_80 by AES blocks and <see cref="IncrementalHash"/> (RFC 3711 §4.1.1, §4.2.1).</summary>
internal sealed class ManagedCounterCipher : ISrtpCipher
{
    private const int TagLength = 10;
    private const int IndexLength = SrtpProfileSizes.RtcpIndexLength;
    private const int RtcpHeader = SrtpProfileSizes.RtcpHeaderLength;

    private readonly CounterStream _rtp;
    private readonly CounterStream _rtcp;
    private readonly IncrementalHash _rtpHash;
    private readonly IncrementalHash _rtcpHash;
    private readonly byte[] _rtpSalt;
    private readonly byte[] _rtcpSalt;

    public ManagedCounterCipher(SrtpSessionKeys keys)
    {
        _rtp = new(keys.RtpKey);
        _rtcp = new(keys.RtcpKey);
        _rtpHash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, keys.RtpAuthKey);
        _rtcpHash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, keys.RtcpAuthKey);
        _rtpSalt = keys.RtpSalt;
        _rtcpSalt = keys.RtcpSalt;
    }

    public int RtpOverhead => TagLength;

    public int RtcpOverhead => IndexLength + TagLength;

    public int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.CounterLength];
        SrtpNonce.WriteCounter(_rtpSalt, ssrc, index, iv);
        _rtp.Apply(iv, buffer[headerLength..length]);

        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        HashRtp(buffer[..length], index, digest);
        digest[..TagLength].CopyTo(buffer[length..]);
        return length + TagLength;
    }

    public bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index, out int length)
    {
        length = packet.Length - TagLength;
        if (length < headerLength)
        {
            return false;
        }

        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        HashRtp(packet[..length], index, digest);
        if (!CryptographicOperations.FixedTimeEquals(digest[..TagLength], packet[length..]))
        {
            return false;
        }

        Span<byte> iv = stackalloc byte[SrtpNonce.CounterLength];
        SrtpNonce.WriteCounter(_rtpSalt, ssrc, index, iv);
        _rtp.Apply(iv, packet[headerLength..length]);
        return true;
    }

    public int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.CounterLength];
        SrtpNonce.WriteCounter(_rtcpSalt, ssrc, index, iv);
        _rtcp.Apply(iv, buffer[RtcpHeader..length]);

        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], index | SrtpProfileSizes.RtcpEncryptedBit);
        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        HashRtcp(buffer[..(length + IndexLength)], digest);
        digest[..TagLength].CopyTo(buffer[(length + IndexLength)..]);
        return length + IndexLength + TagLength;
    }

    // The word stands before the tag (RFC 3711 §3.4).
    public bool TryReadRtcpIndex(ReadOnlySpan<byte> packet, out uint index, out bool encrypted)
    {
        index = 0;
        encrypted = false;
        if (packet.Length < RtcpHeader + IndexLength + TagLength)
        {
            return false;
        }

        var word = BinaryPrimitives.ReadUInt32BigEndian(packet[^(IndexLength + TagLength)..]);
        encrypted = (word & SrtpProfileSizes.RtcpEncryptedBit) != 0;
        index = word & ~SrtpProfileSizes.RtcpEncryptedBit;
        return true;
    }

    public bool TryUnprotectRtcp(Span<byte> packet, uint ssrc, uint index, out int length)
    {
        length = packet.Length - TagLength - IndexLength;
        if (length < RtcpHeader)
        {
            return false;
        }

        Span<byte> digest = stackalloc byte[SHA1.HashSizeInBytes];
        HashRtcp(packet[..(length + IndexLength)], digest);
        if (!CryptographicOperations.FixedTimeEquals(digest[..TagLength], packet[(length + IndexLength)..]))
        {
            return false;
        }

        Span<byte> iv = stackalloc byte[SrtpNonce.CounterLength];
        SrtpNonce.WriteCounter(_rtcpSalt, ssrc, index, iv);
        _rtcp.Apply(iv, packet[RtcpHeader..length]);
        return true;
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
        _rtpHash.Dispose();
        _rtcpHash.Dispose();
    }

    // RFC 3711 §4.2: the authenticated portion is the packet with the roll-over counter behind it.
    private void HashRtp(ReadOnlySpan<byte> packet, ulong index, Span<byte> digest)
    {
        Span<byte> rollOver = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(rollOver, (uint)(index >> 16));
        _rtpHash.AppendData(packet);
        _rtpHash.AppendData(rollOver);
        _rtpHash.GetHashAndReset(digest);
    }

    private void HashRtcp(ReadOnlySpan<byte> packetWithIndex, Span<byte> digest)
    {
        _rtcpHash.AppendData(packetWithIndex);
        _rtcpHash.GetHashAndReset(digest);
    }

    /// <summary>Counter mode made of single-block encryptions, a batch of counters at a time.</summary>
    private sealed class CounterStream : IDisposable
    {
        private const int Block = 16;
        private const int BatchBytes = 96 * Block; // one packet of Ethernet size

        private readonly Aes _aes = Aes.Create();
        private readonly ICryptoTransform _encryptor;
        private readonly byte[] _counters = new byte[BatchBytes];
        private readonly byte[] _keyStream = new byte[BatchBytes];

        public CounterStream(byte[] key)
        {
            _aes.Mode = CipherMode.ECB;
            _aes.Padding = PaddingMode.None;
            _aes.Key = key;
            _encryptor = _aes.CreateEncryptor();
        }

        public void Apply(ReadOnlySpan<byte> iv, Span<byte> data)
        {
            ushort number = 0;
            while (!data.IsEmpty)
            {
                var count = Math.Min(data.Length, BatchBytes);
                var padded = (count + Block - 1) / Block * Block;
                for (var offset = 0; offset < padded; offset += Block)
                {
                    iv.CopyTo(_counters.AsSpan(offset));
                    BinaryPrimitives.WriteUInt16BigEndian(_counters.AsSpan(offset + Block - 2), number++);
                }

                _encryptor.TransformBlock(_counters, 0, padded, _keyStream, 0);
                for (var i = 0; i < count; i++)
                {
                    data[i] ^= _keyStream[i];
                }

                data = data[count..];
            }
        }

        public void Dispose()
        {
            _encryptor.Dispose();
            _aes.Dispose();
        }
    }
}
