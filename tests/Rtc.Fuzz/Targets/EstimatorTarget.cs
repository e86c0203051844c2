using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;
using Events.Tests.Rtc.Fuzz.Engine;

namespace Events.Tests.Rtc.Fuzz.Targets;

/// <summary>
/// A viewer may report anything: whatever its RTCP says of packets that were sent or never sent, the estimate stays within its
/// bounds and nothing is allocated.
/// </summary>
internal sealed class EstimatorTarget : IFuzzTarget
{
    private readonly SendSideEstimator _estimator = new(new());
    private MonotonicTime _now = MonotonicTime.FromMilliseconds(1_000);

    public EstimatorTarget()
    {
        _estimator.Start(CongestionFeedback.TransportWide, _now);
        _estimator.SetGoal(Bitrate.FromMegabits(2), Bitrate.FromMegabits(4));
    }

    public string Name => "estimator";

    public long AllocationLimit => 0;

    /// <summary>Its state grows over the inputs.</summary>
    public bool IsRepeatable => false;

    public IReadOnlyList<byte[]> Words { get; } = [[0x8F, 205], [0x8F, 206], [0x81, 201], [0x20, 0x07], [0x9F, 0xFF], "REMB"u8.ToArray()];

    public IEnumerable<byte[]> Seeds => [RtcpTarget.TransportWide(), Compound()];

    public void Run(ReadOnlySpan<byte> input)
    {
        for (var i = 0; i < 20; i++)
        {
            _now += TimeSpan.FromMilliseconds(5);
            _estimator.PacketSent(1_200, _now);
            while (_estimator.TryTakePadding(_now, out var padding))
            {
                Demand.That(padding.Bytes is >= 200 and <= 1_200, "A padding packet has a size that can be sent.");
                _estimator.PacketSent(padding.Bytes, _now);
            }
        }

        var reader = new RtcpReader(input);
        while (reader.TryReadNext(out var packet))
        {
            if (TransportFeedback.TryRead(packet, out var feedback))
            {
                _estimator.FeedbackReceived(feedback, _now);
            }
            else if (Remb.TryRead(packet, out var remb))
            {
                _estimator.RembReceived(remb.Bitrate, _now);
            }
            else if (ReceiverReport.TryRead(packet, out var report) && report.BlockCount > 0)
            {
                _estimator.ReportReceived(report.GetBlock(0).FractionLost / 256.0, TimeSpan.FromMilliseconds(report.GetBlock(0).Jitter), _now);
            }
        }

        _estimator.Advance(_now);
        Demand.That(_estimator.Target.BitsPerSecond is >= 5_000 and <= 30_000_000, "The estimate stays within its bounds.");
        Demand.That(_estimator.Loss is >= 0 and <= 1, "Loss is a fraction.");
    }

    private static byte[] Compound()
    {
        var buffer = new byte[200];
        var writer = new RtcpWriter(buffer);
        writer.WriteReceiverReport(1, [new ReportBlock(2, 40, 1, 2, 3, 4, 5)]);
        writer.WriteRemb(1, Bitrate.FromKilobits(800), [2]);
        return buffer[..writer.Length];
    }
}
