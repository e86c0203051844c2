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
    public void The_next_report_begins_where_the_last_one_ended_and_tells_what_is_missing_there()
    {
        Receive(10, 100);
        Report();
        Receive(12, 150);
        Assert.Equal([(11, false), (12, true)], Report());
        Assert.False(_recorder.HasNews);
    }

    [Fact]
    public void What_comes_after_it_was_told_as_missing_is_told_again()
    {
        Receive(10, 100);
        Receive(12, 100);
        Receive(13, 101);
        Assert.Equal([(10, true), (11, false), (12, true), (13, true)], Report());
        Receive(11, 160);
        Assert.Equal([(11, true), (12, true), (13, true)], Report());
        Receive(11, 170); // Twice is nothing new.
        Assert.False(_recorder.HasNews);
    }

    [Fact]
    public void Of_more_missing_than_a_report_holds_the_last_are_told()
    {
        Receive(10, 100);
        Report();
        Receive(900, 150);
        var statuses = Report();
        Assert.Equal((900, true), statuses[^1]);
        Assert.Equal(Enumerable.Range(645, 255).Select(i => (i, false)), statuses[..^1]);
        Assert.False(_recorder.HasNews);
    }

    [Fact]
    public void What_an_earlier_round_of_numbers_left_is_no_arrival()
    {
        for (var i = 0; i < 1_000; i++)
        {
            Receive((ushort)i, 100);
        }

        while (_recorder.HasNews)
        {
            Report();
        }

        Receive(1_500, 200);
        Assert.Equal([(1_500, true)], Report().Where(s => s.Received));
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
