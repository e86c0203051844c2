using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>What the delay says about the path.</summary>
public enum PathUsage : byte
{
    Normal,

    /// <summary>A queue grows: more is sent than the path carries.</summary>
    Overused,

    /// <summary>A queue empties.</summary>
    Underused,
}

/// <summary>
/// Fits a line through the last 20 one-way delay sums and compares its slope with a threshold that adapts to the path's noise
/// (draft-ietf-rmcat-gcc-02 §5.3, §5.4, with libwebrtc's trendline in the Kalman filter's place).
/// </summary>
public sealed class Trendline
{
    /// <summary>libwebrtc <c>kDefaultTrendlineWindowSize</c>.</summary>
    private const int Window = 20;

    /// <summary>libwebrtc <c>kDefaultTrendlineSmoothingCoeff</c>.</summary>
    private const double Smoothing = 0.9;

    /// <summary>libwebrtc <c>kDefaultTrendlineThresholdGain</c>: turns a slope into the draft's milliseconds.</summary>
    private const double Gain = 4.0;

    /// <summary>libwebrtc <c>kMinNumDeltas</c>: a young line counts less.</summary>
    private const int FullWeightDeltas = 60;

    /// <summary>libwebrtc <c>kDeltaCounterMax</c>.</summary>
    private const int MaxDeltas = 1_000;

    /// <summary>draft-ietf-rmcat-gcc-02 §5.4, <c>del_var_th(0)</c>, ms.</summary>
    private const double InitialThreshold = 12.5;

    /// <summary>libwebrtc <c>k_up</c> and <c>k_down</c>, per ms; the draft's K_u and K_d (§5.4) are 0.01 and 0.00018.</summary>
    private const double AdaptUp = 0.0087, AdaptDown = 0.039;

    /// <summary>draft-ietf-rmcat-gcc-02 §5.4, ms.</summary>
    private const double MinThreshold = 6, MaxThreshold = 600;

    /// <summary>libwebrtc <c>kMaxAdaptOffsetMs</c>, draft §5.4: a spike must not raise the threshold.</summary>
    private const double MaxAdaptOffset = 15;

    /// <summary>draft-ietf-rmcat-gcc-02 §5.4, <c>overuse_time_th</c>, ms.</summary>
    private const double OveruseTime = 10;

    /// <summary>libwebrtc <c>kMaxTimeDeltaMs</c> of the threshold's adaptation.</summary>
    private const double MaxAdaptInterval = 100;

    /// <summary>A queue that grew over fewer groups or a shorter time than this says nothing of the path's rate.</summary>
    private const int MinBusyGroups = 5;

    private const double MinBusyTime = 20;

    private readonly double[] _times = new double[Window];
    private readonly double[] _delays = new double[Window];
    private readonly double[] _sums = new double[Window];
    private readonly int[] _bytes = new int[Window];
    private int _count;
    private int _next;
    private int _deltas;
    private MonotonicTime _first = MonotonicTime.Never;
    private double _accumulated;
    private double _smoothed;
    private double _slope;
    private double _threshold = InitialThreshold;
    private double _overuseTime = -1;
    private int _overuseCount;
    private MonotonicTime _adaptedAt = MonotonicTime.Never;

    public PathUsage Usage { get; private set; }

    /// <summary>Milliseconds, adaptive.</summary>
    public double Threshold => _threshold;

    public void Update(in GroupDelta delta, MonotonicTime now)
    {
        var sent = delta.Sent.TotalMilliseconds;
        _deltas = Math.Min(_deltas + 1, MaxDeltas);
        if (_first.IsNever)
        {
            _first = delta.ArrivedAt;
        }

        _accumulated += delta.Arrived.TotalMilliseconds - sent;
        _smoothed = (Smoothing * _smoothed) + ((1 - Smoothing) * _accumulated);
        _times[_next] = (delta.ArrivedAt - _first).TotalMilliseconds;
        _delays[_next] = _smoothed;
        _sums[_next] = _accumulated;
        _bytes[_next] = delta.Bytes;
        _next = (_next + 1) % Window;
        _count = Math.Min(_count + 1, Window);
        var slope = _count == Window ? Slope() ?? _slope : _slope;
        Detect(slope, sent, now);
    }

    /// <summary>
    /// What arrived per second while the delay rose from its least to its most: a queue grew, so the path was never idle, and this is what it
    /// carries. Over all of the line's groups when that was too short. An average over a longer time would take a keyframe's burst in a thin
    /// stream for a thin path. False: the delay is back near its least though the smoothed line still rises, so the queue is gone.
    /// </summary>
    public bool TryMeasureQueue(out Bitrate? carried)
    {
        carried = null;
        if (_count < Window)
        {
            return true;
        }

        var least = 0;
        for (var age = 1; age < Window; age++)
        {
            if (_sums[Recent(age)] <= _sums[Recent(least)])
            {
                least = age;
            }
        }

        var most = least;
        for (var age = least - 1; age >= 0; age--)
        {
            if (_sums[Recent(age)] >= _sums[Recent(most)])
            {
                most = age;
            }
        }

        if (_sums[Recent(0)] - _sums[Recent(least)] < (_sums[Recent(most)] - _sums[Recent(least)]) / 4)
        {
            return false;
        }

        var busy = least - most >= MinBusyGroups ? RateBetween(least, most) : null;
        if ((busy ?? RateBetween(Window - 1, 0)) is { } rate)
        {
            carried = new((long)rate);
        }

        return true;
    }

    /// <summary>What arrived per second between the groups of two ages; null over too short a time.</summary>
    private double? RateBetween(int older, int newer)
    {
        long bytes = 0;
        for (var age = newer; age < older; age++)
        {
            bytes += _bytes[Recent(age)];
        }

        var elapsed = _times[Recent(newer)] - _times[Recent(older)];
        return elapsed >= MinBusyTime ? bytes * 8_000 / elapsed : null;
    }

    /// <summary>0 is the newest.</summary>
    private int Recent(int age) => (_next - 1 - age + (2 * Window)) % Window;

    /// <summary>Least squares; null when all arrived at once.</summary>
    private double? Slope()
    {
        double meanTime = 0, meanDelay = 0;
        for (var i = 0; i < Window; i++)
        {
            meanTime += _times[i];
            meanDelay += _delays[i];
        }

        meanTime /= Window;
        meanDelay /= Window;
        double numerator = 0, denominator = 0;
        for (var i = 0; i < Window; i++)
        {
            var time = _times[i] - meanTime;
            numerator += time * (_delays[i] - meanDelay);
            denominator += time * time;
        }

        return denominator == 0 ? null : numerator / denominator;
    }

    private void Detect(double slope, double sentApart, MonotonicTime now)
    {
        if (_deltas < 2)
        {
            return;
        }

        var trend = Math.Min(_deltas, FullWeightDeltas) * slope * Gain;
        if (trend > _threshold)
        {
            // The overuse began somewhere between the two groups: half of the time between them stands for that.
            _overuseTime = _overuseTime < 0 ? sentApart / 2 : _overuseTime + sentApart;
            _overuseCount++;
            if (_overuseTime > OveruseTime && _overuseCount > 1 && slope >= _slope)
            {
                _overuseTime = 0;
                _overuseCount = 0;
                Usage = PathUsage.Overused;
            }
        }
        else
        {
            _overuseTime = -1;
            _overuseCount = 0;
            Usage = trend < -_threshold ? PathUsage.Underused : PathUsage.Normal;
        }

        _slope = slope;
        Adapt(Math.Abs(trend), now);
    }

    private void Adapt(double trend, MonotonicTime now)
    {
        if (!_adaptedAt.IsNever && trend <= _threshold + MaxAdaptOffset)
        {
            var factor = trend < _threshold ? AdaptDown : AdaptUp;
            var elapsed = Math.Min((now - _adaptedAt).TotalMilliseconds, MaxAdaptInterval);
            _threshold = Math.Clamp(_threshold + (factor * (trend - _threshold) * elapsed), MinThreshold, MaxThreshold);
        }

        _adaptedAt = now;
    }
}
