using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc.OpenSsl;

/// <summary>AEAD_AES_128_GCM by libcrypto (RFC 7714).</summary>
internal sealed unsafe class EvpGcmCipher : ISrtpCipher
{
    private const int TagLength = 16;
    private const int IndexLength = SrtpProfileSizes.RtcpIndexLength;
    private const int RtcpHeader = SrtpProfileSizes.RtcpHeaderLength;

    private readonly EvpCipherContext _rtp;
    private readonly EvpCipherContext _rtcp;
    private readonly byte[] _rtpSalt;
    private readonly byte[] _rtcpSalt;

    public EvpGcmCipher(SrtpSessionKeys keys)
    {
        _rtp = EvpCipherContext.Gcm(keys.RtpKey);
        _rtcp = EvpCipherContext.Gcm(keys.RtcpKey);
        _rtpSalt = keys.RtpSalt;
        _rtcpSalt = keys.RtcpSalt;
    }

    public int RtpOverhead => TagLength;

    public int RtcpOverhead => TagLength + IndexLength;

    public int ProtectRtp(Span<byte> buffer, int length, int headerLength, uint ssrc, ulong index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtpSalt, ssrc, index, iv);
        Seal(_rtp, iv, buffer[..headerLength], buffer[headerLength..length], buffer.Slice(length, TagLength));
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
        return TryOpen(_rtp, iv, packet[..headerLength], packet[headerLength..length], packet[length..]);
    }

    public int ProtectRtcp(Span<byte> buffer, int length, uint ssrc, uint index)
    {
        Span<byte> iv = stackalloc byte[SrtpNonce.GcmLength];
        SrtpNonce.WriteGcm(_rtcpSalt, ssrc, index, iv);
        var word = index | SrtpProfileSizes.RtcpEncryptedBit;
        Span<byte> associated = stackalloc byte[RtcpHeader + IndexLength];
        WriteAssociated(buffer, word, associated);
        Seal(_rtcp, iv, associated, buffer[RtcpHeader..length], buffer.Slice(length, TagLength));
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
        return TryOpen(_rtcp, iv, associated, packet[RtcpHeader..length], packet.Slice(length, TagLength));
    }

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    // RFC 7714 §9.2: the first 8 bytes and the E|index word.
    private static void WriteAssociated(ReadOnlySpan<byte> packet, uint word, Span<byte> associated)
    {
        packet[..RtcpHeader].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[RtcpHeader..], word);
    }

    private static void Seal(EvpCipherContext keeper, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> payload, Span<byte> tag)
    {
        var context = keeper.Pointer;
        fixed (byte* ivPointer = iv, associatedPointer = associated, payloadPointer = payload, tagPointer = tag)
        {
            int written;
            byte none;
            if (LibCrypto.SetIv(context, 0, 0, 0, ivPointer, LibCrypto.Encrypt) != 1
                || LibCrypto.UpdateCipher(context, null, &written, associatedPointer, associated.Length) != 1
                || (payload.Length > 0 && LibCrypto.UpdateCipher(context, payloadPointer, &written, payloadPointer, payload.Length) != 1)
                || LibCrypto.FinishCipher(context, &none, &written) != 1
                || LibCrypto.ControlCipher(context, LibCrypto.ControlGcmGetTag, TagLength, tagPointer) != 1)
            {
                ThrowFailed();
            }
        }

        GC.KeepAlive(keeper);
    }

    private static bool TryOpen(EvpCipherContext keeper, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> payload, ReadOnlySpan<byte> tag)
    {
        var context = keeper.Pointer;
        bool authentic;
        fixed (byte* ivPointer = iv, associatedPointer = associated, payloadPointer = payload, tagPointer = tag)
        {
            int written;
            byte none;
            if (LibCrypto.SetIv(context, 0, 0, 0, ivPointer, LibCrypto.Decrypt) != 1
                || LibCrypto.UpdateCipher(context, null, &written, associatedPointer, associated.Length) != 1
                || (payload.Length > 0 && LibCrypto.UpdateCipher(context, payloadPointer, &written, payloadPointer, payload.Length) != 1)
                || LibCrypto.ControlCipher(context, LibCrypto.ControlGcmSetTag, TagLength, tagPointer) != 1)
            {
                ThrowFailed();
            }

            authentic = LibCrypto.FinishCipher(context, &none, &written) == 1;
        }

        GC.KeepAlive(keeper);
        return authentic;
    }

    [DoesNotReturn]
    private static void ThrowFailed() => throw new CryptographicException("libcrypto failed at AES-GCM.");
}
