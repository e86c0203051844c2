using System.Diagnostics.Metrics;

namespace Events.Rtc.Signalling;

/// <summary>The doors' meter, <c>Events.Rtc.Signalling</c>.</summary>
public sealed class SignallingMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Events.Rtc.Signalling";

    private readonly Meter _meter;
    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _joins;
    private readonly Counter<long> _overflows;
    private readonly UpDownCounter<long> _sessions;
    private readonly Counter<long> _sessionRequests;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _deliveryFailures;
    private readonly Counter<long> _refused;

    public SignallingMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _connections = _meter.CreateUpDownCounter<long>("rtc.hub.connections", "{connection}", "Open hub connections.");
        _calls = _meter.CreateCounter<long>("rtc.hub.calls", "{call}", "Hub calls, by method and result code.");
        _joins = _meter.CreateCounter<long>("rtc.hub.entries", "{entry}", "Participants that came in, by way: join or resume.");
        _overflows = _meter.CreateCounter<long>("rtc.hub.overflows", "{connection}", "Connections dropped because they were too slow.");
        _sessions = _meter.CreateUpDownCounter<long>("rtc.http.sessions", "{session}", "WHIP and WHEP sessions, by protocol.");
        _sessionRequests = _meter.CreateCounter<long>("rtc.http.requests", "{request}", "WHIP and WHEP requests, by protocol and result code.");
        _delivered = _meter.CreateCounter<long>("rtc.journal.delivered", "{event}", "Events that the platform acknowledged.");
        _deliveryFailures = _meter.CreateCounter<long>("rtc.journal.delivery_failures", "{request}", "Deliveries that failed and are tried again.");
        _refused = _meter.CreateCounter<long>("rtc.journal.lost", "{event}", "Events that the journal could not keep.");
    }

    internal void ConnectionOpened() => _connections.Add(1);

    internal void ConnectionClosed() => _connections.Add(-1);

    internal void Called(string method, string code) => _calls.Add(1, new("method", method), new("code", code));

    internal void Entered(string way) => _joins.Add(1, new KeyValuePair<string, object?>("way", way));

    internal void Overflowed() => _overflows.Add(1);

    internal void SessionBegan(string protocol) => _sessions.Add(1, new KeyValuePair<string, object?>("protocol", protocol));

    internal void SessionEnded(string protocol) => _sessions.Add(-1, new KeyValuePair<string, object?>("protocol", protocol));

    internal void SessionRequest(string protocol, string code) => _sessionRequests.Add(1, new("protocol", protocol), new("code", code));

    internal void ObserveJournal(Func<int> pending) =>
        _meter.CreateObservableGauge("rtc.journal.pending", pending, "{event}", "Events that wait for the platform.");

    internal void JournalDelivered(long events) => _delivered.Add(events);

    internal void JournalDeliveryFailed() => _deliveryFailures.Add(1);

    internal void JournalRefused(long events) => _refused.Add(events);
}
