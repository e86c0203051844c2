using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class TransportFeedbackRecorderTests
{
    private readonly TransportFeedbackRecorder _recorder = new();

    [Fact]
    public void A_report_says_what_arrived_and_what_did_not_across_the_wrap()
    {
        Assert.False(_recorder.HasNews);
        Receive(65_534, 100);
        Receive(1, 104);
        Receive(0, 106);
        Assert.Equal([(65_534, true), (65_535, false), (0, true), (1, true)], Report());
        Assert.False(_recorder.HasNews);
    }

    [Fact]
    public void The_next_report_begins_where_the_last_one_ended()
    {
        Receive(10, 100);
        Report();
        Receive(12, 150);
        Assert.Equal([(12, true)], Report()); // 11 is reported by its absence between two base numbers.
    }

    [Fact]
    public void What_comes_after_its_report_is_not_reported_again()
    {
        Receive(10, 100);
        Receive(12, 100);
        Report();
        Receive(11, 160);
        Assert.False(_recorder.HasNews);
    }

    [Fact]
    public void More_than_one_report_holds_follows_in_the_next()
    {
        for (var i = 0; i < 600; i++)
        {
            Receive((ushort)i, 100);
        }

        var all = new List<(int, bool)>();
        while (_recorder.HasNews)
        {
            all.AddRange(Report());
        }

        Assert.Equal(Enumerable.Range(0, 600).Select(i => (i, true)), all);
    }

    [Fact]
    public void An_outage_is_skipped()
    {
        Receive(10, 100);
        Receive(20_000, 200);
        Assert.Equal([(20_000, true)], Report());
    }

    [Fact]
    public void After_a_reset_another_connection_begins_with_its_own_numbers()
    {
        Receive(30_000, 100);
        Report();
        _recorder.Reset();
        Receive(1, 200);
        Assert.Equal([(1, true)], Report());
    }

    private void Receive(ushort sequence, long milliseconds) => _recorder.Receive(sequence, MonotonicTime.FromMilliseconds(milliseconds));

    private List<(int Sequence, bool Received)> Report()
    {
        var buffer = new byte[1_200];
        var writer = new RtcpWriter(buffer);
        Assert.True(_recorder.TryWrite(ref writer, 1, 2));
        var reader = new RtcpReader(buffer.AsSpan(0, writer.Length));
        Assert.True(reader.TryReadNext(out var packet) && TransportFeedback.TryRead(packet, out var feedback));
        var statuses = new List<(int, bool)>();
        TransportFeedback.TryRead(packet, out feedback);
        foreach (var status in feedback)
        {
            statuses.Add((status.Sequence.Value, status.Received));
        }

        return statuses;
    }
}
