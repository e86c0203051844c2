using System.Buffers;
using Events.Rtc.Protocol.Primitives;

namespace Events.Mixer.Frames;

/// <summary>One packet taken out of a <see cref="JitterBuffer"/>; give it back with <see cref="JitterBuffer.Return"/>.</summary>
/// <param name="AfterGap">Packets before it were given up.</param>
/// <param name="Timestamp">RTP timestamp.</param>
/// <param name="Marker">RTP marker.</param>
/// <param name="Arrival">Nanoseconds of the recording's clock.</param>
/// <param name="Bytes">Pooled; the payload is its first <paramref name="Length"/> bytes.</param>
/// <param name="Length">Payload bytes.</param>
/// <param name="Rotation">As given to <see cref="JitterBuffer.Add"/>.</param>
public readonly record struct BufferedPacket(bool AfterGap, uint Timestamp, bool Marker, long Arrival, byte[] Bytes, int Length, int? Rotation);

/// <summary>
/// Brings one stream's packets into order. A gap is waited for while retransmissions may still fill it; then it is skipped and said so.
/// Bounded in time and in packets.
/// </summary>
public sealed class JitterBuffer
{
    /// <summary>Nanoseconds to wait for a missing packet: several retransmission round trips on a bad mobile link.</summary>
    public const long MaxWaitNs = 500_000_000;

    /// <summary>Packets held: 500 ms at 4,000 packets/s (about 35 Mbit/s).</summary>
    private const int Capacity = 2_048;

    /// <summary>A jump of more than this is a new sequence, not a loss (RFC 3550 §A.1, MAX_DROPOUT).</summary>
    private const int MaxDropout = 3_000;

    private readonly SortedDictionary<long, BufferedPacket> _waiting = [];
    private SequenceUnwrapper _unwrapper;
    private long _next = long.MinValue;
    private bool _gap;

    /// <summary>Packets waiting.</summary>
    public int Count => _waiting.Count;

    /// <summary>Gaps given up so far.</summary>
    public long Gaps { get; private set; }

    /// <summary>Takes a packet; copies its payload. Duplicates and packets that are too late are ignored.</summary>
    /// <param name="sequence">RTP sequence number.</param>
    /// <param name="timestamp">RTP timestamp.</param>
    /// <param name="marker">RTP marker.</param>
    /// <param name="arrivalNs">On the recording's clock.</param>
    /// <param name="payload">Without header and padding.</param>
    /// <param name="rotation">Degrees by which its picture is to be turned clockwise; null when it does not say.</param>
    public void Add(ushort sequence, uint timestamp, bool marker, long arrivalNs, ReadOnlySpan<byte> payload, int? rotation = null)
    {
        var extended = _unwrapper.Unwrap(sequence);
        if (_next != long.MinValue && Math.Abs(extended - _next) > MaxDropout)
        {
            Restart(sequence, out extended);
        }

        if (_next == long.MinValue)
        {
            _next = extended;
        }

        if (extended < _next || _waiting.ContainsKey(extended))
        {
            return;
        }

        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(1, payload.Length));
        payload.CopyTo(bytes);
        _waiting.Add(extended, new(false, timestamp, marker, arrivalNs, bytes, payload.Length, rotation));
    }

    /// <summary>The next packet in order, if it is there or is not waited for any longer.</summary>
    /// <param name="nowNs">On the clock of the arrivals; <see cref="long.MaxValue"/> waits for nothing.</param>
    /// <param name="packet">The packet.</param>
    public bool TryTake(long nowNs, out BufferedPacket packet)
    {
        packet = default;
        if (_waiting.Count == 0)
        {
            return false;
        }

        using var first = _waiting.GetEnumerator();
        first.MoveNext();
        var (sequence, waiting) = first.Current;
        if (sequence != _next)
        {
            if (_waiting.Count < Capacity && nowNs - waiting.Arrival < MaxWaitNs)
            {
                return false;
            }

            _gap = true;
        }

        if (_gap)
        {
            Gaps++;
        }

        packet = waiting with { AfterGap = _gap };
        _gap = false;
        _waiting.Remove(sequence);
        _next = sequence + 1;
        return true;
    }

    public static void Return(in BufferedPacket packet) => ArrayPool<byte>.Shared.Return(packet.Bytes);

    /// <summary>Forgets what waits, and the sequence.</summary>
    public void Clear()
    {
        foreach (var packet in _waiting.Values)
        {
            Return(packet);
        }

        _waiting.Clear();
        _unwrapper = default;
        _next = long.MinValue;
        _gap = true;
    }

    private void Restart(ushort sequence, out long extended)
    {
        Clear();
        extended = _unwrapper.Unwrap(sequence);
    }
}
