using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Rtc.Rooms;

/// <summary>Walks one subscriber through the present group of pictures of an encoding, in the cache, from its keyframe to the present.</summary>
internal struct GroupReplay
{
    /// <summary>
    /// Packets sent at once to who joins, and every 10 ms until the present is reached: 21 Mbit/s, ten times what most tracks have.
    /// </summary>
    public const int Burst = 24;

    /// <summary>
    /// So many at once, and one a second: who shows and hides pictures for ever is given the present with the next keyframe. Requests are small, and a second of all
    /// cameras is not.
    /// </summary>
    private const int MaxAtOnce = 4;

    private double _recent;
    private MonotonicTime _begunAt;
    private int _epoch;
    private ushort _next;

    /// <summary>Whose past is sent; null: there is no more of it.</summary>
    public PublishedEncoding? Encoding { get; private set; }

    /// <summary>From the last keyframe on, if it is recent and still in the cache.</summary>
    /// <param name="encoding">Whose.</param>
    /// <param name="maxAge">Of the keyframe.</param>
    /// <param name="now">The present.</param>
    /// <param name="first">The keyframe's first packet.</param>
    /// <param name="present">The newest frame's timestamp.</param>
    public bool TryBegin(PublishedEncoding encoding, TimeSpan maxAge, MonotonicTime now, out RtpReader first, out uint present)
    {
        first = default;
        var recent = Math.Max(0, _recent - (now - _begunAt).TotalSeconds);
        if (!encoding.TryGetRecentKeyframe(maxAge, now, out var sequence, out present)
            || recent > MaxAtOnce - 1
            || !encoding.TryGetCached(sequence, now, out var cached) || !RtpReader.TryRead(cached, out first))
        {
            return false;
        }

        Encoding = encoding;
        (_recent, _begunAt) = (recent + 1, now);
        _epoch = encoding.Epoch;
        _next = sequence;
        return true;
    }

    public void End() => Encoding = null;

    /// <summary>A packet that came just now is among those that are still to be replayed.</summary>
    public readonly bool IsAhead(in RtpReader packet, PublishedEncoding encoding) =>
        Encoding == encoding && _epoch == encoding.Epoch && (short)(packet.SequenceNumber.Value - _next) >= 0;

    /// <summary>The next packet that is in the cache. False, and over: the present is reached, or the source has changed.</summary>
    public bool TryTake(MonotonicTime now, out RtpReader packet)
    {
        while (Encoding is { } encoding && _epoch == encoding.Epoch && (short)(encoding.NewestForwarded - _next) >= 0)
        {
            if (encoding.TryGetCached(_next++, now, out var cached) && RtpReader.TryRead(cached, out packet))
            {
                return true;
            }
        }

        End();
        packet = default;
        return false;
    }
}
