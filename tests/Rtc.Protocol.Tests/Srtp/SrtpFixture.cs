using System.Buffers.Binary;
using Events.Rtc.OpenSsl;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Protocol.Tests.Srtp;

/// <summary>Keys, packets and cipher pairs that the SRTP tests share.</summary>
internal static class SrtpFixture
{
    public const uint Ssrc = 0xCAFEBABE;

    public static readonly SrtpProfile[] Profiles = [SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80];

    public static TheoryData<SrtpProfile, bool> ProfilesAndLibraries => new()
    {
        { SrtpProfile.AeadAes128Gcm, false },
        { SrtpProfile.AeadAes128Gcm, true },
        { SrtpProfile.Aes128CmHmacSha1Tag80, false },
        { SrtpProfile.Aes128CmHmacSha1Tag80, true },
    };

    public static ISrtpCipherFactory Factory(bool evp) => evp ? EvpSrtpCipherFactory.Instance : ManagedSrtpCipherFactory.Instance;

    public static ISrtpCipher Cipher(SrtpProfile profile, bool evp = true)
    {
        var key = new byte[SrtpProfileSizes.KeyLength];
        var salt = new byte[profile.SaltLength()];
        new Random(7).NextBytes(key);
        new Random(8).NextBytes(salt);
        return Factory(evp).Create(profile, key, salt);
    }

    public static byte[] Rtp(ushort sequence, int payload = 20, uint ssrc = Ssrc)
    {
        var packet = new byte[12 + payload];
        packet[0] = 0x80;
        packet[1] = 96;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
        packet.AsSpan(12).Fill((byte)sequence);
        return packet;
    }

    public static byte[] Rtcp(uint ssrc = Ssrc)
    {
        var packet = new byte[28];
        packet[0] = 0x80;
        packet[1] = 200;
        packet[3] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), ssrc);
        return packet;
    }

    public static byte[] WithRoom(byte[] packet)
    {
        var buffer = new byte[packet.Length + SrtpProfileSizes.MaxOverhead];
        packet.CopyTo(buffer, 0);
        return buffer;
    }

    public static byte[] Protect(SrtpSender sender, SrtpSendStream stream, byte[] packet)
    {
        var buffer = WithRoom(packet);
        return buffer[..sender.ProtectRtp(stream, buffer, packet.Length)];
    }

    public static byte[] ProtectRtcp(SrtpSender sender, byte[] packet)
    {
        var buffer = WithRoom(packet);
        return buffer[..sender.ProtectRtcp(buffer, packet.Length)];
    }

    public static SrtpRefusal Open(SrtpReceiver receiver, byte[] packet) =>
        receiver.TryUnprotectRtp(packet.ToArray(), out _, out var reason) ? SrtpRefusal.None : reason;

    public static SrtpRefusal OpenRtcp(SrtpReceiver receiver, byte[] packet) =>
        receiver.TryUnprotectRtcp(packet.ToArray(), out _, out var reason) ? SrtpRefusal.None : reason;
}
