using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Events.Platform.Composition;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Composition;

public sealed class GcPausesTests
{
    [Fact]
    public async Task Each_collection_leaves_its_pause()
    {
        var pauses = new ConcurrentQueue<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "events.gc.pause")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => pauses.Enqueue(seconds));
        listener.Start();
        using var measured = new GcPauses();
        var before = GC.CollectionCount(0);

        GC.Collect();

        // Events come from a thread of the runtime's own.
        await Eventually.TrueAsync(() => Task.FromResult(pauses.Count >= GC.CollectionCount(0) - before), "the pauses are told");
        Assert.All(pauses, seconds => Assert.InRange(seconds, 0, 10));
    }

    [Fact]
    public async Task A_full_collection_for_which_everything_waits_is_counted()
    {
        long blocking = 0;
        using var measured = new GcPauses();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "events.gc.full_blocking")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, more, _, _) => Interlocked.Add(ref blocking, more));
        listener.Start();

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
        GC.Collect(1);

        await Eventually.TrueAsync(() => Task.FromResult(Interlocked.Read(ref blocking) > 0), "the full collection is told");
    }
}
