using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// The loss-based controller for viewers without transport-wide feedback, from the fraction lost of their receiver reports
/// (draft-ietf-rmcat-gcc-02 §6). It bounds nothing until something is lost.
/// </summary>
public struct ReportedLoss
{
    /// <summary>draft-ietf-rmcat-gcc-02 §6: above, less; below, more; between, as before.</summary>
    private const double High = 0.10, Low = 0.02;

    private const double Growth = 1.05;

    /// <summary>Reports come once a second; several of one moment are one.</summary>
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(300);

    private double _rate;
    private MonotonicTime _updatedAt;

    /// <summary>Null: loss bounds nothing.</summary>
    public readonly Bitrate? Value => _rate > 0 ? new((long)_rate) : null;

    /// <param name="fractionLost">0…1.</param>
    /// <param name="sendRate">What was sent in the last second.</param>
    /// <param name="max">The bound goes when it has grown to this.</param>
    /// <param name="now">When.</param>
    public void Update(double fractionLost, Bitrate sendRate, Bitrate max, MonotonicTime now)
    {
        if (now - _updatedAt < MinInterval)
        {
            return;
        }

        _updatedAt = now;
        if (fractionLost > High)
        {
            var from = _rate > 0 ? _rate : sendRate.BitsPerSecond;
            _rate = Math.Max(1, Math.Min(from, Math.Max(sendRate.BitsPerSecond, 1)) * (1 - (0.5 * fractionLost)));
        }
        else if (fractionLost < Low && _rate > 0)
        {
            _rate *= Growth;
            if (_rate >= max.BitsPerSecond)
            {
                _rate = 0;
            }
        }
    }
}
