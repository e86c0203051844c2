using System.Runtime.InteropServices;

namespace Events.Rtc.Protocol.Primitives;

/// <summary>
/// A large buffer outside of the managed heap, with any bytes in it at first. There each of 85 KB and more counts as old at once, and a handful of them makes the runtime look
/// through everything: all threads stand still for longer than a call bears. Freed by <see cref="Dispose"/>, or some time after nothing refers to it any more.
/// </summary>
public sealed unsafe class NativeBlock(int length) : IDisposable
{
    private byte* _start = (byte*)NativeMemory.Alloc((nuint)length);

    ~NativeBlock() => Free();

    public int Length { get; } = length;

    /// <summary>All of it; nothing once it is freed. Good for as long as the block is referred to and not freed.</summary>
    public Span<byte> Span => _start is null ? default : new(_start, Length);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_start);
        _start = null;
    }
}
