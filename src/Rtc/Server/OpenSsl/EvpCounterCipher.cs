using System.Buffers.Binary;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>AES_CM_128_HMAC_SHA1_80 by libcrypto (RFC 3711 §4.1.1, §4.2.1).</summary>
internal sealed unsafe class EvpCounterCipher : ISrtpCipher
{
    private const int TagLength = 10;
    private const int IndexLength = SrtpProfileSizes.RtcpIndexLength;
    private const int RtcpHeader = SrtpProfileSizes.RtcpHeaderLength;

    private readonly EvpCipherContext _rtp;
    private readonly EvpCipherContext _rtcp;
    private readonly HmacSha1 _rtpHash;
    private readonly HmacSha1 _rtcpHash;
    private readonly byte[] _rtpSalt;
    private readonly byte[] _rtcpSalt;

    public EvpCounterCipher(SrtpSessionKeys keys)
    {
        _rtp = EvpCipherContext.Counter(keys.RtpKey);
        _rtcp = EvpCipherContext.Counter(keys.RtcpKey);
        _rtpHash = new(keys.RtpAuthKey);
        _rtcpHash = new(keys.RtcpAuthKey);
        _rtpSalt = keys.RtpSalt;
        _rtcpSalt = keys.RtcpSalt;
    }

    public int RtpOverhead => TagLength;

    public int RtcpOverhead => IndexLength + TagLength;

    public int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index)
    {
        Apply(_rtp, _rtpSalt, ssrc, index, buffer[headerLength..length]);
        Span<byte> digest = stackalloc byte[HmacSha1.DigestLength];
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

        Span<byte> digest = stackalloc byte[HmacSha1.DigestLength];
        HashRtp(packet[..length], index, digest);
        if (!CryptographicOperations.FixedTimeEquals(digest[..TagLength], packet[length..]))
        {
            return false;
        }

        Apply(_rtp, _rtpSalt, ssrc, index, packet[headerLength..length]);
        return true;
    }

    public int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        Apply(_rtcp, _rtcpSalt, ssrc, index, buffer[RtcpHeader..length]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], index | SrtpProfileSizes.RtcpEncryptedBit);
        Span<byte> digest = stackalloc byte[HmacSha1.DigestLength];
        _rtcpHash.Compute(buffer[..(length + IndexLength)], default, digest);
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

        Span<byte> digest = stackalloc byte[HmacSha1.DigestLength];
        _rtcpHash.Compute(packet[..(length + IndexLength)], default, digest);
        if (!CryptographicOperations.FixedTimeEquals(digest[..TagLength], packet[(length + IndexLength)..]))
        {
            return false;
        }

        Apply(_rtcp, _rtcpSalt, ssrc, index, packet[RtcpHeader..length]);
        return true;
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    private static void Apply(EvpCipherContext keeper, ReadOnlySpan<byte> salt, uint ssrc, ulong index, Span<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        Span<byte> iv = stackalloc byte[SrtpNonce.CounterLength];
        SrtpNonce.WriteCounter(salt, ssrc, index, iv);
        var context = keeper.Pointer;
        fixed (byte* ivPointer = iv, dataPointer = data)
        {
            int written;
            if (LibCrypto.SetIv(context, 0, 0, 0, ivPointer, LibCrypto.Encrypt) != 1
                || LibCrypto.UpdateCipher(context, dataPointer, &written, dataPointer, data.Length) != 1)
            {
                throw new CryptographicException("libcrypto failed at AES-CTR.");
            }
        }

        GC.KeepAlive(keeper);
    }

    // RFC 3711 §4.2: the authenticated portion is the packet with the roll-over counter behind it.
    private void HashRtp(ReadOnlySpan<byte> packet, ulong index, Span<byte> digest)
    {
        Span<byte> rollOver = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(rollOver, (uint)(index >> 16));
        _rtpHash.Compute(packet, rollOver, digest);
    }
}
