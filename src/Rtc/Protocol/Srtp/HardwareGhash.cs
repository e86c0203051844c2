using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Events.Rtc.Protocol.Srtp;

/// <summary>
/// GHASH (NIST SP 800-38D §6.4) by carry-less multiplication, up to eight blocks before a reduction; four or two by one instruction where
/// the processor can. Blocks are byte-reversed, so a product is a reflected one, a bit short: every power of H carries an extra x.
/// </summary>
public static class HardwareGhash
{
    /// <summary>Blocks that are absorbed together.</summary>
    public const int Lanes = 8;

    /// <summary>H^8 … H^1, then zeros for the blocks that a shorter group does not have.</summary>
    public const int PowerSlots = Lanes + Lanes - 1;

    private const int BlockBytes = 16;

    /// <summary>The polynomial's upper half in reflected bit order: x^128 + x^7 + x^2 + x + 1 with x^127 … as the highest bits.</summary>
    private const ulong Polynomial = 0xC200_0000_0000_0000;

    private static readonly Vector128<byte> Reverse = Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

    /// <summary>Whether this processor has the instructions.</summary>
    public static bool IsSupported => Pclmulqdq.IsSupported && Ssse3.IsSupported;

    /// <summary>Four blocks by one instruction.</summary>
    public static bool IsWide => Pclmulqdq.V512.IsSupported && Avx512BW.IsSupported;

    /// <summary>Two blocks by one instruction.</summary>
    public static bool IsPaired => Pclmulqdq.V256.IsSupported && Avx2.IsSupported;

    /// <param name="h">The cipher of a zero block.</param>
    /// <param name="powers">All zeros, <see cref="PowerSlots"/> of them.</param>
    public static void WritePowers(Vector128<byte> h, Span<Vector128<byte>> powers)
    {
        var first = TimesX(Ssse3.Shuffle(h, Reverse).AsUInt64());
        var power = first;
        for (var i = Lanes - 1; i >= 0; i--)
        {
            powers[i] = power.AsByte();
            power = Multiply(power, first);
        }
    }

    /// <summary>Adds up to eight blocks to a hash.</summary>
    /// <param name="powers">The first of the powers.</param>
    /// <param name="hash">Of what came before.</param>
    /// <param name="at">Eight blocks can be read here; those after the counted ones are zeros.</param>
    /// <param name="blocks">1 to 8.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Absorb(ref Vector128<byte> powers, Vector128<ulong> hash, ref byte at, int blocks)
    {
        // The last block is multiplied by H, the one before it by H^2 …; the zeros after them by zero.
        ref var power = ref Unsafe.As<Vector128<byte>, byte>(ref Unsafe.Add(ref powers, Lanes - blocks));
        return IsWide ? AbsorbWide(ref power, hash, ref at)
            : IsPaired ? AbsorbPaired(ref power, hash, ref at)
            : AbsorbNarrow(ref power, hash, ref at);
    }

    /// <summary>Two blocks at the beginning of a hash.</summary>
    /// <param name="powers">The first of the powers.</param>
    /// <param name="first">As it stands in memory.</param>
    /// <param name="second">The last block.</param>
    public static Vector128<ulong> AbsorbPair(ref Vector128<byte> powers, Vector128<byte> first, Vector128<byte> second)
    {
        var low = Vector128<ulong>.Zero;
        var middle = Vector128<ulong>.Zero;
        var high = Vector128<ulong>.Zero;
        Accumulate(Ssse3.Shuffle(first, Reverse).AsUInt64(), Unsafe.Add(ref powers, Lanes - 2).AsUInt64(), ref low, ref middle, ref high);
        Accumulate(Ssse3.Shuffle(second, Reverse).AsUInt64(), Unsafe.Add(ref powers, Lanes - 1).AsUInt64(), ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    /// <summary>Eight blocks with eight powers, each by instructions of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AbsorbNarrow(ref byte power, Vector128<ulong> hash, ref byte at)
    {
        var low = Vector128<ulong>.Zero;
        var middle = Vector128<ulong>.Zero;
        var high = Vector128<ulong>.Zero;
        Accumulate(Block(ref at, 0) ^ hash, Power(ref power, 0), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 1), Power(ref power, 1), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 2), Power(ref power, 2), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 3), Power(ref power, 3), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 4), Power(ref power, 4), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 5), Power(ref power, 5), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 6), Power(ref power, 6), ref low, ref middle, ref high);
        Accumulate(Block(ref at, 7), Power(ref power, 7), ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    /// <summary>The same where <see cref="IsPaired"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AbsorbPaired(ref byte power, Vector128<ulong> hash, ref byte at)
    {
        var low = Vector256<ulong>.Zero;
        var middle = Vector256<ulong>.Zero;
        var high = Vector256<ulong>.Zero;
        Accumulate(Pair(ref at, 0) ^ hash.ToVector256(), PowerPair(ref power, 0), ref low, ref middle, ref high);
        Accumulate(Pair(ref at, 1), PowerPair(ref power, 1), ref low, ref middle, ref high);
        Accumulate(Pair(ref at, 2), PowerPair(ref power, 2), ref low, ref middle, ref high);
        Accumulate(Pair(ref at, 3), PowerPair(ref power, 3), ref low, ref middle, ref high);
        return Reduce(low.GetLower() ^ low.GetUpper(), middle.GetLower() ^ middle.GetUpper(), high.GetLower() ^ high.GetUpper());
    }

    /// <summary>The same where <see cref="IsWide"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> AbsorbWide(ref byte power, Vector128<ulong> hash, ref byte at)
    {
        var reverse = Vector512.Create(Vector256.Create(Reverse, Reverse), Vector256.Create(Reverse, Reverse));
        var a = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref at), reverse).AsUInt64() ^ hash.ToVector256().ToVector512();
        var b = Avx512BW.Shuffle(Vector512.LoadUnsafe(ref at, 4 * BlockBytes), reverse).AsUInt64();
        var p = Vector512.LoadUnsafe(ref power).AsUInt64();
        var q = Vector512.LoadUnsafe(ref power, 4 * BlockBytes).AsUInt64();
        var low = Pclmulqdq.V512.CarrylessMultiply(a, p, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(b, q, 0x00);
        var high = Pclmulqdq.V512.CarrylessMultiply(a, p, 0x11) ^ Pclmulqdq.V512.CarrylessMultiply(b, q, 0x11);
        var middle = Pclmulqdq.V512.CarrylessMultiply(a, p, 0x01) ^ Pclmulqdq.V512.CarrylessMultiply(a, p, 0x10)
            ^ Pclmulqdq.V512.CarrylessMultiply(b, q, 0x01) ^ Pclmulqdq.V512.CarrylessMultiply(b, q, 0x10);
        return Reduce(Sum(low), Sum(middle), Sum(high));
    }

    /// <summary>The tag before it is masked (SP 800-38D §7.1 step 5).</summary>
    public static Vector128<byte> Finish(ref Vector128<byte> powers, Vector128<ulong> hash, int associatedBytes, int dataBytes)
    {
        // Both lengths in bits, as big-endian 64-bit numbers; reversed like every block here.
        var lengths = Vector128.Create((ulong)dataBytes * 8, (ulong)associatedBytes * 8);
        hash = Multiply(hash ^ lengths, Unsafe.Add(ref powers, Lanes - 1).AsUInt64());
        return Ssse3.Shuffle(hash.AsByte(), Reverse);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Sum(Vector512<ulong> lanes)
    {
        var half = lanes.GetLower() ^ lanes.GetUpper();
        return half.GetLower() ^ half.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Block(ref byte at, int lane) =>
        Ssse3.Shuffle(Vector128.LoadUnsafe(ref at, (nuint)(lane * BlockBytes)), Reverse).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Power(ref byte power, int lane) => Vector128.LoadUnsafe(ref power, (nuint)(lane * BlockBytes)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Pair(ref byte at, int pair) =>
        Avx2.Shuffle(Vector256.LoadUnsafe(ref at, (nuint)(pair * 2 * BlockBytes)), Vector256.Create(Reverse, Reverse)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> PowerPair(ref byte power, int pair) =>
        Vector256.LoadUnsafe(ref power, (nuint)(pair * 2 * BlockBytes)).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(
        Vector256<ulong> a, Vector256<ulong> b, ref Vector256<ulong> low, ref Vector256<ulong> middle, ref Vector256<ulong> high)
    {
        low ^= Pclmulqdq.V256.CarrylessMultiply(a, b, 0x00);
        high ^= Pclmulqdq.V256.CarrylessMultiply(a, b, 0x11);
        middle ^= Pclmulqdq.V256.CarrylessMultiply(a, b, 0x01) ^ Pclmulqdq.V256.CarrylessMultiply(a, b, 0x10);
    }

    /// <summary>Adds the 256-bit product to three sums: lower, the two crossed, and upper halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(
        Vector128<ulong> a, Vector128<ulong> b, ref Vector128<ulong> low, ref Vector128<ulong> middle, ref Vector128<ulong> high)
    {
        low ^= Pclmulqdq.CarrylessMultiply(a, b, 0x00);
        high ^= Pclmulqdq.CarrylessMultiply(a, b, 0x11);
        middle ^= Pclmulqdq.CarrylessMultiply(a, b, 0x01) ^ Pclmulqdq.CarrylessMultiply(a, b, 0x10);
    }

    /// <summary>Modulo the polynomial. In reflected order the product's low half is the one of high powers: it is folded upwards 64 bits at a time.</summary>
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

    /// <summary>H·x: a shift by one with reduction.</summary>
    private static Vector128<ulong> TimesX(Vector128<ulong> h)
    {
        var value = new UInt128(h.GetElement(1), h.GetElement(0));
        var carry = (ulong)(value >> 127);
        value <<= 1;
        // Without a branch on the key: the mask is all ones or zero.
        var mask = 0UL - carry;
        return Vector128.Create((ulong)value ^ (mask & 1), (ulong)(value >> 64) ^ (mask & Polynomial));
    }
}
