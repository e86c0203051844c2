using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Protocol.Congestion;

/// <summary>
/// What arrives per second, from acknowledged packets: windows of 150 ms, joined by a Bayesian filter that trusts a
/// sample less the further it lies from the estimate (libwebrtc <c>BitrateEstimator</c>).
/// </summary>
public struct AcknowledgedBitrate
{
    /// <summary>libwebrtc <c>kInitialRateWindow</c>.</summary>
    private static readonly TimeSpan InitialWindow = TimeSpan.FromMilliseconds(500);

    /// <summary>libwebrtc <c>kRateWindow</c>.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(150);

    /// <summary>libwebrtc <c>uncertainty_scale</c>; while the sender is application-limited its rate says little of the path.</summary>
    private const double Uncertainty = 10, UncertaintyWhenLimited = 20;

    /// <summary>libwebrtc: the variance that each step adds, (kbit/s)².</summary>
    private const double ProcessVariance = 5;

    /// <summary>libwebrtc: the variance before the first sample, and after the application's rate changed.</summary>
    private const double InitialVariance = 50, ChangeVariance = 200;

    private double _estimate;
    private double _variance;
    private long _windowBytes;
    private MonotonicTime _windowStart;
    private MonotonicTime _last;
    private bool _started;

    /// <summary>Null before the first window has passed.</summary>
    public readonly Bitrate? Value => _variance > 0 ? Bitrate.FromKilobits(_estimate) : null;

    /// <param name="arrived">On the receiver's clock, which goes as fast as ours.</param>
    /// <param name="bytes">Of the datagram.</param>
    /// <param name="applicationLimited">Less was sent than the estimate allowed.</param>
    /// <param name="unreported">Bytes that arrived since the packet before, whose reports were lost.</param>
    public void Add(MonotonicTime arrived, int bytes, bool applicationLimited, long unreported = 0)
    {
        if (!_started || arrived < _windowStart)
        {
            unreported = 0;
            _started = true;
            _windowStart = arrived;
            _windowBytes = 0;
            _last = arrived;
        }

        var window = _variance > 0 ? Window : InitialWindow;
        if (unreported > 0)
        {
            _windowBytes += unreported;
        }
        else if (arrived - _last > window)
        {
            // A gap longer than a window: nobody sent, which is no rate.
            _windowBytes = 0;
            _windowStart = arrived;
        }

        var elapsed = arrived - _windowStart;
        if (elapsed >= window)
        {
            // One that lost reports have made long counts for as many as there would have been.
            for (var samples = unreported > 0 ? (int)(elapsed / window) : 1; samples > 0; samples--)
            {
                Sample(_windowBytes * 8 / elapsed.TotalMilliseconds, applicationLimited); // bits per ms = kbit/s
            }

            _windowBytes = 0;
            _windowStart = arrived;
        }

        _last = MonotonicTime.Max(_last, arrived);
        _windowBytes += bytes;
    }

    /// <summary>The application begins to send more: follow it quickly.</summary>
    public void ExpectChange()
    {
        if (_variance > 0)
        {
            _variance += ChangeVariance;
        }
    }

    private void Sample(double sample, bool applicationLimited)
    {
        if (_variance == 0)
        {
            _estimate = sample;
            _variance = InitialVariance;
            return;
        }

        var scale = applicationLimited && sample < _estimate ? UncertaintyWhenLimited : Uncertainty;
        var uncertainty = scale * Math.Abs(_estimate - sample) / Math.Max(_estimate, 1);
        var sampleVariance = uncertainty * uncertainty;
        var predicted = _variance + ProcessVariance;
        _estimate = ((sampleVariance * _estimate) + (predicted * sample)) / (sampleVariance + predicted);
        _variance = Math.Max(sampleVariance * predicted / (sampleVariance + predicted), 1e-3);
    }
}
