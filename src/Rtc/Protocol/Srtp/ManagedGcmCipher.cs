using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>AEAD_AES_128_GCM by <see cref="AesGcm"/> (RFC 7714).</summary>
internal sealed class ManagedGcmCipher : ISrtpCipher
{
    private const int TagLength = 16;
    private const int IndexLength = SrtpProfileSizes.RtcpIndexLength;
    private const int RtcpHeader = SrtpProfileSizes.RtcpHeaderLength;

    private readonly AesGcm _rtp;
    private readonly AesGcm _rtcp;
    private readonly byte[] _rtpSalt;
    private readonly byte[] _rtcpSalt;

    public ManagedGcmCipher(SrtpSessionKeys keys)
    {
        _rtp = new(keys.RtpKey, TagLength);
        _rtcp = new(keys.RtcpKey, TagLength);
        _rtpSalt = keys.RtpSalt;
        _rtcpSalt = keys.RtcpSalt;
    }

    public int RtpOverhead => TagLength;

    public int RtcpOverhead => TagLength + IndexLength;

    public int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtpSalt, ssrc, index, iv);
        var payload = buffer[headerLength..length];
        _rtp.Encrypt(iv, payload, payload, buffer.Slice(length, TagLength), buffer[..headerLength]);
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
        return TryOpen(_rtp, iv, packet[headerLength..length], packet[length..], packet[..headerLength]);
    }

    public int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtcpSalt, ssrc, index, iv);
        Span<byte> associated = stackalloc byte[RtcpHeader + IndexLength];
        WriteAssociated(buffer, index, associated);

        var payload = buffer[RtcpHeader..length];
        _rtcp.Encrypt(iv, payload, payload, buffer.Slice(length, TagLength), associated);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[(length + TagLength)..], index | SrtpProfileSizes.RtcpEncryptedBit);
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
        WriteAssociated(packet, index, associated);
        return TryOpen(_rtcp, iv, packet[RtcpHeader..length], packet.Slice(length, TagLength), associated);
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    // RFC 7714 §9.2: the first 8 bytes and the E|index word.
    private static void WriteAssociated(ReadOnlySpan<byte> packet, uint index, Span<byte> associated)
    {
        packet[..RtcpHeader].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[RtcpHeader..], index | SrtpProfileSizes.RtcpEncryptedBit);
    }

    private static bool TryOpen(AesGcm gcm, ReadOnlySpan<byte> iv, Span<byte> payload, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associated)
    {
        // AesGcm has no way to say "not authentic" but by throwing.
        try
        {
            gcm.Decrypt(iv, payload, tag, payload, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
