using System.Diagnostics.Metrics;

namespace Events.Mixer;

/// <summary>Counters of the mixer, meter <c>Events.Mixer</c>.</summary>
public sealed class MixerMetrics
{
    public const string MeterName = "Events.Mixer";

    private readonly UpDownCounter<long> _recordings;
    private readonly Counter<long> _frames;
    private readonly Counter<long> _gaps;
    private readonly Counter<long> _dropped;
    private readonly UpDownCounter<long> _composites;
    private readonly Counter<double> _compositeSeconds;
    private readonly Counter<long> _failures;

    public MixerMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _recordings = meter.CreateUpDownCounter<long>("events.mixer.recordings", "{recording}", "Recordings that take packets now.");
        _frames = meter.CreateCounter<long>("events.mixer.frames", "{frame}", "Coded frames written to track files.");
        _gaps = meter.CreateCounter<long>("events.mixer.gaps", "{gap}", "Holes in a track's packets that were given up.");
        _dropped = meter.CreateCounter<long>("events.mixer.relay.dropped", "{message}", "Relay messages lost because this mixer was slow.");
        _composites = meter.CreateUpDownCounter<long>("events.mixer.composites", "{composite}", "Composites being made.");
        _compositeSeconds = meter.CreateCounter<double>("events.mixer.composite.duration", "s", "Wall time spent on composites.");
        _failures = meter.CreateCounter<long>("events.mixer.composite.failures", "{attempt}", "Attempts at a composite that failed.");
    }

    public void RecordingStarted() => _recordings.Add(1);

    public void RecordingEnded() => _recordings.Add(-1);

    public void FramesWritten(long frames) => _frames.Add(frames);

    public void GapsSkipped(long gaps) => _gaps.Add(gaps);

    public void RelayDropped(long messages) => _dropped.Add(messages);

    public void CompositeStarted() => _composites.Add(1);

    public void CompositeEnded(TimeSpan took, bool failed)
    {
        _composites.Add(-1);
        _compositeSeconds.Add(took.TotalSeconds);
        if (failed)
        {
            _failures.Add(1);
        }
    }
}
