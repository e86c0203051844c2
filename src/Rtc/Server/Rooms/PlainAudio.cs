using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>
/// What those who do not take RED are given of a stream that comes with it: packets of the primary block alone, under the publisher's numbers, kept to be
/// sent again exactly as they were.
/// </summary>
internal sealed class PlainAudio : IDisposable
{
    private readonly RetransmitCache _cache = RetransmitCache.ForAudio();

    /// <summary>A field, because it is a struct that changes.</summary>
    public RedRecovery Recovery;

    /// <summary>What waits with the packets that it came in: a field for the same reason.</summary>
    public HeldPackets Held = new();

    public RetransmitCache Cache => _cache;

    /// <returns>False when it is too large to be kept.</returns>
    public bool Store(in RtpReader packet, MonotonicTime now) => _cache.Store(packet.Packet, packet.SequenceNumber.Value, now);

    /// <summary>What follows does not follow what was.</summary>
    public void StartOver()
    {
        _cache.Clear();
        Recovery = default;
    }

    public void Dispose() => _cache.Dispose();
}
