using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Events.Platform.Composition;

/// <summary>
/// Writes the process's meters in the Prometheus text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Our own, since no Prometheus package restores here.
/// </summary>
public sealed class PrometheusExporter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Series of one instrument; further label sets are dropped and counted, so that a label cannot eat the memory.</summary>
    private const int MaxSeries = 1_000;

    // Seconds, from 1 ms to 10 s in the steps 1, 2.5, 5: for instruments that advise no buckets.
    private static readonly double[] DefaultBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, Family> _families = new();
    private readonly Lock _exporting = new();
    private long _droppedSeries;

    public PrometheusExporter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (IsWanted(instrument.Meter.Name))
            {
                var family = new Family(instrument);
                _families[instrument] = family;
                listener.EnableMeasurementEvents(instrument, family);
            }
        };
        _listener.MeasurementsCompleted = (instrument, _) => _families.Remove(instrument, out var _);
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<decimal>((_, value, tags, state) => Record(state, (double)value, tags));
        _listener.Start();
    }

    /// <summary>All series as they are now.</summary>
    public string Export()
    {
        lock (_exporting) // One would forget what another has just observed.
        {
            return Observe();
        }
    }

    private string Observe()
    {
        foreach (var family in _families.Values)
        {
            family.ForgetObserved();
        }

        _listener.RecordObservableInstruments();
        var text = new StringBuilder(16 * 1024);

        // Two meters may carry an instrument of one name (one per container in tests): a name is announced once.
        foreach (var group in _families.Values.GroupBy(f => f.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            group.First().WriteHead(text);
            foreach (var family in group)
            {
                family.WriteSeries(text);
            }
        }

        text.Append("# TYPE events_metrics_dropped_series_total counter\nevents_metrics_dropped_series_total ").Append(Interlocked.Read(ref _droppedSeries)).Append('\n');
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private static bool IsWanted(string meter) =>
        meter.StartsWith("Events.", StringComparison.Ordinal) || meter.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) || meter is "System.Runtime" or "Npgsql";

    private void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (state is Family family && !family.TryRecord(value, tags))
        {
            Interlocked.Increment(ref _droppedSeries);
        }
    }

    /// <summary>One instrument and its series.</summary>
    private sealed class Family
    {
        private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);

        /// <summary>The same series by the tags that were measured with, whose labels are written once.</summary>
        private readonly ConcurrentDictionary<KeyValuePair<string, object?>[], Series> _byTags = new(TagsComparer.Instance);
        private readonly ConcurrentDictionary<KeyValuePair<string, object?>[], Series>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _ofTags;
        private readonly string _type;
        private readonly string _help;
        private readonly bool _isObservable;
        private readonly bool _adds;
        private readonly double[]? _buckets;

        public Family(Instrument instrument)
        {
            var kind = instrument.GetType().Name;
            _isObservable = instrument.IsObservable;
            var isCounter = kind.StartsWith("Counter", StringComparison.Ordinal) || kind.StartsWith("ObservableCounter", StringComparison.Ordinal);
            _adds = kind.StartsWith("Counter", StringComparison.Ordinal) || kind.StartsWith("UpDownCounter", StringComparison.Ordinal);
            if (kind.StartsWith("Histogram", StringComparison.Ordinal))
            {
                _buckets = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } ? [.. advised] : DefaultBuckets;
            }

            _type = _buckets is not null ? "histogram" : isCounter ? "counter" : "gauge";
            _help = (instrument.Description ?? "").Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
            Name = NameOf(instrument, isCounter);
            _ofTags = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        }

        public string Name { get; }

        public bool TryRecord(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (!_ofTags.TryGetValue(tags, out var series))
            {
                if (!TryAdd(tags, out series))
                {
                    return false;
                }
            }

            lock (series)
            {
                series.Value = _adds || _buckets is not null ? series.Value + value : value;
                if (_buckets is not null)
                {
                    series.Count++;
                    series.InBucket[BucketOf(value)]++;
                }
            }

            return true;
        }

        private bool TryAdd(ReadOnlySpan<KeyValuePair<string, object?>> tags, [NotNullWhen(true)] out Series? series)
        {
            var labels = Labels(tags);
            if (!_series.TryGetValue(labels, out series))
            {
                if (_series.Count >= MaxSeries)
                {
                    return false;
                }

                series = _series.GetOrAdd(labels, _ => new Series(_buckets?.Length + 1 ?? 0));
            }

            if (_byTags.Count < MaxSeries) // Tags that differ can read alike.
            {
                _ofTags.TryAdd(tags, series);
            }

            return true;
        }

        /// <summary>An observable instrument tells all its series anew: those that it no longer tells are gone.</summary>
        public void ForgetObserved()
        {
            if (_isObservable)
            {
                _series.Clear();
                _byTags.Clear();
            }
        }

        public void WriteHead(StringBuilder text)
        {
            if (_help.Length > 0)
            {
                text.Append("# HELP ").Append(Name).Append(' ').Append(_help).Append('\n');
            }

            text.Append("# TYPE ").Append(Name).Append(' ').Append(_type).Append('\n');
        }

        public void WriteSeries(StringBuilder text)
        {
            foreach (var (labels, series) in _series)
            {
                lock (series)
                {
                    if (_buckets is null)
                    {
                        WriteSample(text, Name, labels, null, series.Value);
                    }
                    else
                    {
                        WriteHistogram(text, labels, series);
                    }
                }
            }
        }

        private void WriteHistogram(StringBuilder text, string labels, Series series)
        {
            long cumulative = 0;
            for (var i = 0; i < series.InBucket.Length; i++)
            {
                cumulative += series.InBucket[i];
                WriteSample(text, Name + "_bucket", labels, i < _buckets!.Length ? Number(_buckets[i]) : "+Inf", cumulative);
            }

            WriteSample(text, Name + "_sum", labels, null, series.Value);
            WriteSample(text, Name + "_count", labels, null, series.Count);
        }

        private int BucketOf(double value)
        {
            var i = 0;
            while (i < _buckets!.Length && value > _buckets[i])
            {
                i++;
            }

            return i;
        }

        private static void WriteSample(StringBuilder text, string name, string labels, string? bound, double value)
        {
            text.Append(name);
            if (labels.Length > 0 || bound is not null)
            {
                text.Append('{').Append(labels);
                if (bound is not null)
                {
                    text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(bound).Append('"');
                }

                text.Append('}');
            }

            text.Append(' ').Append(Number(value)).Append('\n');
        }

        private static string Number(double value) =>
            double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

        private static string NameOf(Instrument instrument, bool isCounter)
        {
            // UCUM units in words, as the OpenTelemetry-to-Prometheus mapping has them; annotations ({packet}) are dropped.
            var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", "1" or null or "" => "", _ => "" };
            var name = new StringBuilder();
            foreach (var c in instrument.Name)
            {
                name.Append(char.IsAsciiLetterOrDigit(c) || c == '_' || c == ':' ? c : '_');
            }

            if (!name.ToString().EndsWith(unit, StringComparison.Ordinal))
            {
                name.Append(unit);
            }

            return isCounter && !name.ToString().EndsWith("_total", StringComparison.Ordinal) ? name.Append("_total").ToString() : name.ToString();
        }

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.IsEmpty)
            {
                return "";
            }

            var text = new StringBuilder();
            foreach (var (key, value) in tags)
            {
                text.Append(text.Length > 0 ? "," : "");
                foreach (var c in key)
                {
                    text.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_');
                }

                text.Append("=\"")
                    .Append(Convert.ToString(value, CultureInfo.InvariantCulture)?.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal))
                    .Append('"');
            }

            return text.ToString();
        }
    }

    /// <summary>Tags are the same when keys and values are, in their order.</summary>
    private sealed class TagsComparer
        : IEqualityComparer<KeyValuePair<string, object?>[]>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, KeyValuePair<string, object?>[]>
    {
        public static readonly TagsComparer Instance = new();

        public bool Equals(KeyValuePair<string, object?>[]? x, KeyValuePair<string, object?>[]? y) => x is not null && y is not null && Equals(x.AsSpan(), y);

        public int GetHashCode(KeyValuePair<string, object?>[] tags) => GetHashCode(tags.AsSpan());

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, KeyValuePair<string, object?>[] other)
        {
            if (alternate.Length != other.Length)
            {
                return false;
            }

            for (var i = 0; i < other.Length; i++)
            {
                if (alternate[i].Key != other[i].Key || !Equals(alternate[i].Value, other[i].Value))
                {
                    return false;
                }
            }

            return true;
        }

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = new HashCode();
            foreach (var (key, value) in alternate)
            {
                hash.Add(key);
                hash.Add(value);
            }

            return hash.ToHashCode();
        }

        public KeyValuePair<string, object?>[] Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => alternate.ToArray();
    }

    private sealed class Series(int buckets)
    {
        public double Value;
        public long Count;
        public readonly long[] InBucket = new long[buckets];
    }
}
