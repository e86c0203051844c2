using System.Runtime.InteropServices;

namespace Events.Rtc.Transport.Tcp;

/// <summary>Blocks of native memory of one size, at most so many in use at a time. Touched by one worker only.</summary>
internal sealed unsafe class BlockPool(int blockBytes, int maxBlocks) : IDisposable
{
    /// <summary>Free blocks that are kept; more go back to the system.</summary>
    private const int MaxKept = 64;

    private readonly Stack<nint> _free = new(MaxKept);
    private int _rented;

    public int BlockBytes => blockBytes;

    /// <summary>Blocks in use.</summary>
    public int Rented => _rented;

    /// <summary>A block, or null when all are in use.</summary>
    public byte* Rent()
    {
        if (_rented == maxBlocks)
        {
            return null;
        }

        _rented++;
        return _free.TryPop(out var block) ? (byte*)block : (byte*)NativeMemory.Alloc((nuint)blockBytes);
    }

    public void Return(byte* block)
    {
        _rented--;
        if (_free.Count < MaxKept)
        {
            _free.Push((nint)block);
        }
        else
        {
            NativeMemory.Free(block);
        }
    }

    public void Dispose()
    {
        while (_free.TryPop(out var block))
        {
            NativeMemory.Free((byte*)block);
        }
    }
}
