using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Events.Rtc.Protocol.Primitives;

/// <summary>
/// Asks the processor for memory that is needed soon. A viewer's state is some thirty lines of cache, which everybody else's has pushed out since its last packet; asked for
/// one by one, while each is worked with, they cost more than all that is done with them (docs/performance.md). A hint in vain does no harm.
/// </summary>
public static unsafe class Prefetch
{
    private const int Line = 64;

    /// <summary>The line that the value begins in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void At<T>(ref readonly T value)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in value)));
        }
    }

    /// <summary>So many bytes from the value on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void At<T>(ref readonly T value, int bytes)
    {
        if (Sse.IsSupported)
        {
            var start = (byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in value));
            for (var at = 0; at < bytes; at += Line)
            {
                Sse.Prefetch0(start + at);
            }
        }
    }

    /// <summary>The first bytes of an object. It may move meanwhile, and then the hint was in vain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Object(object value, int bytes)
    {
        if (Sse.IsSupported)
        {
            var start = (byte*)Unsafe.As<object, nint>(ref value);
            for (var at = 0; at < bytes; at += Line)
            {
                Sse.Prefetch0(start + at);
            }
        }
    }
}
