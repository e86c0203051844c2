using BenchmarkDotNet.Attributes;
using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Benchmarks.Micro;

/// <summary>What the estimate of a viewer's path costs per forwarded packet, and per report of it. Expected allocations: none.</summary>
[MemoryDiagnoser]
public class CongestionBenchmark
{
    /// <summary>1.5 Mbit/s of 1,200 bytes and sound, reported every 100 ms.</summary>
    private const int PacketsPerReport = 21;

    private readonly SendSideEstimator _estimator = new(new());
    private readonly TransportFeedbackRecorder _recorder = new();
    private readonly Pacer _pacer = new();
    private readonly byte[] _buffer = new byte[1_200];
    private MonotonicTime _now = MonotonicTime.FromMilliseconds(1_000);

    [GlobalSetup]
    public void Prepare()
    {
        _estimator.Start(CongestionFeedback.TransportWide, _now);
        _pacer.SetTarget(Bitrate.FromMegabits(30));
    }

    /// <summary>On every packet's way.</summary>
    [Benchmark]
    public ushort Packet()
    {
        _now = new(_now.Nanoseconds + 5_000_000);
        return _pacer.TryPass(PacketPriority.Video, 1_200, _now) ? _estimator.PacketSent(1_200, _now) : (ushort)0;
    }

    /// <summary>21 packets and the report of them, which the recorder has to write first.</summary>
    [Benchmark(OperationsPerInvoke = PacketsPerReport)]
    public Bitrate PacketWithItsShareOfAReport()
    {
        for (var i = 0; i < PacketsPerReport; i++)
        {
            _recorder.Receive(Packet(), _now + TimeSpan.FromMilliseconds(20));
        }

        while (_recorder.HasNews)
        {
            var writer = new RtcpWriter(_buffer);
            _recorder.TryWrite(ref writer, 1, 2);
            var reader = new RtcpReader(_buffer.AsSpan(0, writer.Length));
            if (reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out var feedback))
            {
                _estimator.FeedbackReceived(feedback, _now);
            }
        }

        _estimator.Advance(_now);
        return _estimator.Target;
    }
}
