using System.Diagnostics.Metrics;
using Events.Rtc.Protocol.Srtp;

namespace Events.Rtc;

/// <summary>The SFU's metrics, meter <c>Events.Rtc</c>. Units are UCUM.</summary>
public sealed class RtcMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _connected;
    private IReadOnlyList<MediaWorker> _workers = [];

    /// <param name="meter">Another name keeps them out of the node's own.</param>
    public RtcMetrics(string meter = "Events.Rtc")
    {
        _meter = new(meter);
        _connected = _meter.CreateCounter<long>("events.rtc.transports.connected", "{transport}", "Transports whose DTLS handshake completed, by SRTP profile");
        Gauge("events.rtc.rooms", "{room}", "Rooms", w => w.RoomCount);
        Gauge("events.rtc.branches", "{branch}", "Rooms' viewers on other workers than the room's own, each worker of each room", w => w.BranchCount);
        Gauge("events.rtc.participants", "{participant}", "Participants, viewers included", w => w.ParticipantCount);
        Gauge("events.rtc.transports", "{transport}", "Transports", w => w.TransportCount);
        Gauge("events.rtc.udp.buffer", "By", "Socket buffer that the kernel granted", w => w.SocketBufferBytes);
        Gauge("events.rtc.viewers.estimate", "bit/s", "What the paths of all viewers carry together, as far as their clients report it", w => w.Counters.EstimatedBitrate);
        Count("events.rtc.viewers.samples", "{sample}", "Connected viewers looked at, each once a second: what the sums below are of", w => w.Counters.Viewers.Count);
        Count("events.rtc.viewers.samples.poor", "{sample}", "Samples with more than 5 % loss, more than 400 ms of round trip, or a picture that stands still", w => w.Counters.Viewers.Poor);
        Count("events.rtc.viewers.samples.frozen", "{sample}", "Samples with a picture that stands still", w => w.Counters.Viewers.Frozen);
        Count("events.rtc.viewers.samples.timed", "{sample}", "Samples whose round trip is known", w => w.Counters.Viewers.Timed);
        Add("events.rtc.viewers.loss", "1", "Sum over samples: share of packets lost on the way to the viewer", w => w.Counters.Viewers.Loss);
        Add("events.rtc.viewers.round_trip", "s", "Sum over timed samples: round trip to the viewer", w => w.Counters.Viewers.RoundTrip);
        Add("events.rtc.viewers.jitter", "s", "Sum over samples: the worst jitter among the viewer's streams", w => w.Counters.Viewers.Jitter);
        Count("events.rtc.packets.received", "{packet}", "RTP packets from publishers", w => w.Counters.PacketsReceived);
        Count("events.rtc.bytes.received", "By", "RTP bytes from publishers", w => w.Counters.BytesReceived);
        Count("events.rtc.packets.forwarded", "{packet}", "RTP packets to subscribers", w => w.Counters.PacketsForwarded);
        Count("events.rtc.bytes.forwarded", "By", "SRTP bytes to subscribers", w => w.Counters.BytesForwarded);
        Count("events.rtc.packets.retransmitted", "{packet}", "Packets sent again after a NACK", w => w.Counters.Retransmissions);
        Count("events.rtc.packets.padding", "{packet}", "Packets of padding that probed a viewer's path", w => w.Counters.PaddingSent);
        Count("events.rtc.packets.paced", "{packet}", "Packets that waited for their viewer's path", w => w.Counters.PacketsPaced);
        Count("events.rtc.packets.pacer.dropped", "{packet}", "Packets for which a viewer's queue had no room", w => w.Counters.PacerDropped);
        Count("events.rtc.nacks.received", "{packet}", "Packets that subscribers asked for again", w => w.Counters.NacksReceived);
        Count("events.rtc.nacks.ignored", "{packet}", "Of them not sent again: beyond the viewer's share, or on their way", w => w.Counters.NacksIgnored);
        Count("events.rtc.nacks.sent", "{packet}", "Packets that publishers were asked for again", w => w.Counters.NacksSent);
        Count("events.rtc.keyframe.requests", "{request}", "Keyframes asked of publishers", w => w.Counters.KeyframeRequests);
        Count("events.rtc.audio.recovered", "{packet}", "Packets of sound lost on the publisher's way, given to receivers without RED out of later ones", w => w.Counters.AudioRecovered);
        Count("events.rtc.audio.red.received", "{packet}", "Packets of sound with redundancy from publishers", w => w.Counters.RedReceived);
        Count("events.rtc.audio.red.malformed", "{packet}", "Packets with RED that were refused for their form", w => w.Counters.RedMalformed);
        Count("events.rtc.datagrams.sent", "{datagram}", "Datagrams handed to the kernel", w => w.Queue.Sent);
        Count("events.rtc.datagrams.refused", "{datagram}", "Datagrams that the kernel refused", w => w.Queue.Refused);
        Count("events.rtc.send.messages", "{message}", "Sends that they travelled in; a segmented one counts once", w => w.Queue.Messages);
        Count("events.rtc.send.calls", "{call}", "System calls that sent them", w => w.Queue.Calls);
        Count("events.rtc.datagrams.dropped", "{datagram}", "Datagrams that came and for which a socket's receive buffer had no room", w => w.Counters.ReceiveDrops);
        Count("events.rtc.datagrams.unknown", "{datagram}", "Datagrams from addresses that belong to nobody", w => w.Counters.UnknownAddresses);
        Gauge("events.rtc.tcp.connections", "{connection}", "ICE-TCP connections", w => w.Tcp.ConnectionCount);
        Count("events.rtc.tcp.accepted", "{connection}", "ICE-TCP connections accepted", w => w.Counters.TcpAccepted);
        Count("events.rtc.tcp.refused", "{connection}", "ICE-TCP connections beyond a limit", w => w.Counters.TcpRefused);
        Count("events.rtc.tcp.unauthenticated", "{connection}", "ICE-TCP connections closed without an authentic check in time", w => w.Counters.TcpUnauthenticated);
        Count("events.rtc.tcp.malformed", "{connection}", "ICE-TCP connections closed for what they sent", w => w.Counters.TcpMalformed);
        Count("events.rtc.tcp.stalled", "{connection}", "ICE-TCP connections closed because they took nothing", w => w.Counters.TcpStalled);
        Count("events.rtc.tcp.sent", "{datagram}", "Datagrams sent over TCP", w => w.Counters.TcpSent);
        Count("events.rtc.tcp.dropped", "{datagram}", "Datagrams that slow or closed ICE-TCP connections lost", w => w.Counters.TcpDropped);
        Count("events.rtc.sources.unknown", "{packet}", "Packets of sources that no m-line announced", w => w.Counters.UnknownSources);
        Count("events.rtc.relay.dropped", "{message}", "Messages that a slow relay receiver lost", w => w.Counters.RelayDropped);
        Count("events.rtc.data.received", "{message}", "Messages that came by data channels", w => w.Counters.DataReceived);
        Count("events.rtc.data.refused", "{message}", "Of them refused: without the right, beyond the rate, malformed", w => w.Counters.DataRefused);
        Count("events.rtc.data.sent", "{message}", "Messages handed to data channels", w => w.Counters.DataSent);
        Count("events.rtc.faults", "{fault}", "Broken invariants, each of which cost one participant", w => w.Counters.Faults);
    }

    public void Dispose() => _meter.Dispose();

    internal void Observe(IReadOnlyList<MediaWorker> workers) => _workers = workers;

    internal void TransportConnected(SrtpProfile profile) => _connected.Add(1, new KeyValuePair<string, object?>("profile", profile.ToString()));

    private void Gauge(string name, string unit, string description, Func<MediaWorker, long> value) =>
        _meter.CreateObservableGauge(name, () => Sum(value), unit, description);

    private void Count(string name, string unit, string description, Func<MediaWorker, long> value) =>
        _meter.CreateObservableCounter(name, () => Sum(value), unit, description);

    private void Add(string name, string unit, string description, Func<MediaWorker, double> value) =>
        _meter.CreateObservableCounter(name, () => _workers.Sum(value), unit, description);

    private long Sum(Func<MediaWorker, long> value) => _workers.Sum(value);
}
