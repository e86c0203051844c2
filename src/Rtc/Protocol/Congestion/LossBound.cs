using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// Bounds the rate by loss, and tells loss that less sending would cure from loss that the path has anyway. It looks for the bandwidth
/// and the inherent loss under which the last few seconds are likeliest (libwebrtc <c>LossBasedBweV2</c>): a radio link that loses 2 % at every
/// rate is no reason to send less, a queue that overflows is.
/// </summary>
public sealed class LossBound
{
    /// <summary>libwebrtc <c>ObservationDurationLowerBound</c>.</summary>
    private static readonly TimeSpan MinObservation = TimeSpan.FromMilliseconds(250);

    /// <summary>libwebrtc <c>DelayedIncreaseWindow</c> and <c>MaxIncreaseFactor</c>: after a decrease, at most this growth in this time.</summary>
    private static readonly TimeSpan IncreaseWindow = TimeSpan.FromMilliseconds(300);

    private const double MaxIncrease = 1.3;

    /// <summary>libwebrtc <c>ObservationWindowSize</c>.</summary>
    private const int Window = 15;

    /// <summary>libwebrtc <c>MinNumObservations</c>.</summary>
    private const int MinObservations = 3;

    /// <summary>libwebrtc <c>TemporalWeightFactor</c>: the older, the less.</summary>
    private const double TemporalWeight = 0.9;

    /// <summary>libwebrtc <c>InherentLossLowerBound</c>, <c>InherentLossUpperBoundOffset</c>, <c>InherentLossUpperBoundBwBalance</c> (kbit/s).</summary>
    private const double MinInherent = 1e-3, MaxInherentOffset = 0.05, MaxInherentBalance = 100;

    /// <summary>libwebrtc <c>InitialInherentLossEstimate</c>.</summary>
    private const double InitialInherent = 0.01;

    /// <summary>libwebrtc <c>InstantUpperBoundLossOffset</c>, <c>InstantUpperBoundBwBalance</c> (kbit/s): 10 % of loss never carry more than 2 Mbit/s.</summary>
    private const double InstantOffset = 0.05, InstantBalance = 100;

    /// <summary>libwebrtc <c>NewtonStepSize</c>; one iteration.</summary>
    private const double NewtonStep = 0.75;

    /// <summary>libwebrtc <c>HigherBwBiasFactor</c>, <c>HigherLogBwBiasFactor</c>: of two that explain the same, the higher one.</summary>
    private const double HighBias = 0.0002, HighLogBias = 0.02;

    /// <summary>libwebrtc <c>LossThresholdOfHighBandwidthPreference</c>, <c>BandwidthPreferenceSmoothingFactor</c>.</summary>
    private const double BiasLossThreshold = 0.2, BiasSmoothing = 0.002;

    /// <summary>libwebrtc <c>BwRampupUpperBoundFactor</c>: while bound by loss, no more than this over what arrives.</summary>
    private const double MaxOverThroughput = 1.5;

    private static readonly double[] Weights = CreateWeights();

    private readonly Observation[] _observations = new Observation[Window];
    private int _observationCount;
    private int _next;
    private int _packets;
    private int _lost;
    private long _bytes;
    private MonotonicTime _observedUntil = MonotonicTime.Never;
    private double _bandwidth;
    private double _inherent = InitialInherent;
    private MonotonicTime _decreasedAt;
    private double _afterDecrease;

    /// <summary>Null: loss bounds nothing.</summary>
    public Bitrate? Value { get; private set; }

    /// <summary>Over the last seconds, newest first in weight; 0…1.</summary>
    public double AverageLoss { get; private set; }

    /// <summary>The part of it that the path has at every rate.</summary>
    public double InherentLoss => _inherent;

    /// <summary>One feedback message.</summary>
    /// <param name="packets">That it tells of for the first time, lost ones included.</param>
    /// <param name="lost">Of these; negative when some arrived that had been told lost.</param>
    /// <param name="bytes">Of all of them.</param>
    /// <param name="lastSent">When the newest of them was sent.</param>
    /// <param name="delayBased">The rate that the delay allows.</param>
    /// <param name="throughput">What arrives; null before that is known.</param>
    public void Update(int packets, int lost, long bytes, MonotonicTime lastSent, Bitrate delayBased, Bitrate? throughput)
    {
        if (packets == 0)
        {
            return;
        }

        _packets += packets;
        _lost += lost;
        _bytes += bytes;
        if (_observedUntil.IsNever)
        {
            _observedUntil = lastSent;
            _packets = 0;
            _lost = 0;
            _bytes = 0;
            return;
        }

        var elapsed = lastSent - _observedUntil;
        if (elapsed < MinObservation)
        {
            return;
        }

        var missing = Math.Clamp(_lost, 0, _packets);
        _observations[_next] = new(_packets, missing, _bytes * 8 / elapsed.TotalMilliseconds);
        _next = (_next + 1) % Window;
        _observationCount = Math.Min(_observationCount + 1, Window);
        _packets = 0;
        _lost = 0;
        _bytes = 0;
        _observedUntil = lastSent;
        AverageLoss = WeightedLoss();
        if (_observationCount >= MinObservations)
        {
            Decide(delayBased.BitsPerSecond / 1000.0, (throughput?.BitsPerSecond ?? 0) / 1000.0, lastSent);
        }
    }

    private static double[] CreateWeights()
    {
        var weights = new double[Window];
        for (var i = 0; i < Window; i++)
        {
            weights[i] = Math.Pow(TemporalWeight, i);
        }

        return weights;
    }

    private void Decide(double delayBased, double throughput, MonotonicTime now)
    {
        var bound = Value is not null;
        if (!bound)
        {
            _bandwidth = delayBased;
            if (AverageLoss < MinInherent)
            {
                // The usual path: nothing is lost, so nothing has to be explained.
                _inherent = InitialInherent;
                return;
            }
        }

        // What the bandwidth may be: a little more or less than thought, what arrives, what the delay allows.
        var ceiling = bound && throughput > 0 ? Math.Max(_bandwidth, MaxOverThroughput * throughput) : double.MaxValue;
        var best = Best.None;
        Consider(ref best, Math.Min(_bandwidth * 1.02, ceiling));
        Consider(ref best, _bandwidth);
        Consider(ref best, _bandwidth * 0.95);
        Consider(ref best, Math.Min(delayBased, ceiling));
        if (throughput > 0)
        {
            Consider(ref best, throughput);
        }

        var bandwidth = best.Bandwidth;
        if (bandwidth > _bandwidth && AverageLoss > best.Inherent)
        {
            bandwidth = _bandwidth; // libwebrtc NotIncreaseIfInherentLossLessThanAverageLoss: something overflows already.
        }

        _inherent = best.Inherent;
        if (AverageLoss > InstantOffset)
        {
            bandwidth = Math.Min(bandwidth, InstantBalance / (AverageLoss - InstantOffset));
        }

        if (bandwidth < _bandwidth)
        {
            _decreasedAt = now;
            _afterDecrease = bandwidth;
        }
        else if (bound && now - _decreasedAt < IncreaseWindow)
        {
            bandwidth = Math.Min(bandwidth, _afterDecrease * MaxIncrease);
        }

        _bandwidth = Math.Min(bandwidth, delayBased);
        // Below the bound all along, and still something was lost: a bound that nothing ran into explains nothing, and would keep a viewer
        // whose layers leave room from ever trying the next one.
        var binds = AverageLoss > InstantOffset || bandwidth < HighestSendingRate();
        Value = binds && bandwidth < delayBased ? Bitrate.FromKilobits(_bandwidth) : null;
    }

    private double HighestSendingRate()
    {
        double highest = 0;
        for (var i = 0; i < _observationCount; i++)
        {
            highest = Math.Max(highest, Recent(i).SendingRate);
        }

        return highest;
    }

    private void Consider(ref Best best, double bandwidth)
    {
        var inherent = FitInherentLoss(bandwidth);
        var likelihood = LogLikelihood(bandwidth, inherent);
        if (likelihood > best.Likelihood)
        {
            best = new(bandwidth, inherent, likelihood);
        }
    }

    /// <summary>One Newton step towards the inherent loss that makes this bandwidth likeliest.</summary>
    private double FitInherentLoss(double bandwidth)
    {
        double first = 0, second = 0;
        for (var i = 0; i < _observationCount; i++)
        {
            ref readonly var seen = ref Recent(i);
            var loss = LossProbability(_inherent, bandwidth, seen.SendingRate);
            first += Weights[i] * ((seen.Lost / loss) - (seen.Received / (1 - loss)));
            second -= Weights[i] * ((seen.Lost / (loss * loss)) + (seen.Received / ((1 - loss) * (1 - loss))));
        }

        var inherent = second < 0 ? _inherent - (NewtonStep * first / second) : _inherent;
        return Math.Clamp(inherent, MinInherent, MaxInherentOf(bandwidth));
    }

    private double LogLikelihood(double bandwidth, double inherent)
    {
        // The bias fades where much is lost: there, less is safer.
        var preference = BiasLossThreshold - AverageLoss;
        preference /= BiasSmoothing + Math.Abs(preference);
        var bias = preference * ((HighBias * bandwidth) + (HighLogBias * Math.Log(1 + bandwidth)));
        double sum = 0;
        for (var i = 0; i < _observationCount; i++)
        {
            ref readonly var seen = ref Recent(i);
            var loss = LossProbability(inherent, bandwidth, seen.SendingRate);
            sum += Weights[i] * ((seen.Lost * Math.Log(loss)) + (seen.Received * Math.Log(1 - loss)) + (bias * seen.Packets));
        }

        return sum;
    }

    private static double LossProbability(double inherent, double bandwidth, double sendingRate)
    {
        var loss = sendingRate > bandwidth ? inherent + ((1 - inherent) * (sendingRate - bandwidth) / sendingRate) : inherent;
        return Math.Clamp(loss, 1e-6, 1 - 1e-6);
    }

    private static double MaxInherentOf(double bandwidth) =>
        Math.Clamp(MaxInherentOffset + (MaxInherentBalance / Math.Max(bandwidth, 1)), MinInherent, 1);

    private double WeightedLoss()
    {
        double lost = 0, packets = 0;
        for (var i = 0; i < _observationCount; i++)
        {
            ref readonly var seen = ref Recent(i);
            lost += Weights[i] * seen.Lost;
            packets += Weights[i] * seen.Packets;
        }

        return packets > 0 ? lost / packets : 0;
    }

    /// <summary>0 is the newest.</summary>
    private ref readonly Observation Recent(int age) => ref _observations[(_next - 1 - age + (2 * Window)) % Window];

    private readonly record struct Observation(int Packets, int Lost, double SendingRate)
    {
        public int Received => Packets - Lost;
    }

    private readonly record struct Best(double Bandwidth, double Inherent, double Likelihood)
    {
        public static readonly Best None = new(0, InitialInherent, double.NegativeInfinity);
    }
}
