using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace Events.Platform.Composition;

/// <summary>
/// How long the runtime stands still for each garbage collection: histogram <c>events.gc.pause</c>. The runtime's own meter has only their
/// sum, which hides the one long pause that a call would hear. Counter <c>events.gc.full_blocking</c>: how many full ones it stood still for from
/// beginning to end, instead of making them in the background.
/// </summary>
public sealed class GcPauses : EventListener, IHostedService
{
    // https://learn.microsoft.com/dotnet/fundamentals/diagnostics/runtime-garbage-collection-events
    private const string RuntimeSource = "Microsoft-Windows-DotNETRuntime";
    private const EventKeywords GcKeyword = (EventKeywords)0x1;
    private const int CollectionBegins = 1; // Count, Depth, Reason, Type, ...
    private const int SuspendBegins = 9;
    private const int RestartEnded = 3;
    private const uint Blocking = 0;

    /// <summary>Seconds. A call's packets are 20 ms apart, and a pause over 5 ms is one too many.</summary>
    private static readonly double[] Buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1];

    private readonly Meter _meter = new("Events.Runtime");
    private readonly Histogram<double>? _pauses;
    private readonly Counter<long>? _fullBlocking;
    private DateTime _suspended;

    public GcPauses()
    {
        _pauses = _meter.CreateHistogram(
            "events.gc.pause", "s", "Time in which all managed threads stood still for a garbage collection", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Buckets });
        _fullBlocking = _meter.CreateCounter<long>("events.gc.full_blocking", "{collection}", "Collections of all generations that were not made in the background");
        _fullBlocking.Add(0); // So that it is there to be asked before the first, which should never come.
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        base.Dispose();
        _meter.Dispose();
    }

    /// <summary>Called by the base class's constructor too, before ours has run.</summary>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == RuntimeSource)
        {
            EnableEvents(eventSource, EventLevel.Informational, GcKeyword);
        }
    }

    /// <summary>Suspension and restart come in turn: one collection stops the threads at a time.</summary>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        switch (eventData.EventId)
        {
            case CollectionBegins when eventData.Payload is [_, uint depth, _, uint type, ..] && depth == GC.MaxGeneration && type == Blocking:
                _fullBlocking?.Add(1);
                break;
            case SuspendBegins:
                _suspended = eventData.TimeStamp;
                break;
            case RestartEnded when _suspended != default:
                _pauses?.Record((eventData.TimeStamp - _suspended).TotalSeconds);
                _suspended = default;
                break;
        }
    }
}
