using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// For a viewer that sends no more than REMB: its estimate follows what arrives (at most 1.5 times that), so nothing but a
/// steady stream at the estimate lets it grow to the next layer. It pads up to there, and gives up for a while when that does not help.
/// </summary>
public struct SteadyPadding
{
    /// <summary>At 8 % a second an estimate doubles in 9 s; one that has not grown by a tenth in 10 will not.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const double Progress = 1.1;

    /// <summary>Padding takes half of the time at most while it does not help: a path at its limit is mostly left alone.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    private const int MaxPacketBytes = 1_200, MinPacketBytes = 200;

    /// <summary>Seconds that may be made up for at once, and that a burst of media is remembered.</summary>
    private const double MaxCredit = 0.02, MaxDebt = 0.5;

    private double _bytesPerSecond;
    private double _credit;
    private MonotonicTime _updatedAt;
    private double _since;
    private MonotonicTime _sinceAt;
    private MonotonicTime _restUntil;

    public readonly bool IsActive => _bytesPerSecond > 0;

    public void Update(Bitrate target, Bitrate goal, MonotonicTime now)
    {
        if (goal <= target || now < _restUntil)
        {
            _bytesPerSecond = 0;
            _since = 0;
            return;
        }

        if (_since == 0 || target.BitsPerSecond > _since * Progress)
        {
            _since = target.BitsPerSecond;
            _sinceAt = now;
        }
        else if (now - _sinceAt > Patience)
        {
            _restUntil = now + Rest;
            _bytesPerSecond = 0;
            return;
        }

        if (_bytesPerSecond == 0)
        {
            _credit = 0;
            _updatedAt = now;
        }

        _bytesPerSecond = target.BitsPerSecond / 8.0;
    }

    public void Sent(int bytes) => _credit -= bytes;

    public bool TryTake(MonotonicTime now, out ProbePacket packet)
    {
        packet = default;
        if (_bytesPerSecond <= 0)
        {
            return false;
        }

        _credit = Math.Clamp(
            _credit + ((now - _updatedAt).TotalSeconds * _bytesPerSecond),
            -MaxDebt * _bytesPerSecond,
            Math.Max(MaxCredit * _bytesPerSecond, MinPacketBytes));
        _updatedAt = now;
        if (_credit < MinPacketBytes)
        {
            return false;
        }

        packet = new((int)Math.Min(_credit, MaxPacketBytes));
        return true;
    }
}
