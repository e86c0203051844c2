using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// Whether the sender has less to send than the estimate allows (libwebrtc <c>AlrDetector</c>): what arrives then says nothing of what
/// would fit, so that only probes can raise the estimate. The common state of an SFU: layers end at the publisher's top one.
/// </summary>
public struct ApplicationLimit
{
    /// <summary>libwebrtc <c>bandwidth_usage_ratio</c>.</summary>
    private const double UsageRatio = 0.65;

    /// <summary>libwebrtc <c>start_budget_level_ratio</c>, <c>stop_budget_level_ratio</c>.</summary>
    private const double StartLevel = 0.80, StopLevel = 0.50;

    /// <summary>libwebrtc <c>IntervalBudget</c>: 500 ms, seconds here.</summary>
    private const double BudgetWindow = 0.5;

    private double _budget;
    private MonotonicTime _updatedAt;

    public bool IsLimited { get; private set; }

    /// <summary>When that last ended.</summary>
    public MonotonicTime EndedAt { get; private set; }

    /// <param name="sentBytes">Since the last update.</param>
    /// <param name="target">The estimate.</param>
    /// <param name="now">When.</param>
    public void Update(long sentBytes, Bitrate target, MonotonicTime now)
    {
        var bytesPerSecond = target.BitsPerSecond * UsageRatio / 8;
        var max = bytesPerSecond * BudgetWindow;
        var elapsed = Math.Min((now - _updatedAt).TotalSeconds, BudgetWindow);
        _updatedAt = now;
        _budget = Math.Clamp(_budget + (elapsed * bytesPerSecond) - sentBytes, -max, max);
        var level = max > 0 ? _budget / max : 0;
        if (level > StartLevel)
        {
            IsLimited = true;
        }
        else if (level < StopLevel && IsLimited)
        {
            IsLimited = false;
            EndedAt = now;
        }
    }
}
