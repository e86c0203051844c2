using System.Buffers.Binary;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>AEAD_AES_128_GCM (RFC 7714): where nonce, associated data, tag and index stand in a packet. Which code does AES-GCM is its maker's choice.</summary>
/// <param name="rtp">Under the RTP session key.</param>
/// <param name="rtcp">Under the RTCP session key.</param>
/// <param name="keys">Their salts are used here.</param>
public sealed class GcmSrtpCipher(IAes128Gcm rtp, IAes128Gcm rtcp, SrtpSessionKeys keys) : ISrtpCipher
{
    private const int TagLength = 16;
    private const int IndexLength = SrtpProfileSizes.RtcpIndexLength;
    private const int RtcpHeader = SrtpProfileSizes.RtcpHeaderLength;

    private readonly byte[] _rtpSalt = keys.RtpSalt;
    private readonly byte[] _rtcpSalt = keys.RtcpSalt;

    public int RtpOverhead => TagLength;

    public int RtcpOverhead => TagLength + IndexLength;

    public int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtpSalt, ssrc, index, iv);
        rtp.Seal(iv, buffer[..headerLength], buffer[headerLength..length], buffer.Slice(length, TagLength));
        return length + TagLength;
    }

    public bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, ulong index, out int length)
    {
        length = packet.Length - TagLength;
        if (length < headerLength)
        {
            return false;
        }

        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtpSalt, ssrc, index, iv);
        return rtp.TryOpen(iv, packet[..headerLength], packet[headerLength..length], packet[length..]);
    }

    public int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtcpSalt, ssrc, index, iv);
        var word = index | SrtpProfileSizes.RtcpEncryptedBit;
        Span<byte> associated = stackalloc byte[RtcpHeader + IndexLength];
        WriteAssociated(buffer, word, associated);
        rtcp.Seal(iv, associated, buffer[RtcpHeader..length], buffer.Slice(length, TagLength));
        BinaryPrimitives.WriteUInt32BigEndian(buffer[(length + TagLength)..], word);
        return length + TagLength + IndexLength;
    }

    // The word is the packet's last (RFC 7714 §9.4).
    public bool TryReadRtcpIndex(ReadOnlySpan<byte> packet, out uint index, out bool encrypted)
    {
        index = 0;
        encrypted = false;
        if (packet.Length < RtcpHeader + TagLength + IndexLength)
        {
            return false;
        }

        var word = BinaryPrimitives.ReadUInt32BigEndian(packet[^IndexLength..]);
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

        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtcpSalt, ssrc, index, iv);
        Span<byte> associated = stackalloc byte[RtcpHeader + IndexLength];
        WriteAssociated(packet, index | SrtpProfileSizes.RtcpEncryptedBit, associated);
        return rtcp.TryOpen(iv, associated, packet[RtcpHeader..length], packet.Slice(length, TagLength));
    }

    public void FetchRtp()
    {
        Prefetch.Object(_rtpSalt, 16);
        rtp.Fetch();
    }

    public void Dispose()
    {
        rtp.Dispose();
        rtcp.Dispose();
    }

    // RFC 7714 §9.2: the first 8 bytes and the E|index word.
    private static void WriteAssociated(ReadOnlySpan<byte> packet, uint word, Span<byte> associated)
    {
        packet[..RtcpHeader].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[RtcpHeader..], word);
    }
}
