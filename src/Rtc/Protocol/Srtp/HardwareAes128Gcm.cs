using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Events.Rtc.Protocol.Primitives;
using Aes = System.Runtime.Intrinsics.X86.Aes;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// AES-128-GCM by the processor's AES and carry-less multiplication instructions (NIST SP 800-38D; FIPS 197). Eight counter blocks are
/// encrypted side by side, and <see cref="HardwareGhash"/> absorbs eight before it reduces. No branch and no memory address depends on
/// the key or the data, so it runs in constant time for a given length.
/// </summary>
public sealed class HardwareAes128Gcm : IAes128Gcm
{
    private const int BlockBytes = 16;
    private const int Rounds = 10;
    private const int Lanes = HardwareGhash.Lanes;
    private const int LaneBytes = Lanes * BlockBytes;

    /// <summary>From the n-th on: moves a vector's bytes down by n, and zeros behind them.</summary>
    private static ReadOnlySpan<byte> Shifts =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    ];

    /// <summary>11 round keys, then the powers of H for <see cref="HardwareGhash"/>.</summary>
    private Vector128<byte>[] _schedule = new Vector128<byte>[Rounds + 1 + HardwareGhash.PowerSlots];

    public HardwareAes128Gcm(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, BlockBytes);
        ExpandKey(Vector128.Create(key), _schedule);
        HardwareGhash.WritePowers(EncryptBlock(ref _schedule[0], Vector128<byte>.Zero), _schedule.AsSpan(Rounds + 1));
    }

    /// <summary>Whether this processor has the instructions.</summary>
    public static bool IsSupported => Aes.IsSupported && HardwareGhash.IsSupported && BitConverter.IsLittleEndian;

    public void Seal(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, Span<byte> tag)
    {
        ref var keys = ref MemoryMarshal.GetArrayDataReference(_schedule);
        var counter = FirstCounter(iv);
        var hash = Absorb(ref keys, associated);
        hash = Crypt(ref keys, counter, hash, data, encrypt: true);
        Finish(ref keys, counter, hash, associated.Length, data.Length).CopyTo(tag);
    }

    public bool TryOpen(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associated, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        ref var keys = ref MemoryMarshal.GetArrayDataReference(_schedule);
        var counter = FirstCounter(iv);
        var hash = Absorb(ref keys, associated);
        hash = Crypt(ref keys, counter, hash, data, encrypt: false);
        var expected = Finish(ref keys, counter, hash, associated.Length, data.Length);
        return tag.Length == BlockBytes && expected == Vector128.Create(tag);
    }

    public void Fetch() => Prefetch.At(ref MemoryMarshal.GetArrayDataReference(_schedule), (Rounds + 1 + HardwareGhash.PowerSlots) * BlockBytes);

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_schedule.AsSpan()));
        _schedule = null!; // Nothing may be sealed by zeros.
    }

    /// <summary>Encrypts or decrypts in place from the second counter block on, and absorbs the ciphertext.</summary>
    private static Vector128<ulong> Crypt(
        ref Vector128<byte> keys, Vector128<uint> counter, Vector128<ulong> hash, Span<byte> data, bool encrypt)
    {
        ref var powers = ref Unsafe.Add(ref keys, Rounds + 1);
        ref var start = ref MemoryMarshal.GetReference(data);
        var block = 2u; // SP 800-38D §7.1: J0 itself masks the tag.
        var offset = 0;
        for (; offset + LaneBytes <= data.Length; offset += LaneBytes)
        {
            ref var at = ref Unsafe.Add(ref start, offset);
            if (!encrypt)
            {
                hash = HardwareGhash.Absorb(ref powers, hash, ref at, Lanes);
            }

            CryptEight(ref keys, counter, block, ref at);
            block += Lanes;
            if (encrypt && offset > 0)
            {
                // One group behind: a wide load of what narrow stores have just written would wait for them.
                hash = HardwareGhash.Absorb(ref powers, hash, ref Unsafe.Add(ref at, -LaneBytes), Lanes);
            }
        }

        if (encrypt && offset > 0)
        {
            hash = HardwareGhash.Absorb(ref powers, hash, ref Unsafe.Add(ref start, offset - LaneBytes), Lanes);
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
            hash = AbsorbGroup(ref keys, hash, group, rest.Length);
        }

        CryptEight(ref keys, counter, block, ref MemoryMarshal.GetReference(group));
        group[..rest.Length].CopyTo(rest);
        if (encrypt)
        {
            group[rest.Length..].Clear();
            hash = AbsorbGroup(ref keys, hash, group, rest.Length);
        }

        return hash;
    }

    /// <summary>GHASH from its beginning over bytes of any length, the last block padded with zeros.</summary>
    private static Vector128<ulong> Absorb(ref Vector128<byte> keys, ReadOnlySpan<byte> bytes)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        if (bytes.Length is > BlockBytes and <= 2 * BlockBytes)
        {
            // Most headers: without a detour over memory, from which wide loads would wait for narrow stores.
            var rest = Vector128.LoadUnsafe(ref start, (nuint)(bytes.Length - BlockBytes));
            var shift = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(Shifts), (nuint)((2 * BlockBytes) - bytes.Length));
            return HardwareGhash.AbsorbPair(ref Unsafe.Add(ref keys, Rounds + 1), Vector128.LoadUnsafe(ref start), Ssse3.Shuffle(rest, shift));
        }

        var hash = Vector128<ulong>.Zero;
        Span<byte> group = stackalloc byte[LaneBytes];
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(LaneBytes, bytes.Length)..])
        {
            var length = Math.Min(LaneBytes, bytes.Length);
            group.Clear();
            bytes[..length].CopyTo(group);
            hash = AbsorbGroup(ref keys, hash, group, length);
        }

        return hash;
    }

    /// <summary>GHASH over the first bytes of a group, after which it has zeros.</summary>
    private static Vector128<ulong> AbsorbGroup(ref Vector128<byte> keys, Vector128<ulong> hash, ReadOnlySpan<byte> group, int length) =>
        HardwareGhash.Absorb(
            ref Unsafe.Add(ref keys, Rounds + 1), hash, ref MemoryMarshal.GetReference(group), (length + BlockBytes - 1) / BlockBytes);

    private static Vector128<byte> Finish(ref Vector128<byte> keys, Vector128<uint> counter, Vector128<ulong> hash, int associated, int data) =>
        HardwareGhash.Finish(ref Unsafe.Add(ref keys, Rounds + 1), hash, associated, data) ^ EncryptBlock(ref keys, Counter(counter, 1));

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
