using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>A padding packet that is due.</summary>
/// <param name="Bytes">As large as this, or as near to it as padding can be made.</param>
public readonly record struct ProbePacket(int Bytes);

/// <summary>
/// Decides when to try a higher rate, and how high: short clusters of packets, three and six times the start rate at first, then towards
/// what the next layer would need. Media that is sent while a cluster lasts belongs to it, padding fills it up.
/// </summary>
public struct Prober
{
    /// <summary>libwebrtc <c>ProbeControllerConfig</c>: first and second exponential probe, and the further ones.</summary>
    private const double FirstScale = 3, SecondScale = 6, FurtherScale = 2;

    /// <summary>libwebrtc <c>further_probe_threshold</c>: that much of a probe arrived, so more may fit.</summary>
    private const double FurtherThreshold = 0.7;

    /// <summary>libwebrtc <c>loss_limited_probe_scale</c>.</summary>
    private const double LossLimitedScale = 1.5;

    /// <summary>libwebrtc <c>kProbeUncertainty</c>: what lies that near to the estimate needs no probe.</summary>
    private const double Uncertainty = 0.05;

    /// <summary>A measure falls up to a tenth short of what was sent (ProbeClusters), and must still reach the goal.</summary>
    private const double Headroom = 1.1;

    /// <summary>libwebrtc <c>min_probe_packets_sent</c>, <c>min_probe_duration</c>.</summary>
    private const int MinPackets = 5;

    private const double MinDuration = 0.015;

    /// <summary>Jitter is as long as the shortest cluster on many a radio path: one that showed too little is repeated longer, up to this.</summary>
    private const double MaxDuration = 0.060;

    /// <summary>Room for the payload header below a 1,200 byte datagram; of 400 bytes 7 % more go to IP and UDP, as of a small picture's, and of 200 it would be twice as much.</summary>
    private const int MaxPacketBytes = 1_200, MinPacketBytes = 400;

    /// <summary>libwebrtc <c>kMaxWaitingTimeForProbingResult</c>.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    /// <summary>
    /// libwebrtc probes every 5 s when application-limited. A layer has to be back 10 s after the path is: three tries, of which
    /// two may get lost.
    /// </summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private readonly double _start;
    private double _goal;
    private double _ceiling;
    private double _rate;
    private double _next;
    private double _duration = MinDuration;
    private int _minBytes;
    private int _packets;
    private long _bytes;
    private byte _lastId;
    private bool _begun;
    private bool _waiting;
    private MonotonicTime _startedAt;
    private MonotonicTime _endedAt;
    private MonotonicTime _notBefore;

    /// <param name="start">The estimate at the beginning.</param>
    public Prober(Bitrate start) => _start = start.BitsPerSecond;

    /// <summary>A cluster is being sent.</summary>
    public bool IsActive { get; private set; }

    /// <summary>Of the cluster that is being sent or was sent last.</summary>
    public readonly byte ClusterId => _lastId;

    public readonly int ClusterPackets => MinPackets;

    public readonly int ClusterBytes => _minBytes;

    /// <summary>What the next layer up would need in all, zero when there is none.</summary>
    public readonly Bitrate Goal => new((long)_goal);

    /// <summary>When <see cref="TryTake"/> has the next packet.</summary>
    public readonly MonotonicTime NextDeadline =>
        IsActive ? _startedAt + TimeSpan.FromSeconds(_bytes * 8 / _rate) : MonotonicTime.Never;

    /// <param name="goal">Needed in all for the next layer up; zero when all is sent that is wanted.</param>
    /// <param name="ceiling">Needed in all for everything that is wanted.</param>
    public void SetGoal(Bitrate goal, Bitrate ceiling)
    {
        _goal = goal.BitsPerSecond;
        _ceiling = Math.Max(goal.BitsPerSecond, ceiling.BitsPerSecond);
    }

    /// <summary>Begins a cluster when it is time. True: tell <see cref="ProbeClusters"/>.</summary>
    public bool TryBegin(Bitrate target, bool congested, bool lossLimited, MonotonicTime now)
    {
        if (_waiting && now - _endedAt > MaxWait)
        {
            _waiting = false;
            _next = 0; // Its result never came.
        }

        if (IsActive && now - _startedAt > MaxWait)
        {
            IsActive = false; // Nothing could fill it up: no padding can be sent, and hardly any media was.
        }

        if (IsActive || _waiting || congested || _goal <= target.BitsPerSecond)
        {
            return false;
        }

        var rate = _next;
        if (!_begun)
        {
            _begun = true;
            rate = FirstScale * _start;
            _next = SecondScale * _start;
        }
        else if (rate > 0)
        {
            _next = 0;
        }
        else if (now >= _notBefore)
        {
            rate = Math.Max(_goal * Headroom, FurtherScale * target.BitsPerSecond);
        }

        rate = Math.Min(rate, _ceiling * Headroom);
        if (lossLimited)
        {
            rate = Math.Min(rate, LossLimitedScale * target.BitsPerSecond);
        }

        if (rate < target.BitsPerSecond * (1 + Uncertainty))
        {
            return false;
        }

        _lastId = _lastId == byte.MaxValue ? (byte)1 : (byte)(_lastId + 1);
        _rate = rate;
        _minBytes = (int)Math.Max(rate * _duration / 8, MinPackets * MinPacketBytes);
        _packets = 0;
        _bytes = 0;
        _startedAt = now;
        _notBefore = now + Interval;
        IsActive = true;
        return true;
    }

    /// <summary>No report will tell of a cluster any more.</summary>
    public void End()
    {
        IsActive = false;
        _waiting = false;
    }

    /// <summary>The estimate fell without the path's fault, perhaps: try the rate from before soon.</summary>
    public void Retry(Bitrate rate)
    {
        if (!IsActive && !_waiting)
        {
            _next = Math.Min(rate.BitsPerSecond, _ceiling * Headroom);
        }
    }

    /// <summary>True while a padding packet is due; call <see cref="Sent"/> for it as for every packet.</summary>
    public readonly bool TryTake(MonotonicTime now, out ProbePacket packet)
    {
        packet = default;
        if (!IsActive || now < NextDeadline)
        {
            return false;
        }

        packet = new(Math.Clamp(_minBytes / MinPackets, MinPacketBytes, MaxPacketBytes));
        return true;
    }

    /// <summary>A packet leaves while a cluster is being sent; its cluster.</summary>
    public byte Sent(int bytes, MonotonicTime now)
    {
        _packets++;
        _bytes += bytes;
        // A tick that comes late sends what is due by now, and not only what was left: the cluster's rate is bytes over time until the end.
        if (_packets >= MinPackets && _bytes >= _minBytes && NextDeadline > now)
        {
            IsActive = false;
            _waiting = true;
            _endedAt = now;
        }

        return _lastId;
    }

    /// <summary>The last cluster showed that this much fits.</summary>
    public void Measured(byte cluster, Bitrate rate, MonotonicTime now)
    {
        if (!_waiting || cluster != _lastId)
        {
            return;
        }

        _waiting = false;
        if (rate.BitsPerSecond < FurtherThreshold * _rate)
        {
            _next = 0;
            _duration = Math.Min(2 * _duration, MaxDuration);
        }
        else if (_rate >= _goal && rate.BitsPerSecond < _goal)
        {
            // Nearly: what leaves at one tick takes a while to arrive, which is less of a longer one.
            _next = _duration < MaxDuration ? _rate : 0;
            _duration = Math.Min(2 * _duration, MaxDuration);
        }
        else if (_next == 0)
        {
            _duration = MinDuration;
            _next = FurtherScale * rate.BitsPerSecond;
        }

        _notBefore = now + Interval;
    }
}
