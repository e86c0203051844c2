using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// Reads the path's capacity off a cluster of packets that was sent at a known rate: it was sent over this time, it arrived
/// over that one (libwebrtc <c>ProbeBitrateEstimator</c>).
/// </summary>
public struct ProbeClusters
{
    /// <summary>libwebrtc <c>kMinReceivedProbesRatio</c>, <c>kMinReceivedBytesRatio</c>: below, the cluster says nothing.</summary>
    private const double MinReceived = 0.80;

    /// <summary>libwebrtc <c>kMaxValidRatio</c>: arrived twice as fast as sent is a burst of the network, not a rate.</summary>
    private const double MaxReceiveToSend = 2.0;

    /// <summary>libwebrtc <c>kMinRatioForUnsaturatedLink</c>, <c>kTargetUtilizationFraction</c>: slower than sent means full, so stay below.</summary>
    private const double Unsaturated = 0.9, Utilisation = 0.95;

    /// <summary>
    /// What arrives close together may have waited for its reader, so it is no more than so many times what it would be had nothing waited but the last packet. More, and
    /// stalls of 60 ms pass for room that there is none of; less, and on a path whose jitter is as long as a cluster nothing is found.
    /// </summary>
    private const double BunchedTolerance = 1.6;

    /// <summary>libwebrtc <c>kMaxProbeInterval</c>.</summary>
    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(1);

    private Cluster _older;
    private Cluster _newer;

    /// <summary>A cluster begins.</summary>
    /// <param name="id">1…255.</param>
    /// <param name="minPackets">That it will have.</param>
    /// <param name="minBytes">That it will have.</param>
    public void Begin(byte id, int minPackets, int minBytes)
    {
        _older = _newer;
        _newer = new() { Id = id, MinPackets = minPackets, MinBytes = minBytes };
    }

    /// <summary>A packet of a cluster arrived. True when the cluster now says what fits.</summary>
    /// <param name="id">The cluster's.</param>
    /// <param name="sent">On our clock.</param>
    /// <param name="arrived">On the receiver's clock.</param>
    /// <param name="bytes">Of the datagram.</param>
    /// <param name="leastDelay">Nanoseconds from <paramref name="sent"/> to <paramref name="arrived"/> for a packet that did not wait, of those that came a moment ago.</param>
    /// <param name="rate">What fits.</param>
    public bool TryMeasure(byte id, MonotonicTime sent, MonotonicTime arrived, int bytes, long leastDelay, out Bitrate rate)
    {
        if (id == _newer.Id)
        {
            return _newer.TryMeasure(sent, arrived, bytes, leastDelay, out rate);
        }

        if (id == _older.Id)
        {
            return _older.TryMeasure(sent, arrived, bytes, leastDelay, out rate);
        }

        rate = default;
        return false;
    }

    private struct Cluster
    {
        public byte Id;
        public int MinPackets;
        public int MinBytes;
        private int _packets;
        private long _bytes;
        private long _bytesOfLastSend;
        private long _bytesOfFirstArrival;
        private MonotonicTime _firstSent;
        private MonotonicTime _lastSent;
        private MonotonicTime _firstArrived;
        private MonotonicTime _lastArrived;

        public bool TryMeasure(MonotonicTime sent, MonotonicTime arrived, int bytes, long leastDelay, out Bitrate rate)
        {
            rate = default;
            if (_packets == 0)
            {
                _firstSent = MonotonicTime.Never;
                _firstArrived = MonotonicTime.Never;
                _lastSent = new(long.MinValue);
                _lastArrived = new(long.MinValue);
            }

            _packets++;
            _bytes += bytes;
            _firstSent = MonotonicTime.Min(_firstSent, sent);
            if (sent >= _lastSent)
            {
                _bytesOfLastSend = bytes;
                _lastSent = sent;
            }

            if (arrived <= _firstArrived)
            {
                _bytesOfFirstArrival = bytes;
                _firstArrived = arrived;
            }

            _lastArrived = MonotonicTime.Max(_lastArrived, arrived);
            if (_packets < MinPackets * MinReceived || _bytes < MinBytes * MinReceived)
            {
                return false;
            }

            var sendTime = _lastSent - _firstSent;
            var arrivalTime = _lastArrived - _firstArrived;
            if (sendTime <= TimeSpan.Zero || sendTime > MaxInterval || arrivalTime <= TimeSpan.Zero || arrivalTime > MaxInterval)
            {
                return false;
            }

            var sendRate = (_bytes - _bytesOfLastSend) * 8 / sendTime.TotalSeconds;
            var arrivalRate = (_bytes - _bytesOfFirstArrival) * 8 / arrivalTime.TotalSeconds;
            if (arrivalRate > MaxReceiveToSend * sendRate)
            {
                return false;
            }

            // A receiver that got no processor reads at once what came one after the other; when the first one was sent, that does not change.
            var sinceFirst = (_lastArrived.Nanoseconds - _firstSent.Nanoseconds - leastDelay) / 1e9;
            if (sinceFirst > 0)
            {
                arrivalRate = Math.Min(arrivalRate, BunchedTolerance * (_bytes - _bytesOfFirstArrival) * 8 / sinceFirst);
            }

            var measured = arrivalRate < Unsaturated * sendRate ? Utilisation * arrivalRate : Math.Min(sendRate, arrivalRate);
            rate = new((long)measured);
            return measured > 0;
        }
    }
}
