using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// Turns what the delay says into a rate: multiplicative growth far from the path's capacity, additive near it, 0.85 of what
/// arrived on overuse (draft-ietf-rmcat-gcc-02 §5.5).
/// </summary>
public struct RateControl(Bitrate start, Bitrate min, Bitrate max)
{
    /// <summary>draft-ietf-rmcat-gcc-02 §5.5, beta.</summary>
    private const double Beta = 0.85;

    /// <summary>draft-ietf-rmcat-gcc-02 §5.5, eta: growth per second.</summary>
    private const double GrowthPerSecond = 1.08;

    /// <summary>libwebrtc: below 5 kbit/s nothing is taken off on top of beta.</summary>
    private const double DecreaseOffset = 5_000;

    /// <summary>draft-ietf-rmcat-gcc-02 §5.5: the rate may not run away from what arrives, 1.5 × R_hat (libwebrtc adds 10 kbit/s).</summary>
    private const double MaxOverThroughput = 1.5, MaxOverThroughputOffset = 10_000;

    /// <summary>libwebrtc <c>GetNearMaxIncreaseRateBpsPerSecond</c>: 4 kbit/s each second at least, frames at 30 a second, packets of 1,200 bytes.</summary>
    private const double MinGrowth = 4_000, FramesPerSecond = 30, PacketBits = 1_200 * 8;

    /// <summary>
    /// After a decrease, what arrives is still from before it for a round trip and an acknowledged-bitrate window or two. Later it is proof: it came
    /// through without delay, so the rate need not creep up to it.
    /// </summary>
    private static readonly TimeSpan ProofAfter = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan DetectorDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MinReduceInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MaxReduceInterval = TimeSpan.FromMilliseconds(200);

    private readonly double _min = min.BitsPerSecond;
    private readonly double _max = max.BitsPerSecond;
    private double _rate = start.BitsPerSecond;
    private LinkCapacity _capacity;
    private bool _increasing = true;
    private MonotonicTime _changedAt = MonotonicTime.Never;
    private MonotonicTime _decreasedAt;

    public readonly Bitrate Rate => new((long)_rate);

    /// <summary>Of the path; libwebrtc assumes 200 ms until it is known.</summary>
    public TimeSpan RoundTrip { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <param name="usage">What the trend says.</param>
    /// <param name="throughput">What arrives; null before that is known.</param>
    /// <param name="now">When.</param>
    public void Update(PathUsage usage, Bitrate? throughput, MonotonicTime now)
    {
        if (_changedAt.IsNever)
        {
            _changedAt = now;
        }

        switch (usage)
        {
            case PathUsage.Overused when throughput is { } arriving:
                if (MayReduce(arriving.BitsPerSecond, now))
                {
                    Decrease(arriving.BitsPerSecond, now);
                }

                break;
            case PathUsage.Overused:
                if (MayReduce((_rate / 2) - 1, now))
                {
                    Set(_rate / 2, now); // Nothing has arrived yet that could say how much: libwebrtc halves.
                    _increasing = false;
                }

                break;
            case PathUsage.Underused:
                // draft §5.5: the queue empties, so hold until it has.
                _increasing = false;
                _changedAt = now;
                break;
            case PathUsage.Normal when !_increasing:
                _increasing = true;
                _changedAt = now;
                break;
            default:
                Increase(throughput, now);
                break;
        }
    }

    /// <summary>A probe has shown that this much fits.</summary>
    public void Probed(Bitrate rate, MonotonicTime now)
    {
        _capacity.Probed(rate.BitsPerSecond / 1000.0);
        if (rate.BitsPerSecond > _rate)
        {
            Set(rate.BitsPerSecond, now);
        }
    }

    /// <summary>Something else (loss, silence) knows that less fits.</summary>
    public void Reduce(Bitrate rate, MonotonicTime now)
    {
        if (rate.BitsPerSecond < _rate)
        {
            Set(rate.BitsPerSecond, now);
        }
    }

    /// <summary>The capacity of the path is forgotten: growth is multiplicative again.</summary>
    public void ForgetCapacity() => _capacity = default;

    private readonly bool MayReduce(double throughput, MonotonicTime now)
    {
        var interval = RoundTrip < MinReduceInterval ? MinReduceInterval : RoundTrip > MaxReduceInterval ? MaxReduceInterval : RoundTrip;
        return now - _changedAt >= interval || throughput < _rate / 2;
    }

    private void Increase(Bitrate? throughput, MonotonicTime now)
    {
        var limit = double.MaxValue;
        if (throughput is { } arriving)
        {
            limit = (MaxOverThroughput * arriving.BitsPerSecond) + MaxOverThroughputOffset;
            if (arriving.BitsPerSecond / 1000.0 > _capacity.Upper)
            {
                _capacity = default; // More arrives than was thought to fit.
            }
        }

        if (_rate < limit)
        {
            var elapsed = Math.Min((now - _changedAt).TotalSeconds, 1);
            var increased = _capacity.IsKnown
                ? _rate + (NearCapacityGrowth() * elapsed)
                : _rate + Math.Max(_rate * (Math.Pow(GrowthPerSecond, elapsed) - 1), 1_000 * elapsed);
            increased = Math.Min(increased, limit);
            if (throughput is { } proven && now - _decreasedAt >= ProofAfter + RoundTrip)
            {
                increased = Math.Max(increased, proven.BitsPerSecond);
            }

            _rate = Math.Clamp(increased, _min, _max);
        }

        _changedAt = now;
    }

    private readonly double NearCapacityGrowth()
    {
        var frame = _rate / FramesPerSecond;
        var packet = frame / Math.Ceiling(frame / PacketBits);
        return Math.Max(MinGrowth, packet / (2 * (RoundTrip + DetectorDelay).TotalSeconds));
    }

    private void Decrease(double throughput, MonotonicTime now)
    {
        var decreased = throughput * Beta;
        if (decreased > DecreaseOffset)
        {
            decreased -= DecreaseOffset;
        }

        if (decreased > _rate && _capacity.IsKnown)
        {
            decreased = Beta * _capacity.Estimate * 1000;
        }

        if (throughput / 1000 < _capacity.Lower)
        {
            _capacity = default;
        }

        _capacity.Overused(throughput / 1000);
        Set(Math.Min(decreased, _rate), now);
        _decreasedAt = now;
        _increasing = false;
    }

    private void Set(double rate, MonotonicTime now)
    {
        _rate = Math.Clamp(rate, _min, _max);
        _changedAt = now;
    }

    /// <summary>What arrived when the path was full, kbit/s, with its deviation (libwebrtc <c>LinkCapacityEstimator</c>).</summary>
    private struct LinkCapacity
    {
        /// <summary>libwebrtc: how much one sample moves the estimate.</summary>
        private const double OveruseWeight = 0.05, ProbeWeight = 0.5;

        /// <summary>libwebrtc: bounds of the normalised deviation, and its value at first.</summary>
        private const double MinDeviation = 0.4, MaxDeviation = 2.5;

        private double _deviation;

        public double Estimate { get; private set; }

        public readonly bool IsKnown => Estimate > 0;

        public readonly double Upper => IsKnown ? Estimate + (3 * Math.Sqrt(_deviation * Estimate)) : double.MaxValue;

        public readonly double Lower => IsKnown ? Math.Max(0, Estimate - (3 * Math.Sqrt(_deviation * Estimate))) : 0;

        public void Overused(double kilobits) => Sample(kilobits, OveruseWeight);

        /// <summary>Only a capacity that is known is refined: a probe alone does not say that the path was full.</summary>
        public void Probed(double kilobits)
        {
            if (IsKnown)
            {
                Sample(kilobits, ProbeWeight);
            }
        }

        private void Sample(double kilobits, double weight)
        {
            if (!IsKnown)
            {
                Estimate = Math.Max(kilobits, 1);
                _deviation = MinDeviation;
                return;
            }

            Estimate = Math.Max(((1 - weight) * Estimate) + (weight * kilobits), 1);
            var error = Estimate - kilobits;
            _deviation = Math.Clamp(((1 - weight) * _deviation) + (weight * error * error / Estimate), MinDeviation, MaxDeviation);
        }
    }
}
