using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Protocol.Tests.Srtp;

public class HardwareAes128GcmTests
{
    // Test cases 1 to 4 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega, appendix B.
    [Theory]
    [InlineData("00000000000000000000000000000000", "000000000000000000000000", "", "", "", "58e2fccefa7e3061367f1d57a4e7455a")]
    [InlineData("00000000000000000000000000000000", "000000000000000000000000", "", "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf")]
    [InlineData(
        "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
        "4d5c2af327cd64a62cf35abd2ba6fab4")]
    [InlineData(
        "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47")]
    public void Published_test_cases_hold(string key, string iv, string associated, string plain, string cipher, string tag)
    {
        using var gcm = new HardwareAes128Gcm(Convert.FromHexString(key));
        var data = Convert.FromHexString(plain);
        var computed = new byte[16];
        gcm.Seal(Convert.FromHexString(iv), Convert.FromHexString(associated), data, computed);
        Assert.Equal((cipher, tag), (Convert.ToHexStringLower(data), Convert.ToHexStringLower(computed)));

        Assert.True(gcm.TryOpen(Convert.FromHexString(iv), Convert.FromHexString(associated), data, computed));
        Assert.Equal(plain, Convert.ToHexStringLower(data));
    }

    [Fact]
    public void It_agrees_with_the_library_at_every_length()
    {
        var random = new Random(20_261_120);
        for (var length = 0; length <= 700; length++)
        {
            var key = new byte[16];
            var iv = new byte[12];
            var associated = new byte[length % 2 == 0 ? length % 65 : random.Next(0, 300)];
            var plain = new byte[length];
            foreach (var bytes in new[] { key, iv, associated, plain })
            {
                random.NextBytes(bytes);
            }

            using var library = new AesGcm(key, 16);
            using var hardware = new HardwareAes128Gcm(key);
            var expected = new byte[length];
            var expectedTag = new byte[16];
            library.Encrypt(iv, plain, expected, expectedTag, associated);
            var data = plain.ToArray();
            var tag = new byte[16];
            hardware.Seal(iv, associated, data, tag);
            Assert.Equal(expected, data);
            Assert.Equal(expectedTag, tag);
            Assert.True(hardware.TryOpen(iv, associated, data, tag));
            Assert.Equal(plain, data);
        }
    }

    /// <summary>All that this processor has: <see cref="HardwareAes128Gcm"/> uses the widest.</summary>
    [Fact]
    public void Narrow_paired_and_wide_instructions_hash_alike()
    {
        var random = new Random(5);
        var h = new byte[16];
        var powers = new Vector128<byte>[HardwareGhash.PowerSlots];
        var blocks = new byte[HardwareGhash.Lanes * 16];
        for (var turn = 0; turn < 1_000; turn++)
        {
            random.NextBytes(h);
            random.NextBytes(blocks);
            Array.Clear(powers);
            HardwareGhash.WritePowers(Vector128.Create(h), powers);
            var hash = Vector128.Create((ulong)random.NextInt64(), (ulong)random.NextInt64());
            var count = random.Next(1, HardwareGhash.Lanes + 1);
            blocks.AsSpan(count * 16).Clear();
            ref var power = ref Unsafe.As<Vector128<byte>, byte>(ref powers[HardwareGhash.Lanes - count]);
            var narrow = HardwareGhash.AbsorbNarrow(ref power, hash, ref blocks[0]);
            Assert.Equal(HardwareGhash.Absorb(ref powers[0], hash, ref blocks[0], count), narrow);
            if (HardwareGhash.IsPaired)
            {
                Assert.Equal(HardwareGhash.AbsorbPaired(ref power, hash, ref blocks[0]), narrow);
            }
        }
    }

    [Fact]
    public void A_changed_bit_of_tag_data_or_header_is_refused()
    {
        var random = new Random(3);
        using var gcm = new HardwareAes128Gcm(new byte[16]);
        var iv = new byte[12];
        for (var turn = 0; turn < 500; turn++)
        {
            var associated = new byte[12 + (turn % 23)];
            var data = new byte[random.Next(1, 300)];
            var tag = new byte[16];
            random.NextBytes(data);
            gcm.Seal(iv, associated, data, tag);
            var target = (turn % 3) switch { 0 => associated, 1 => data, _ => tag };
            target[random.Next(target.Length)] ^= (byte)(1 << random.Next(8));
            Assert.False(gcm.TryOpen(iv, associated, data, tag));
        }
    }

    /// <summary>A disposed cipher's keys are zeros: what they sealed, anybody could read.</summary>
    [Fact]
    public void A_disposed_cipher_seals_and_opens_nothing()
    {
        var gcm = new HardwareAes128Gcm(new byte[16]);
        gcm.Dispose();
        gcm.Dispose();
        var data = new byte[40];
        Assert.ThrowsAny<Exception>(() => gcm.Seal(new byte[12], new byte[20], data, new byte[16]));
        Assert.ThrowsAny<Exception>(() => gcm.TryOpen(new byte[12], new byte[20], data, new byte[16]));
        Assert.All(data, b => Assert.Equal(0, b));
    }
}
