using Events.Rtc.Protocol.Codecs;
using Events.Rtc.Protocol.Primitives;

namespace Events.Rtc.Rooms;

/// <summary>
/// One layer that a viewer of a track can be given: a simulcast encoding, or a spatial layer inside one. What arrives of it is counted, so
/// that its bitrates are known before anybody is switched to it.
/// </summary>
internal sealed class VideoLayer(PublishedEncoding encoding, byte spatial)
{
    /// <summary>Temporal layers that are told apart: browsers send three at most.</summary>
    public const int MaxTemporal = 4;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(500);

    private readonly long[] _bytes = new long[MaxTemporal];
    private readonly long[] _sharedBytes = new long[MaxTemporal];
    private readonly int[] _frames = new int[MaxTemporal];
    private readonly double[] _rates = new double[MaxTemporal];
    private readonly double[] _remembered = new double[MaxTemporal];
    private readonly double[] _sharedRates = new double[MaxTemporal];
    private readonly double[] _frameRates = new double[MaxTemporal];
    private MonotonicTime _windowStart;
    private uint _lastTimestamp;

    public PublishedEncoding Encoding { get; } = encoding;

    public byte Spatial { get; } = spatial;

    /// <summary>Pixels; 0 until a keyframe has told.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Highest temporal layer seen.</summary>
    public byte Temporal { get; private set; }

    /// <summary>It arrives. A layer that its publisher has stopped is not chosen.</summary>
    public bool IsActive { get; set; } = true;

    public MonotonicTime LastPacket { get; private set; }

    /// <summary>Of this layer alone up to a temporal layer, in bit/s, over about a second.</summary>
    public double OwnBitrate(int temporal) => Sum(_rates, temporal);

    /// <summary>What <see cref="OwnBitrate"/> was before the layer fell silent.</summary>
    public double RememberedBitrate(int temporal) => Sum(_remembered, temporal);

    /// <summary>Of what layers above need of this one.</summary>
    public double SharedBitrate(int temporal) => Sum(_sharedRates, temporal);

    /// <summary>Pictures a second up to a temporal layer.</summary>
    public double FrameRate(int temporal) => Sum(_frameRates, temporal);

    /// <summary>Counts a packet; true when the layer is there again after a silence, or its size is another than before.</summary>
    public bool Receive(in VideoPacket video, ReadOnlySpan<byte> payload, int length, uint timestamp, MonotonicTime now)
    {
        LastPacket = now;
        var resumed = !IsActive;
        IsActive = true;
        if (_windowStart == MonotonicTime.Zero)
        {
            _windowStart = now;
        }

        var temporal = Math.Min(video.TemporalId, (byte)(MaxTemporal - 1));
        Temporal = Math.Max(Temporal, temporal);
        _bytes[temporal] += length;
        if (IsShared(video))
        {
            _sharedBytes[temporal] += length;
        }

        if (timestamp != _lastTimestamp)
        {
            _lastTimestamp = timestamp;
            _frames[temporal]++;
        }

        if (video.IsKeyframe && video.TryGetSize(payload, Spatial, out var width, out var height))
        {
            return Resize(width, height) || resumed;
        }

        return resumed;
    }

    public bool Resize(int width, int height)
    {
        if (width == Width && height == Height)
        {
            return false;
        }

        Width = width;
        Height = height;
        return true;
    }

    public void Advance(MonotonicTime now)
    {
        var elapsed = now - _windowStart;
        if (_windowStart == MonotonicTime.Zero || elapsed < Window)
        {
            return;
        }

        _windowStart = now;
        var arrives = _bytes.AsSpan().ContainsAnyExcept(0);
        for (var i = 0; i < MaxTemporal; i++)
        {
            _remembered[i] = arrives ? _rates[i] : _remembered[i];
            // Half of each window: steps of an encoder show within a second, single large frames do not stand out.
            _rates[i] = (_rates[i] + (_bytes[i] * 8 / elapsed.TotalSeconds)) / 2;
            _sharedRates[i] = (_sharedRates[i] + (_sharedBytes[i] * 8 / elapsed.TotalSeconds)) / 2;
            _frameRates[i] = (_frameRates[i] + (_frames[i] / elapsed.TotalSeconds)) / 2;
            _bytes[i] = _sharedBytes[i] = _frames[i] = 0;
        }
    }

    /// <summary>Whether viewers of a higher spatial layer are sent the frame too.</summary>
    private static bool IsShared(in VideoPacket video)
    {
        if (video.Structure is not { } structure)
        {
            return !(video.IsNotForUpperLayers && video.IsInterPicturePredicted);
        }

        for (var target = 0; target < structure.TargetCount; target++)
        {
            if (structure.SpatialOf(target) > video.SpatialId && video.Dependencies.IndicationOf(target) != DecodeTargetIndication.NotPresent)
            {
                return true;
            }
        }

        return false;
    }

    private static double Sum(double[] rates, int temporal)
    {
        var sum = 0.0;
        for (var i = 0; i <= Math.Min(temporal, MaxTemporal - 1); i++)
        {
            sum += rates[i];
        }

        return sum;
    }
}
