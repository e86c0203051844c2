using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Scenarios.Network;

namespace Events.Tests.Rtc.Scenarios.Call;

/// <summary>A browser's side that reports what arrives.</summary>
internal interface IReportingReceiver
{
    void Receive(ushort transportSequence, MonotonicTime sent, int bytes);
}

/// <summary>Reports each packet's arrival every 100 ms, as libwebrtc does at these rates, on a clock of its own that runs 40 ppm fast.</summary>
internal sealed class TransportWideReceiver : IReportingReceiver
{
    private readonly Simulation _simulation;
    private readonly TransportFeedbackRecorder _recorder = new();
    private readonly byte[] _buffer = new byte[1_200];

    public TransportWideReceiver(Simulation simulation, Action<byte[]> send)
    {
        _simulation = simulation;
        simulation.Every(TimeSpan.FromMilliseconds(100), () => Report(send));
    }

    public void Receive(ushort transportSequence, MonotonicTime sent, int bytes) =>
        _recorder.Receive(transportSequence, new(777_000_000_000 + (long)(_simulation.Now.Nanoseconds * 1.00004)));

    private void Report(Action<byte[]> send)
    {
        while (_recorder.HasNews)
        {
            var writer = new RtcpWriter(_buffer);
            if (!_recorder.TryWrite(ref writer, 1, 2))
            {
                return;
            }

            send(_buffer[..writer.Length]);
        }
    }
}

/// <summary>
/// Estimates itself from abs-send-time and says REMB once a second, and at once when it falls (libwebrtc's receive side); reports loss
/// in receiver reports.
/// </summary>
internal sealed class RembReceiver : IReportingReceiver
{
    private readonly Simulation _simulation;
    private readonly Action<byte[]> _send;
    private readonly Trendline _trend = new();
    private ArrivalGroups _groups;
    private AcknowledgedBitrate _incoming;
    private RateControl _control = new(Bitrate.FromKilobits(300), Bitrate.FromKilobits(5), Bitrate.FromMegabits(30));
    private SequenceUnwrapper _sequence;
    private long _first = -1;
    private long _received;
    private long _expectedBefore;
    private long _receivedBefore;
    private Bitrate _told;

    public RembReceiver(Simulation simulation, Action<byte[]> send)
    {
        _simulation = simulation;
        _send = send;
        simulation.Every(TimeSpan.FromSeconds(1), Report);
        simulation.Every(TimeSpan.FromMilliseconds(100), Estimate);
    }

    public void Receive(ushort transportSequence, MonotonicTime sent, int bytes)
    {
        var extended = _sequence.Unwrap(transportSequence);
        _first = _first < 0 ? extended : _first;
        _received++;
        var now = _simulation.Now;
        _incoming.Add(now, bytes, false);
        if (_groups.TryAdd(sent, now, bytes, now, out var delta))
        {
            _trend.Update(delta, now);
        }
    }

    private void Estimate()
    {
        _control.Update(_trend.Usage, _incoming.Value, _simulation.Now);
        if (_control.Rate.BitsPerSecond < _told.BitsPerSecond * 0.97)
        {
            Tell();
        }
    }

    private void Report()
    {
        Tell();
        var expected = _sequence.Last - _first + 1 - _expectedBefore;
        var received = _received - _receivedBefore;
        _expectedBefore += expected;
        _receivedBefore += received;
        var lost = Math.Clamp(expected - received, 0, expected);
        var buffer = new byte[64];
        var writer = new RtcpWriter(buffer);
        writer.WriteReceiverReport(1, [new ReportBlock(2, expected == 0 ? (byte)0 : (byte)Math.Min(255, lost * 256 / expected), 0, 0, 0, 0, 0)]);
        _send(buffer[..writer.Length]);
    }

    private void Tell()
    {
        _told = _control.Rate;
        var buffer = new byte[64];
        var writer = new RtcpWriter(buffer);
        writer.WriteRemb(1, _told, [2]);
        _send(buffer[..writer.Length]);
    }
}
