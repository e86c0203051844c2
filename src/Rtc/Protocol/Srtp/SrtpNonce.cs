using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>Initialisation vectors: the session salt with SSRC and index mixed in.</summary>
public static class SrtpNonce
{
    public const int GcmLength = 12;

    public const int CounterLength = 16;

    /// <summary>RFC 7714 §8.1 (RTP) and §9.1 (RTCP): 00 00 | SSRC | 48-bit index, exclusive-or the salt.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteGcm(ReadOnlySpan<byte> salt, uint ssrc, ulong index, Span<byte> iv)
    {
        salt[..GcmLength].CopyTo(iv);
        var low = BinaryPrimitives.ReadUInt64BigEndian(salt[4..]);
        BinaryPrimitives.WriteUInt64BigEndian(iv[4..], low ^ index ^ ((ulong)(ssrc & 0xFFFF) << 48));
        var high = BinaryPrimitives.ReadUInt16BigEndian(salt[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(iv[2..], (ushort)(high ^ (ssrc >> 16)));
    }

    /// <summary>RFC 3711 §4.1.1: salt·2^16 ⊕ SSRC·2^64 ⊕ index·2^16; the last two bytes count blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteCounter(ReadOnlySpan<byte> salt, uint ssrc, ulong index, Span<byte> iv)
    {
        salt[..4].CopyTo(iv);
        BinaryPrimitives.WriteUInt32BigEndian(iv[4..], BinaryPrimitives.ReadUInt32BigEndian(salt[4..]) ^ ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(iv[8..], BinaryPrimitives.ReadUInt32BigEndian(salt[8..]) ^ (uint)(index >> 16));
        BinaryPrimitives.WriteUInt16BigEndian(iv[12..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(salt[12..]) ^ (ushort)index));
        iv[14] = 0;
        iv[15] = 0;
    }
}
