using Events.Rtc.Protocol.Congestion;
using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Congestion;

public class SendSideEstimatorTests
{
    private readonly SendSideEstimator _estimator = new(new());
    private readonly TransportFeedbackRecorder _recorder = new();
    private readonly Pacer _pacer = new();
    private readonly byte[] _buffer = new byte[1_200];
    private MonotonicTime _now = MonotonicTime.FromMilliseconds(1_000);

    public SendSideEstimatorTests()
    {
        _pacer.SetTarget(Bitrate.FromMegabits(30));
        _estimator.Start(CongestionFeedback.TransportWide, _now);
    }

    /// <summary>100 ms of 1 Mbit/s over a path of 20 ms, and its report.</summary>
    private void Step(Func<int, bool>? isLost = null, TimeSpan extraDelay = default, bool reportIsLost = false)
    {
        for (var i = 0; i < 10; i++)
        {
            _now += TimeSpan.FromMilliseconds(10);
            if (!_pacer.TryPass(PacketPriority.Video, 1_250, _now))
            {
                _pacer.TryEnqueue(PacketPriority.Video, 0, 1_250, _now);
            }

            var sequence = _estimator.PacketSent(1_250, _now);
            while (_estimator.TryTakePadding(_now, out var padding))
            {
                _recorder.Receive(_estimator.PacketSent(padding.Bytes, _now), _now + TimeSpan.FromMilliseconds(20));
            }

            if (isLost?.Invoke(i) != true)
            {
                _recorder.Receive(sequence, _now + TimeSpan.FromMilliseconds(20) + extraDelay);
            }
        }

        Report(reportIsLost);
        _estimator.Advance(_now);
    }

    private void Report(bool isLost = false)
    {
        while (_recorder.HasNews)
        {
            var writer = new RtcpWriter(_buffer);
            if (!_recorder.TryWrite(ref writer, 1, 2))
            {
                return;
            }

            var reader = new RtcpReader(_buffer.AsSpan(0, writer.Length));
            Assert.True(reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out _));
            TransportFeedback.TryRead(packet, out var feedback);
            if (!isLost)
            {
                _estimator.FeedbackReceived(feedback, _now);
            }
        }
    }

    [Fact]
    public void What_arrives_is_known_although_most_reports_are_lost()
    {
        for (var i = 0; i < 100; i++)
        {
            Step(reportIsLost: i % 4 != 0);
        }

        Assert.InRange(_estimator.Throughput!.Value.BitsPerSecond, 950_000, 1_100_000);
        for (var i = 0; i < 100; i++)
        {
            Step(n => n % 5 == 0, reportIsLost: i % 4 != 0);
        }

        Assert.InRange(_estimator.Throughput!.Value.BitsPerSecond, 750_000, 850_000);
    }

    [Fact]
    public void A_packet_and_its_report_allocate_nothing()
    {
        for (var i = 0; i < 200; i++)
        {
            Step(n => n == 3 && i % 5 == 0);
            _estimator.SetGoal(Bitrate.FromMegabits(3), Bitrate.FromMegabits(4));
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Func<int, bool> lost = n => n == 3;
        var cost = GC.GetAllocatedBytesForCurrentThread() - before;
        for (var i = 0; i < 500; i++)
        {
            Step(lost);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before - cost);
        Assert.True(_estimator.Target > Bitrate.FromKilobits(300), _estimator.Target.ToString());
    }

    [Fact]
    public void A_viewer_of_a_call_costs_5_KB_and_one_of_a_long_path_as_much_as_it_has_under_way()
    {
        _ = new SendSideEstimator(new());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var estimator = new SendSideEstimator(new());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 5_000);

        // A thousand packets before the first report of any: none of them is forgotten.
        estimator.Start(CongestionFeedback.TransportWide, _now);
        for (var i = 0; i < 1_000; i++)
        {
            _now = new(_now.Nanoseconds + 800_000);
            _recorder.Receive(estimator.PacketSent(1_250, _now), _now + TimeSpan.FromMilliseconds(400));
        }

        while (_recorder.HasNews)
        {
            var writer = new RtcpWriter(_buffer);
            Assert.True(_recorder.TryWrite(ref writer, 1, 2));
            var reader = new RtcpReader(_buffer.AsSpan(0, writer.Length));
            Assert.True(reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out _));
            TransportFeedback.TryRead(packet, out var feedback);
            estimator.FeedbackReceived(feedback, _now);
        }

        // 1,250 bytes each 0.8 ms, all of them counted.
        Assert.InRange(estimator.Throughput!.Value.BitsPerSecond, 12_000_000, 13_000_000);
        GC.KeepAlive(estimator);
    }

    [Fact]
    public void Silence_takes_a_fifth_each_second()
    {
        for (var i = 0; i < 50; i++)
        {
            Step();
        }

        var before = _estimator.Target;
        for (var i = 0; i < 70; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            _estimator.PacketSent(1_250, _now);
            _estimator.Advance(_now);
        }

        Assert.InRange(_estimator.Target.BitsPerSecond, before.BitsPerSecond * 0.32, before.BitsPerSecond * 0.55);
    }

    [Fact]
    public void While_nothing_is_sent_nobody_is_silent()
    {
        for (var i = 0; i < 50; i++)
        {
            Step();
        }

        var before = _estimator.Target;
        _estimator.PacketSent(1_250, _now); // Its report is lost, or it is itself.
        for (var i = 0; i < 300; i++)
        {
            _now += TimeSpan.FromMilliseconds(100);
            _estimator.Advance(_now);
            Assert.False(_estimator.IsSilent);
        }

        Assert.Equal(before, _estimator.Target);
    }

    [Fact]
    public void Who_starts_over_goes_on_with_the_numbers_and_knows_nothing_of_the_path()
    {
        for (var i = 0; i < 50; i++)
        {
            Step();
        }

        var last = _estimator.PacketSent(1_250, _now);
        var next = _estimator.StartOver();
        next.Start(CongestionFeedback.TransportWide, _now);
        Assert.Equal((ushort)(last + 1), next.PacketSent(1_250, _now));
        Assert.Null(next.Throughput);
        Assert.Equal(new SendSideEstimatorOptions().Start, next.Target);
    }

    [Fact]
    public void Growing_delay_takes_the_estimate_below_what_arrives()
    {
        for (var i = 0; i < 100; i++)
        {
            Step();
        }

        var before = _estimator.Target;
        for (var i = 0; i < 20; i++)
        {
            Step(extraDelay: TimeSpan.FromMilliseconds(10 * i));
        }

        Assert.True(before > Bitrate.FromKilobits(1_000), before.ToString());
        Assert.InRange(_estimator.Target.BitsPerSecond, 600_000, 1_000_000);
    }

    [Fact]
    public void Remb_bounds_the_estimate_and_is_the_estimate_without_transport_wide_feedback()
    {
        for (var i = 0; i < 100; i++)
        {
            Step();
        }

        _estimator.RembReceived(Bitrate.FromKilobits(250), _now);
        Assert.Equal(250_000, _estimator.Target.BitsPerSecond);

        var other = new SendSideEstimator(new());
        other.Start(CongestionFeedback.Reports, _now);
        Assert.Equal(new SendSideEstimatorOptions().Max, other.Target);
        other.RembReceived(Bitrate.FromKilobits(700), _now);
        Assert.Equal(CongestionFeedback.Remb, other.Feedback);
        Assert.Equal(700_000, other.Target.BitsPerSecond);
    }

    [Fact]
    public void Reported_loss_bounds_a_viewer_that_sends_nothing_else()
    {
        var other = new SendSideEstimator(new());
        other.Start(CongestionFeedback.Reports, _now);
        for (var i = 0; i < 100; i++)
        {
            _now += TimeSpan.FromMilliseconds(10);
            other.PacketSent(1_250, _now);
            if (i % 10 == 9)
            {
                other.Advance(_now);
            }
        }

        other.ReportReceived(0.05, TimeSpan.Zero, _now);
        Assert.Equal(new SendSideEstimatorOptions().Max, other.Target);
        _now += TimeSpan.FromSeconds(1);
        other.ReportReceived(0.4, TimeSpan.Zero, _now);
        Assert.InRange(other.Target.BitsPerSecond, 700_000, 900_000); // 1 Mbit/s × (1 − 0.5 × 0.4)
    }

    [Fact]
    public void Reports_of_packets_never_sent_or_told_before_change_nothing()
    {
        for (var i = 0; i < 20; i++)
        {
            Step();
        }

        var before = (_estimator.Target, _estimator.Throughput, _estimator.Loss);
        var writer = new RtcpWriter(_buffer);
        writer.WriteTransportFeedback(1, 2, 9, new(40_000), [_now, MonotonicTime.Never, _now], out _);
        writer.WriteTransportFeedback(1, 2, 9, new(1), [_now, MonotonicTime.Never, _now], out _);
        var reader = new RtcpReader(_buffer.AsSpan(0, writer.Length));
        while (reader.TryReadNext(out var packet))
        {
            Assert.True(TransportFeedback.TryRead(packet, out var feedback));
            _estimator.FeedbackReceived(feedback, _now);
        }

        Assert.Equal(before.Throughput, _estimator.Throughput);
        Assert.Equal(before.Loss, _estimator.Loss);
        Assert.InRange(_estimator.Target.BitsPerSecond, before.Target.BitsPerSecond, before.Target.BitsPerSecond * 1.05);
    }

    [Fact]
    public void A_probe_ends_with_the_feedback_that_would_have_told_of_it()
    {
        _estimator.SetGoal(Bitrate.FromMegabits(3), Bitrate.FromMegabits(4));
        while (!_estimator.WantsPadding)
        {
            _now += TimeSpan.FromMilliseconds(10);
            _estimator.PacketSent(1_250, _now);
            _estimator.Advance(_now);
        }

        _now += TimeSpan.FromMilliseconds(10);
        Assert.True(_estimator.TryTakePadding(_now, out _));
        _estimator.Start(CongestionFeedback.Reports, _now);
        Assert.False(_estimator.WantsPadding);
        Assert.False(_estimator.TryTakePadding(_now, out _));
    }

    /// <summary>Else who was modest for an hour could keep its worker busy for a tenth of a second with some packets.</summary>
    [Fact]
    public void What_reports_did_not_tell_of_is_not_saved_up()
    {
        for (var i = 0; i < 1_000_000; i++)
        {
            _now += TimeSpan.FromMilliseconds(1);
            _estimator.PacketSent(1_250, _now);
        }

        // 36 bytes that tell of 65,528 packets: eight runs of "not received".
        byte[] message = [0x8F, 205, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0xFF, 0xF8, 0, 0, 0, 0, .. Enumerable.Repeat<byte[]>([0x1F, 0xFF], 8).SelectMany(b => b)];
        var read = 0;
        for (var i = 0; i < 50; i++)
        {
            var reader = new RtcpReader(message);
            Assert.True(reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out _));
            TransportFeedback.TryRead(packet, out var feedback);
            Assert.Equal(65_528, feedback.StatusCount);
            read += _estimator.FeedbackReceived(feedback, _now) ? 1 : 0;
        }

        Assert.Equal(1, read); // After an outage one report may tell of as many.
    }

    [Fact]
    public void Reports_of_far_more_than_was_ever_sent_are_not_walked_through()
    {
        // 24 bytes that tell of 8,191 packets: one run of "not received".
        byte[] message = [0x8F, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0x1F, 0xFF, 0, 0, 0, 0, 0x1F, 0xFF, 0, 0];
        Assert.True(IsRead());
        for (var i = 0; i < 100; i++)
        {
            Assert.False(IsRead()); // What is not read is not counted either: true ones still are.
        }

        for (var i = 0; i < 10; i++)
        {
            Step();
        }

        Assert.NotNull(_estimator.Throughput);
        for (var i = 0; i < 10_000; i++)
        {
            _estimator.PacketSent(1_250, _now);
        }

        Assert.True(IsRead()); // Of so many it may be true.

        bool IsRead()
        {
            var reader = new RtcpReader(message);
            Assert.True(reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out _));
            TransportFeedback.TryRead(packet, out var feedback);
            Assert.Equal(8_191, feedback.StatusCount);
            return _estimator.FeedbackReceived(feedback, _now);
        }
    }
}
