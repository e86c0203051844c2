using System.Buffers.Binary;
using Events.Rtc.Protocol.Srtp;
using FsCheck;
using FsCheck.Fluent;

namespace Events.Tests.Rtc.Protocol.Tests.Srtp;

/// <summary>Two independent implementations must agree, and neither may let a changed bit pass.</summary>
public sealed class SrtpCipherAgreementTests
{
    private static readonly Config Quick = Config.QuickThrowOnFailure.WithMaxTest(300);

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80)]
    public void Both_libraries_protect_random_RTP_packets_alike_and_open_each_other(SrtpProfile profile)
    {
        using var evp = SrtpFixture.Cipher(profile, evp: true);
        using var managed = SrtpFixture.Cipher(profile, evp: false);

        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var plain = RandomRtp(random, out var header);
            var ssrc = BinaryPrimitives.ReadUInt32BigEndian(plain.AsSpan(8));
            var index = (ulong)random.NextInt64(1L << 48);
            var one = SrtpFixture.WithRoom(plain);
            var two = SrtpFixture.WithRoom(plain);
            var length = evp.ProtectRtp(one, plain.Length, header, ssrc, index);
            Assert.Equal(length, managed.ProtectRtp(two, plain.Length, header, ssrc, index));
            Assert.Equal(one, two);

            Assert.True(managed.TryUnprotectRtp(one.AsSpan(0, length), header, ssrc, index, out var opened));
            Assert.Equal(plain, one[..opened]);
            Assert.True(evp.TryUnprotectRtp(two.AsSpan(0, length), header, ssrc, index, out opened));
            Assert.Equal(plain, two[..opened]);
        }).Check(Quick);
    }

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80)]
    public void Both_libraries_protect_random_RTCP_packets_alike_and_open_each_other(SrtpProfile profile)
    {
        using var evp = SrtpFixture.Cipher(profile, evp: true);
        using var managed = SrtpFixture.Cipher(profile, evp: false);

        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var plain = new byte[8 + random.Next(1_400)];
            random.NextBytes(plain);
            var ssrc = BinaryPrimitives.ReadUInt32BigEndian(plain.AsSpan(4));
            var index = (uint)random.NextInt64(1L << 31);
            var one = SrtpFixture.WithRoom(plain);
            var two = SrtpFixture.WithRoom(plain);
            var length = evp.ProtectRtcp(one, plain.Length, ssrc, index);
            Assert.Equal(length, managed.ProtectRtcp(two, plain.Length, ssrc, index));
            Assert.Equal(one, two);

            Assert.True(managed.TryUnprotectRtcp(one.AsSpan(0, length), ssrc, index, out var opened));
            Assert.Equal(plain, one[..opened]);
            Assert.True(evp.TryUnprotectRtcp(two.AsSpan(0, length), ssrc, index, out opened));
            Assert.Equal(plain, two[..opened]);
        }).Check(Quick);
    }

    [Theory]
    [MemberData(nameof(SrtpFixture.ProfilesAndLibraries), MemberType = typeof(SrtpFixture))]
    public void A_packet_with_any_single_bit_changed_is_refused(SrtpProfile profile, bool evp)
    {
        using var sender = new SrtpSender(SrtpFixture.Cipher(profile, evp));
        using var receiver = new SrtpReceiver(SrtpFixture.Cipher(profile, evp));
        var rtp = SrtpFixture.Protect(sender, sender.OpenStream(SrtpFixture.Ssrc), SrtpFixture.Rtp(100));
        var rtcp = SrtpFixture.ProtectRtcp(sender, SrtpFixture.Rtcp());

        for (var bit = 0; bit < rtp.Length * 8; bit++)
        {
            Assert.NotEqual(SrtpRefusal.None, SrtpFixture.Open(receiver, Flip(rtp, bit)));
        }

        for (var bit = 0; bit < rtcp.Length * 8; bit++)
        {
            Assert.NotEqual(SrtpRefusal.None, SrtpFixture.OpenRtcp(receiver, Flip(rtcp, bit)));
        }

        Assert.Equal(0, receiver.StreamCount);
        Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(receiver, rtp));
        Assert.Equal(SrtpRefusal.None, SrtpFixture.OpenRtcp(receiver, rtcp));
    }

    [Theory]
    [MemberData(nameof(SrtpFixture.ProfilesAndLibraries), MemberType = typeof(SrtpFixture))]
    public void Random_and_truncated_bytes_are_refused_without_throwing(SrtpProfile profile, bool evp)
    {
        const int Seed = 20_251;
        var random = new Random(Seed);
        using var sender = new SrtpSender(SrtpFixture.Cipher(profile, evp));
        using var receiver = new SrtpReceiver(SrtpFixture.Cipher(profile, evp));
        var good = SrtpFixture.Protect(sender, sender.OpenStream(SrtpFixture.Ssrc), SrtpFixture.Rtp(1));
        for (var length = 0; length < good.Length; length++)
        {
            Assert.NotEqual(SrtpRefusal.None, SrtpFixture.Open(receiver, good[..length]));
            Assert.NotEqual(SrtpRefusal.None, SrtpFixture.OpenRtcp(receiver, good[..length]));
        }

        for (var round = 0; round < 500; round++)
        {
            var bytes = new byte[random.Next(64)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = (byte)(0x80 | (bytes[0] & 0x3F));
            }

            Assert.True(SrtpFixture.Open(receiver, bytes) != SrtpRefusal.None, $"seed {Seed}, round {round}");
            Assert.True(SrtpFixture.OpenRtcp(receiver, bytes) != SrtpRefusal.None, $"seed {Seed}, round {round}");
        }

        Assert.Equal(0, receiver.StreamCount);
    }

    private static byte[] Flip(byte[] packet, int bit)
    {
        var changed = packet.ToArray();
        changed[bit / 8] ^= (byte)(1 << (bit % 8));
        return changed;
    }

    private static byte[] RandomRtp(Random random, out int header)
    {
        var csrcs = random.Next(16);
        var extensionWords = random.Next(-1, 20);
        header = 12 + (csrcs * 4) + (extensionWords < 0 ? 0 : 4 + (extensionWords * 4));
        var packet = new byte[header + random.Next(1_800)];
        random.NextBytes(packet);
        packet[0] = (byte)(0x80 | (extensionWords < 0 ? 0 : 0x10) | csrcs);
        if (extensionWords >= 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(12 + (csrcs * 4) + 2), (ushort)extensionWords);
        }

        return packet;
    }
}
