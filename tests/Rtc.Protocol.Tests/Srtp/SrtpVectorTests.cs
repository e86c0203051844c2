using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Protocol.Tests.Srtp;

/// <summary>Published vectors: RFC 3711 appendix B, RFC 7714 §16 and §17, held against both libraries.</summary>
public sealed class SrtpVectorTests
{
    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counter_mode_makes_the_key_stream_of_RFC_3711_B_2(bool evp)
    {
        var salt = Hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
        var key = Hex("2B7E151628AED2A6ABF7158809CF4F3C");
        using var cipher = SrtpFixture.Factory(evp).Create(
            new SrtpSessionKeys(SrtpProfile.Aes128CmHmacSha1Tag80, key, salt, new byte[20], key, salt, new byte[20]));
        var buffer = new byte[12 + 48 + 10];

        cipher.ProtectRtp(buffer, 12 + 48, 12, ssrc: 0, index: 0);

        var expected = Hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0");
        Assert.Equal(expected, buffer[12..60]);
    }

    [Fact]
    public void Key_derivation_gives_the_session_keys_of_RFC_3711_B_3()
    {
        var keys = SrtpKeyDerivation.Derive(
            SrtpProfile.Aes128CmHmacSha1Tag80,
            Hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            Hex("0EC675AD498AFEEBB6960B3AABE6"));

        Assert.Equal(Hex("C61E7A93744F39EE10734AFE3FF7A087"), keys.RtpKey);
        Assert.Equal(Hex("30CBBC08863D8C85D49DB34A9AE1"), keys.RtpSalt);
        Assert.Equal(Hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"), keys.RtpAuthKey);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gcm_protects_the_RTP_packet_of_RFC_7714_16_1_1(bool evp)
    {
        using var cipher = QuidProQuo(evp);
        var plain = Hex("8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573");
        var expected = Hex(
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce");
        var buffer = SrtpFixture.WithRoom(plain);

        var length = cipher.ProtectRtp(buffer, plain.Length, 12, ssrc: 0x5501A0B2, index: 0xF17B);

        Assert.Equal(expected, buffer[..length]);
        Assert.True(cipher.TryUnprotectRtp(buffer.AsSpan(0, length), 12, 0x5501A0B2, 0xF17B, out var opened));
        Assert.Equal(plain, buffer[..opened]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gcm_protects_the_RTCP_packet_of_RFC_7714_17_1(bool evp)
    {
        using var cipher = QuidProQuo(evp);
        var plain = Hex(
            "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef");
        var expected = Hex(
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4");
        var buffer = SrtpFixture.WithRoom(plain);

        var length = cipher.ProtectRtcp(buffer, plain.Length, ssrc: 0x4D617273, index: 0x5D4);

        Assert.Equal(expected, buffer[..length]);
        Assert.True(cipher.TryReadRtcpIndex(buffer.AsSpan(0, length), out var index, out var encrypted));
        Assert.Equal((0x5D4u, true), (index, encrypted));
        Assert.True(cipher.TryUnprotectRtcp(buffer.AsSpan(0, length), 0x4D617273, index, out var opened));
        Assert.Equal(plain, buffer[..opened]);
    }

    /// <summary>The reference packets of libsrtp's driver, which other stacks check themselves against too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counter_mode_protects_the_reference_packets_of_libsrtp(bool evp)
    {
        using var sender = new SrtpSender(SrtpFixture.Factory(evp).Create(
            SrtpProfile.Aes128CmHmacSha1Tag80,
            Hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            Hex("0EC675AD498AFEEBB6960B3AABE6")));

        var rtp = SrtpFixture.Protect(sender, sender.OpenStream(0xCAFEBABE), Hex("800f1234decafbadcafebabe abababababababababababababababab"));
        var rtcp = SrtpFixture.ProtectRtcp(sender, Hex("81c8000bcafebabe abababababababababababababababab"));

        Assert.Equal(Hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb"), rtp);
        Assert.Equal(Hex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798"), rtcp);
    }

    private static ISrtpCipher QuidProQuo(bool evp)
    {
        var key = Hex("000102030405060708090a0b0c0d0e0f");
        var salt = Hex("51756964 2070726f 2071756f");
        return SrtpFixture.Factory(evp).Create(new SrtpSessionKeys(SrtpProfile.AeadAes128Gcm, key, salt, [], key, salt, []));
    }
}
