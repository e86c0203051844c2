using Events.Rtc.Protocol.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Wire;

public class StreamFramingTests
{
    [Fact]
    public void Datagrams_come_off_the_stream_one_by_one()
    {
        Span<byte> stream = [0, 2, 7, 8, 0, 0, 0, 1, 9, 0];
        Assert.Equal(StreamFrame.Complete, StreamFraming.Take(ref stream, 100, out var first));
        Assert.Equal([7, 8], first.ToArray());
        Assert.Equal(StreamFrame.Complete, StreamFraming.Take(ref stream, 100, out var empty));
        Assert.True(empty.IsEmpty);
        Assert.Equal(StreamFrame.Complete, StreamFraming.Take(ref stream, 100, out var last));
        Assert.Equal([9], last.ToArray());
        Assert.Equal(StreamFrame.Incomplete, StreamFraming.Take(ref stream, 100, out _));
        Assert.Equal([0], stream.ToArray());
    }

    [Theory]
    [InlineData(100, StreamFrame.Complete)]
    [InlineData(99, StreamFrame.TooLong)]
    public void A_length_beyond_the_limit_is_refused_before_its_bytes_come(int limit, StreamFrame expected)
    {
        Span<byte> stream = [0, 100, .. new byte[100]];
        Assert.Equal(expected, StreamFraming.Take(ref stream, limit, out _));
        Span<byte> header = [0, 100];
        Assert.Equal(expected == StreamFrame.TooLong ? expected : StreamFrame.Incomplete, StreamFraming.Take(ref header, limit, out _));
    }

    [Fact]
    public void A_header_is_the_length_in_network_order()
    {
        var header = new byte[2];
        StreamFraming.WriteHeader(header, 0x1234);
        Assert.Equal([0x12, 0x34], header);
    }
}
