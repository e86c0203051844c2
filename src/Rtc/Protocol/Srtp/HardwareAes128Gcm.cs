using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Aes = System.Runtime.Intrinsics.X86.Aes;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// AES-128-GCM by the processor's AES and carry-less multiplication instructions (NIST SP 800-38D; FIPS 197). Eight counter blocks are
/// encrypted side by side; GHASH adds up eight products before it reduces. No branch and no memory address depends on the key or
/// the data, so it runs in constant time for a given length.
/// </summary>
public sealed class HardwareAes128Gcm : IAes128Gcm
{
    private const int BlockBytes = 16;
    private const int Rounds = 10;
    private const int Lanes = 8;
    private const int LaneBytes = Lanes * BlockBytes;

    /// <summary>The GCM polynomial's upper half in reflected bit order: x^128 + x^7 + x^2 + x + 1 with x^127 … as the highest bits.</summary>
    private const ulong Polynomial = 0xC200_0000_0000_0000;

    private static readonly Vector128<byte> Reverse =
        Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

    /// <summary>11 round keys, then H^8 … H^1, each multiplied by x (see <see cref="TimesX"/>).</summary>
    private readonly Vector128<byte>[] _schedule = new Vector128<byte>[Rounds + 1 + Lanes];

    public HardwareAes128Gcm(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, BlockBytes);
        ExpandKey(Vector128.Create(key), _schedule);
        var zero = Vector128<byte>.Zero;
        var h = TimesX(Ssse3.Shuffle(EncryptBlock(ref _schedule[0], zero), Reverse).AsUInt64());
        var power = h;
        for (var i = 0; i < Lanes; i++)
        {
            // The last slot holds H, the first H^8: the first of eight blocks is multiplied most often.
            _schedule[Rounds + Lanes - i] = power.AsByte();
            power = Multiply(power, h);
        }
    }

    /// <summary>Whether this processor has the instructions.</summary>
    public static bool IsSupported => Aes.IsSupported && Pclmulqdq.IsSupported && Ssse3.IsSupported && BitConverter.IsLittleEndian;

    public void Seal(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag)
    {
        ref var keys = ref MemoryMarshal.GetArrayDataReference(_schedule);
        var counter = FirstCounter(iv);
        var hash = Absorb(ref keys, Vector128<ulong>.Zero, associated);
        hash = Crypt(ref keys, counter, hash, data, encrypt: true);
        Finish(ref keys, counter, hash, associated.Length, data.Length).CopyTo(tag);
    }

    public bool TryOpen(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        ref var keys = ref MemoryMarshal.GetArrayDataReference(_schedule);
        var counter = FirstCounter(iv);
        var hash = Absorb(ref keys, Vector128<ulong>.Zero, associated);
        hash = Crypt(ref keys, counter, hash, data, encrypt: false);
        var expected = Finish(ref keys, counter, hash, associated.Length, data.Length);
        return tag.Length == BlockBytes && expected == Vector128.Create(tag);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_schedule.AsSpan()));

    /// <summary>Encrypts or decrypts in place from the second counter block on, and absorbs the ciphertext.</summary>
    private static Vector128<ulong> Crypt(
        ref Vector128<byte> keys, Vector128<uint> counter, Vector128<ulong> hash, Span<byte> data, bool encrypt)
    {
        ref var start = ref MemoryMarshal.GetReference(data);
        var block = 2u; // SP 800-38D §7.1: J0 itself masks the tag.
        var offset = 0;
        for (; offset + LaneBytes <= data.Length; offset += LaneBytes)
        {
            ref var at = ref Unsafe.Add(ref start, offset);
            if (!encrypt)
            {
                hash = AbsorbEight(ref keys, hash, ref at);
            }

            CryptEight(ref keys, counter, block, ref at);
            block += Lanes;
            if (encrypt)
            {
                hash = AbsorbEight(ref keys, hash, ref at);
            }
        }

        return offset == data.Length ? hash : CryptRest(ref keys, counter, block, hash, data[offset..], encrypt);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CryptEight(ref Vector128<byte> keys, Vector128<uint> counter, uint block, ref byte at)
    {
        var key = keys;
        var b0 = key ^ Counter(counter, block);
        var b1 = key ^ Counter(counter, block + 1);
        var b2 = key ^ Counter(counter, block + 2);
        var b3 = key ^ Counter(counter, block + 3);
        var b4 = key ^ Counter(counter, block + 4);
        var b5 = key ^ Counter(counter, block + 5);
        var b6 = key ^ Counter(counter, block + 6);
        var b7 = key ^ Counter(counter, block + 7);
        for (var round = 1; round < Rounds; round++)
        {
            key = Unsafe.Add(ref keys, round);
            b0 = Aes.Encrypt(b0, key);
            b1 = Aes.Encrypt(b1, key);
            b2 = Aes.Encrypt(b2, key);
            b3 = Aes.Encrypt(b3, key);
            b4 = Aes.Encrypt(b4, key);
            b5 = Aes.Encrypt(b5, key);
            b6 = Aes.Encrypt(b6, key);
            b7 = Aes.Encrypt(b7, key);
        }

        key = Unsafe.Add(ref keys, Rounds);
        Mask(ref at, 0, Aes.EncryptLast(b0, key));
        Mask(ref at, 1, Aes.EncryptLast(b1, key));
        Mask(ref at, 2, Aes.EncryptLast(b2, key));
        Mask(ref at, 3, Aes.EncryptLast(b3, key));
        Mask(ref at, 4, Aes.EncryptLast(b4, key));
        Mask(ref at, 5, Aes.EncryptLast(b5, key));
        Mask(ref at, 6, Aes.EncryptLast(b6, key));
        Mask(ref at, 7, Aes.EncryptLast(b7, key));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mask(ref byte at, int lane, Vector128<byte> stream)
    {
        ref var target = ref Unsafe.Add(ref at, lane * BlockBytes);
        (Vector128.LoadUnsafe(ref target) ^ stream).StoreUnsafe(ref target);
    }

    /// <summary>What is left after the groups of eight: up to seven blocks and a part of one, in one padded group.</summary>
    private static Vector128<ulong> CryptRest(
        ref Vector128<byte> keys, Vector128<uint> counter, uint block, Vector128<ulong> hash, Span<byte> rest, bool encrypt)
    {
        Span<byte> group = stackalloc byte[LaneBytes];
        group.Clear();
        rest.CopyTo(group);
        if (!encrypt)
        {
            hash = Absorb(ref keys, hash, rest);
        }

        CryptEight(ref keys, counter, block, ref MemoryMarshal.GetReference(group));
        group[..rest.Length].CopyTo(rest);
        return encrypt ? Absorb(ref keys, hash, rest) : hash;
    }

    private static Vector128<byte> Finish(ref Vector128<byte> keys, Vector128<uint> counter, Vector128<ulong> hash, int associated, int data)
    {
        // SP 800-38D §7.1 step 5: both lengths in bits, as big-endian 64-bit numbers; reversed like every block here.
        var lengths = Vector128.Create((ulong)data * 8, (ulong)associated * 8);
        hash = Multiply(hash ^ lengths, H(ref keys, Lanes - 1));
        return Ssse3.Shuffle(hash.AsByte(), Reverse) ^ EncryptBlock(ref keys, Counter(counter, 1));
    }

    /// <summary>GHASH over bytes of any length, the last block padded with zeros.</summary>
    private static Vector128<ulong> Absorb(ref Vector128<byte> keys, Vector128<ulong> hash, ReadOnlySpan<byte> bytes)
    {
        var blocks = (bytes.Length + BlockBytes - 1) / BlockBytes;
        if (blocks is 0 or > Lanes)
        {
            // Headers longer than eight blocks (many CSRCs) go eight by eight.
            return blocks == 0 ? hash : Absorb(ref keys, AbsorbEight(ref keys, hash, ref MemoryMarshal.GetReference(bytes)), bytes[LaneBytes..]);
        }

        Span<byte> padded = stackalloc byte[BlockBytes];
        var low = Vector128<ulong>.Zero;
        var middle = Vector128<ulong>.Zero;
        var high = Vector128<ulong>.Zero;
        for (var i = 0; i < blocks; i++)
        {
            var from = bytes[(i * BlockBytes)..];
            Vector128<byte> value;
            if (from.Length >= BlockBytes)
            {
                value = Vector128.Create(from[..BlockBytes]);
            }
            else
            {
                padded.Clear();
                from.CopyTo(padded);
                value = Vector128.Create((ReadOnlySpan<byte>)padded);
            }

            var x = Ssse3.Shuffle(value, Reverse).AsUInt64();
            Accumulate(i == 0 ? x ^ hash : x, H(ref keys, Lanes - blocks + i), ref low, ref middle, ref high);
        }

        return Reduce(low, middle, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> AbsorbEight(ref Vector128<byte> keys, Vector128<ulong> hash, ref byte at)
    {
        var low = Vector128<ulong>.Zero;
        var middle = Vector128<ulong>.Zero;
        var high = Vector128<ulong>.Zero;
        Accumulate(Block(ref at, 0) ^ hash, H(ref keys, 0), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 1), H(ref keys, 1), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 2), H(ref keys, 2), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 3), H(ref keys, 3), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 4), H(ref keys, 4), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 5), H(ref keys, 5), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 6), H(ref keys, 6), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 7), H(ref keys, 7), ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Block(ref byte at, int lane) =>
        Ssse3.Shuffle(Vector128.LoadUnsafe(ref at, (nuint)(lane * BlockBytes)), Reverse).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> H(ref Vector128<byte> keys, int slot) => Unsafe.Add(ref keys, Rounds + 1 + slot).AsUInt64();

    /// <summary>Adds the 256-bit product to three sums: lower, the two crossed, and upper halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(
        Vector128<ulong> a, Vector128<ulong> b, ref Vector128<ulong> low, ref Vector128<ulong> middle, ref Vector128<ulong> high)
    {
        low ^= Pclmulqdq.CarrylessMultiply(a, b, 0x00);
        high ^= Pclmulqdq.CarrylessMultiply(a, b, 0x11);
        middle ^= Pclmulqdq.CarrylessMultiply(a, b, 0x01) ^ Pclmulqdq.CarrylessMultiply(a, b, 0x10);
    }

    /// <summary>
    /// Reduces modulo the polynomial. In reflected order the product's low half is the one of high powers: it is folded
    /// upwards 64 bits at a time. One factor carries an extra x, which the reflected product lacks.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Reduce(Vector128<ulong> low, Vector128<ulong> middle, Vector128<ulong> high)
    {
        var polynomial = Vector128.Create(Polynomial, 0);
        middle ^= Swap(low) ^ Pclmulqdq.CarrylessMultiply(low, polynomial, 0x00);
        return high ^ Swap(middle) ^ Pclmulqdq.CarrylessMultiply(middle, polynomial, 0x00);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Swap(Vector128<ulong> value) => Sse2.Shuffle(value.AsInt32(), 0x4E).AsUInt64();

    private static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b)
    {
        var low = Vector128<ulong>.Zero;
        var middle = Vector128<ulong>.Zero;
        var high = Vector128<ulong>.Zero;
        Accumulate(a, b, ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    /// <summary>H·x: a shift by one with reduction, as a reflected product of two 128-bit values is one bit short.</summary>
    private static Vector128<ulong> TimesX(Vector128<ulong> h)
    {
        var value = new UInt128(h.GetElement(1), h.GetElement(0));
        var carry = (ulong)(value >> 127);
        value <<= 1;
        // Without a branch on the key: the mask is all ones or zero.
        var mask = 0UL - carry;
        return Vector128.Create((ulong)value ^ (mask & 1), (ulong)(value >> 64) ^ (mask & Polynomial));
    }

    private static Vector128<uint> FirstCounter(ReadOnlySpan<byte> iv)
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        block.Clear();
        iv[..12].CopyTo(block);
        return Vector128.Create((ReadOnlySpan<byte>)block).AsUInt32();
    }

    /// <summary>The counter's low 32 bits are big-endian (SP 800-38D §6.2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Counter(Vector128<uint> counter, uint block) =>
        counter.WithElement(3, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(block)).AsByte();

    private static Vector128<byte> EncryptBlock(ref Vector128<byte> keys, Vector128<byte> block)
    {
        block ^= keys;
        for (var round = 1; round < Rounds; round++)
        {
            block = Aes.Encrypt(block, Unsafe.Add(ref keys, round));
        }

        return Aes.EncryptLast(block, Unsafe.Add(ref keys, Rounds));
    }

    /// <summary>FIPS 197 §5.2 by AESKEYGENASSIST.</summary>
    private static void ExpandKey(Vector128<byte> key, Span<Vector128<byte>> schedule)
    {
        schedule[0] = key;
        schedule[1] = key = Next(key, Aes.KeygenAssist(key, 0x01));
        schedule[2] = key = Next(key, Aes.KeygenAssist(key, 0x02));
        schedule[3] = key = Next(key, Aes.KeygenAssist(key, 0x04));
        schedule[4] = key = Next(key, Aes.KeygenAssist(key, 0x08));
        schedule[5] = key = Next(key, Aes.KeygenAssist(key, 0x10));
        schedule[6] = key = Next(key, Aes.KeygenAssist(key, 0x20));
        schedule[7] = key = Next(key, Aes.KeygenAssist(key, 0x40));
        schedule[8] = key = Next(key, Aes.KeygenAssist(key, 0x80));
        schedule[9] = key = Next(key, Aes.KeygenAssist(key, 0x1B));
        schedule[10] = Next(key, Aes.KeygenAssist(key, 0x36));

        static Vector128<byte> Next(Vector128<byte> key, Vector128<byte> assist)
        {
            // Each word is the sum of the words before it and the transformed last word.
            key ^= Sse2.ShiftLeftLogical128BitLane(key, 4);
            key ^= Sse2.ShiftLeftLogical128BitLane(key, 8);
            return key ^ Sse2.Shuffle(assist.AsInt32(), 0xFF).AsByte();
        }
    }
}
