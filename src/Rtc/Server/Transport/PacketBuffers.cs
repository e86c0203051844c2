using System.Diagnostics.CodeAnalysis;

namespace Events.Rtc.Transport;

/// <summary>Memory for packets that wait, of all of a worker's viewers together: made when first needed, kept, and bounded.</summary>
internal sealed class PacketBuffers
{
    /// <summary>8 MB: 130 viewers at once that are a quarter of a second behind with 1.5 Mbit/s have 4,400 packets waiting.</summary>
    private const int Capacity = 4_096;

    private readonly Stack<byte[]> _free = new();
    private int _made;

    /// <summary>False when all are in use: what would have waited is dropped.</summary>
    public bool TryRent([NotNullWhen(true)] out byte[]? buffer)
    {
        if (_free.TryPop(out buffer))
        {
            return true;
        }

        if (_made == Capacity)
        {
            return false;
        }

        _made++;
        buffer = new byte[SendQueue.SlotBytes];
        return true;
    }

    public void Return(byte[] buffer) => _free.Push(buffer);
}
