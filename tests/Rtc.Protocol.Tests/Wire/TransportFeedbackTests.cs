using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class TransportFeedbackTests
{
    [Fact]
    public void Hand_made_message_gives_its_statuses()
    {
        // Base 5, 9 statuses, reference 1 (64 ms), count 7; run of 2 small deltas, two-bit vector: lost, large, lost, small, lost, lost, lost.
        var bytes = Convert.FromHexString(
            "8fcd0006" + "00000001" + "00000002" + "00050009" + "00000107" + "2002" + "c840" + "04" + "08" + "fffc" + "10" + "000000");
        bytes[3] = (byte)((bytes.Length / 4) - 1);
        var reader = new RtcpReader(bytes);
        Assert.True(reader.TryReadNext(out var packet));
        Assert.True(TransportFeedback.TryRead(packet, out var feedback));
        Assert.Equal(1u, feedback.SenderSsrc);
        Assert.Equal(2u, feedback.MediaSsrc);
        Assert.Equal(new SequenceNumber(5), feedback.BaseSequence);
        Assert.Equal(9, feedback.StatusCount);
        Assert.Equal(1, feedback.ReferenceTime);
        Assert.Equal(7, feedback.FeedbackCount);
        var statuses = Statuses(feedback);
        Assert.Equal([5, 6, 7, 8, 9, 10, 11, 12, 13], statuses.Select(status => (int)status.Sequence.Value));
        Assert.Equal([true, true, false, true, false, true, false, false, false], statuses.Select(status => status.Received));
        Assert.Equal([1_000, 2_000, 0, -1_000, 0, 4_000, 0, 0, 0], statuses.Select(status => status.DeltaMicroseconds));
    }

    /// <summary>
    /// As Chromium 156 sent them: filled up to a whole word with 3, 2 and 1 bytes that count themselves, which RFC 3550 §6.4.1 does not allow. The fourth needs
    /// no padding.
    /// </summary>
    [Theory]
    [InlineData("AFCD0007FA17FA176D4AF6E00034000706BB350920077800005454002D000003", 52, 7)]
    [InlineData("AFCD0006FA17FA176D4AF6E00018000406BB2F032004A7167F1E0002", 24, 4)]
    [InlineData("AFCD0006FA17FA176D4AF6E0001C000506BB30042005B40046400F01", 28, 5)]
    [InlineData("8FCD0006FA17FA176D4AF6E0001C000606BB30042006B40046400F01", 28, 6)]
    public void Reports_of_a_browser_are_read_whatever_their_length(string hex, int first, int arrived)
    {
        var reader = new RtcpReader(Convert.FromHexString(hex));
        Assert.True(reader.TryReadNext(out var packet));
        Assert.True(TransportFeedback.TryRead(packet, out var feedback));
        Assert.Equal(first, feedback.BaseSequence.Value);
        Assert.Equal(arrived, Statuses(feedback).Count(status => status.Received));
        Assert.False(reader.TryReadNext(out _));
        Assert.False(reader.Malformed);
    }

    [Theory]
    [InlineData("2001", "0000")] // a delta is there: valid
    [InlineData("6001", null)] // reserved symbol
    [InlineData("0000", null)] // run of nothing
    public void Impossible_chunks_are_refused(string chunk, string? rest)
    {
        var bytes = Convert.FromHexString("8fcd0005" + "00000001" + "00000002" + "00050001" + "00000107" + chunk + "0000");
        var reader = new RtcpReader(bytes);
        Assert.True(reader.TryReadNext(out var packet));
        Assert.Equal(rest is not null, TransportFeedback.TryRead(packet, out _));
    }

    [Fact]
    public void Negative_reference_time_keeps_its_sign()
    {
        var buffer = new byte[100];
        var writer = new RtcpWriter(buffer);
        Assert.True(writer.WriteTransportFeedback(1, 2, 0, new(0), [new(-1)], out _));
        var feedback = Read(buffer, writer.Length);
        Assert.Equal(-1, feedback.ReferenceTime);
    }

    [Fact]
    public void Arrivals_survive_the_round_trip_within_the_unit() => Seeded.Run(400, random =>
    {
        var lossPercent = random.Next(0, 101);
        var spread = random.Next(3) switch { 0 => 2_000_000, 1 => 200_000_000, _ => 12_000_000_000L };
        var now = random.NextInt64(1_000_000_000_000);
        var arrivals = new MonotonicTime[random.Next(1, 3_000)];
        for (var i = 0; i < arrivals.Length; i++)
        {
            now += random.Next(20) == 0 ? random.NextInt64(-spread, spread) : random.NextInt64(300_000);
            arrivals[i] = random.Next(100) < lossPercent ? MonotonicTime.Never : new(now);
        }

        var sequence = new SequenceNumber((ushort)random.Next(65_536));
        var offset = 0;
        while (offset < arrivals.Length)
        {
            var buffer = random.Bytes(random.Next(24, 1_500));
            var writer = new RtcpWriter(buffer);
            if (!writer.WriteTransportFeedback(1, 2, 3, sequence + offset, arrivals.AsSpan(offset), out var encoded))
            {
                // Only when nothing arrived among those that fit.
                Assert.Equal(0, writer.Length);
                offset++;
                continue;
            }

            Assert.InRange(encoded, 1, arrivals.Length - offset);
            var feedback = Read(buffer, writer.Length);
            Assert.Equal(encoded, feedback.StatusCount);
            var clock = feedback.ReferenceTime * (long)TransportFeedback.ReferenceTimeUnitMicroseconds;
            foreach (var status in feedback)
            {
                var expected = arrivals[offset];
                Assert.Equal(sequence + offset, status.Sequence);
                Assert.Equal(!expected.IsNever, status.Received);
                clock += status.DeltaMicroseconds;
                if (status.Received)
                {
                    // The wire clock is 24 bits of 64 ms; these times stay below its wrap.
                    Assert.InRange(expected.Nanoseconds - (clock * 1_000), 0, (TransportFeedback.DeltaUnitMicroseconds * 1_000) - 1);
                }

                offset++;
            }
        }
    });

    [Fact]
    public void Steady_stream_costs_about_a_byte_for_a_packet()
    {
        var arrivals = Enumerable.Range(0, 100).Select(i => MonotonicTime.FromMilliseconds(i * 2)).ToArray();
        var writer = new RtcpWriter(new byte[1_200]);
        Assert.True(writer.WriteTransportFeedback(1, 2, 3, new(0), arrivals, out var encoded));
        Assert.Equal(100, encoded);
        Assert.Equal(20 + 2 + 100 + 2, writer.Length);
    }

    [Fact]
    public void Nothing_received_writes_nothing()
    {
        var writer = new RtcpWriter(new byte[100]);
        Assert.False(writer.WriteTransportFeedback(1, 2, 3, new(0), [MonotonicTime.Never], out var encoded));
        Assert.Equal(0, encoded);
        Assert.Equal(0, writer.Length);
    }

    private static TransportFeedback Read(byte[] buffer, int length)
    {
        var reader = new RtcpReader(buffer.AsSpan(0, length));
        Assert.True(reader.TryReadNext(out var packet));
        Assert.True(TransportFeedback.TryRead(packet, out var feedback));
        return feedback;
    }

    private static List<TransportFeedbackStatus> Statuses(TransportFeedback feedback)
    {
        var statuses = new List<TransportFeedbackStatus>();
        foreach (var status in feedback)
        {
            statuses.Add(status);
        }

        return statuses;
    }
}
