using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class ReceptionStatisticsTests
{
    private const int Clock = 90_000;

    [Fact]
    public void Loss_of_an_interval_is_the_fraction_of_what_was_expected_in_it()
    {
        // RFC 3550 §A.3: fraction = (lost in the interval << 8) / expected in the interval.
        var statistics = default(ReceptionStatistics);
        foreach (var sequence in new ushort[] { 65_534, 65_535, 1, 2 })
        {
            statistics.Receive(sequence, 0, Clock, MonotonicTime.Zero);
        }

        var first = statistics.TakeReport(7, MonotonicTime.Zero);
        Assert.Equal((256 / 5, 1, 65_536u + 2), (first.FractionLost, first.CumulativeLost, first.ExtendedHighestSequence));
        statistics.Receive(3, 0, Clock, MonotonicTime.Zero);
        var second = statistics.TakeReport(7, MonotonicTime.Zero);
        Assert.Equal((0, 1), (second.FractionLost, second.CumulativeLost));
    }

    [Fact]
    public void Duplicates_make_the_loss_negative_and_its_fraction_zero()
    {
        var statistics = default(ReceptionStatistics);
        statistics.Receive(10, 0, Clock, MonotonicTime.Zero);
        statistics.Receive(10, 0, Clock, MonotonicTime.Zero);
        var report = statistics.TakeReport(7, MonotonicTime.Zero);
        Assert.Equal((0, -1), (report.FractionLost, report.CumulativeLost));
    }

    [Fact]
    public void Jitter_moves_by_a_sixteenth_of_each_deviation()
    {
        // RFC 3550 §A.8: J += (|D| − J) / 16.
        var statistics = default(ReceptionStatistics);
        statistics.Receive(1, 0, Clock, MonotonicTime.Zero);
        statistics.Receive(2, 1_800, Clock, MonotonicTime.FromMilliseconds(20));
        Assert.Equal(0u, statistics.Jitter);
        statistics.Receive(3, 3_600, Clock, MonotonicTime.FromMilliseconds(60)); // 20 ms late: 1,800 ticks.
        Assert.Equal(1_800u / 16, statistics.Jitter);
    }

    [Fact]
    public void Packets_of_one_frame_do_not_count_as_jitter()
    {
        var statistics = default(ReceptionStatistics);
        statistics.Receive(1, 0, Clock, MonotonicTime.Zero);
        statistics.Receive(2, 0, Clock, MonotonicTime.FromMilliseconds(15));
        statistics.Receive(3, 3_000, Clock, new MonotonicTime(33_333_333));
        Assert.Equal(0u, statistics.Jitter);
    }

    [Fact]
    public void The_last_sender_report_and_its_age_are_in_the_block()
    {
        var statistics = default(ReceptionStatistics);
        statistics.Receive(1, 0, Clock, MonotonicTime.Zero);
        Assert.Equal((0u, 0u), Delays(statistics.TakeReport(7, MonotonicTime.Zero)));
        statistics.SenderReportReceived(new NtpTime(0x1122_3344_5566_7788), MonotonicTime.FromMilliseconds(1_000));
        Assert.Equal((0x3344_5566u, 65_536u * 3 / 2), Delays(statistics.TakeReport(7, MonotonicTime.FromMilliseconds(2_500))));
    }

    private static (uint, uint) Delays(global::Events.Rtc.Protocol.Wire.ReportBlock block) => (block.LastSenderReport, block.DelaySinceLastSenderReport);
}
