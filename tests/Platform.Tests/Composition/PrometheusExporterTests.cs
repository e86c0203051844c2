using System.Diagnostics.Metrics;
using Events.Platform.Composition;
using Xunit;

namespace Events.Platform.Tests.Composition;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly PrometheusExporter _exporter = new();
    private readonly Meter _meter = new("Events.PrometheusExporterTests");

    [Fact]
    public void Measurements_of_the_same_tags_are_one_series()
    {
        var counter = _meter.CreateCounter<long>("doors.opened");
        counter.Add(1, new("door", "north"), new("floor", 2));
        counter.Add(2, new("door", "north"), new("floor", 2));
        counter.Add(4, new("door", "north"), new("floor", 3));
        counter.Add(8, new KeyValuePair<string, object?>("door", "north"));
        counter.Add(16);

        Assert.Equal(
            ["doors_opened_total 16", "doors_opened_total{door=\"north\",floor=\"2\"} 3", "doors_opened_total{door=\"north\",floor=\"3\"} 4", "doors_opened_total{door=\"north\"} 8"],
            Samples("doors_opened_total"));
    }

    [Fact]
    public void Tags_that_read_alike_are_one_series()
    {
        var counter = _meter.CreateCounter<long>("doors.read");
        counter.Add(1, new KeyValuePair<string, object?>("floor", 2));
        counter.Add(2, new KeyValuePair<string, object?>("floor", 2L));
        counter.Add(4, new KeyValuePair<string, object?>("floor", "2"));
        counter.Add(8, new KeyValuePair<string, object?>("floor", 2));

        Assert.Equal(["doors_read_total{floor=\"2\"} 15"], Samples("doors_read_total"));
    }

    [Fact]
    public void What_is_not_observed_any_more_is_not_told()
    {
        var floors = new[] { 1, 2 };
        _meter.CreateObservableGauge("doors.there", () => floors.Select(f => new Measurement<int>(f * 10, new KeyValuePair<string, object?>("floor", f))));
        Assert.Equal(["doors_there{floor=\"1\"} 10", "doors_there{floor=\"2\"} 20"], Samples("doors_there"));

        floors = [2, 3];
        Assert.Equal(["doors_there{floor=\"2\"} 20", "doors_there{floor=\"3\"} 30"], Samples("doors_there"));
    }

    [Fact]
    public void A_label_cannot_eat_the_memory()
    {
        var counter = _meter.CreateCounter<long>("doors.many");
        for (var i = 0; i < 1_500; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("door", i));
        }

        Assert.Equal(1_000, Samples("doors_many_total").Length);
        Assert.Equal(["events_metrics_dropped_series_total 500"], Samples("events_metrics_dropped_series_total"));
    }

    [Fact]
    public void Measuring_allocates_nothing_once_the_series_is_there()
    {
        var histogram = _meter.CreateHistogram<double>("doors.held");
        object floor = 2; // As the platform's own instruments keep theirs.
        Measure();
        Measure();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Measure();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Contains("doors_held_count{door=\"north\",floor=\"2\"} 102", Samples("doors_held_count"));

        void Measure() => histogram.Record(0.5, new KeyValuePair<string, object?>("door", "north"), new KeyValuePair<string, object?>("floor", floor));
    }

    public void Dispose()
    {
        _meter.Dispose();
        _exporter.Dispose();
    }

    private string[] Samples(string name) =>
        [.. _exporter.Export().Split('\n').Where(l => l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + "{", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
