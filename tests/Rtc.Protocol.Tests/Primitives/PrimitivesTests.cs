using System.Net;
using Events.Rtc.Protocol.Primitives;
using Events.Tests.Rtc.Protocol.Tests.Wire;

namespace Events.Tests.Rtc.Protocol.Tests.Primitives;

public class PrimitivesTests
{
    [Fact]
    public void Sequence_numbers_compare_across_the_wrap()
    {
        Assert.True(new SequenceNumber(0).IsNewerThan(new(65_535)));
        Assert.False(new SequenceNumber(65_535).IsNewerThan(new(0)));
        Assert.Equal(2, new SequenceNumber(1).DistanceFrom(new(65_535)));
        Assert.Equal(new SequenceNumber(0), new SequenceNumber(65_535).Next);
        Assert.Equal(new SequenceNumber(65_534), new SequenceNumber(1) + -3);
    }

    [Fact]
    public void Timestamps_compare_across_the_wrap()
    {
        Assert.True(new RtpTimestamp(5).IsNewerThan(new(uint.MaxValue)));
        Assert.Equal(-6, new RtpTimestamp(uint.MaxValue).DistanceFrom(new(5)));
    }

    [Fact]
    public void Unwrapping_follows_a_walk_with_reordering() => Seeded.Run(100, random =>
    {
        var sequences = default(SequenceUnwrapper);
        var timestamps = default(TimestampUnwrapper);
        long position = random.Next(65_536);
        var sequenceBase = sequences.Unwrap((ushort)position) - position;
        var timestampBase = timestamps.Unwrap((uint)position) - position;
        for (var i = 0; i < 2_000; i++)
        {
            position += random.Next(-50, 200);
            position = Math.Max(position, 0);
            Assert.Equal(position + sequenceBase, sequences.Peek((ushort)position));
            Assert.Equal(position + sequenceBase, sequences.Unwrap((ushort)position));
            Assert.Equal(position + timestampBase, timestamps.Unwrap((uint)position));
        }
    });

    [Fact]
    public void Ntp_time_keeps_a_nanosecond() => Seeded.Run(200, random =>
    {
        var nanoseconds = random.NextInt64(0, 2_000_000_000L * 1_000_000_000L);
        Assert.InRange(nanoseconds - NtpTime.FromUnixNanoseconds(nanoseconds).ToUnixNanoseconds(), 0, 1);
    });

    [Fact]
    public void Ntp_epoch_and_its_middle_bits()
    {
        var time = NtpTime.FromUnixNanoseconds(500_000_000);
        Assert.Equal((2_208_988_800UL << 32) | 0x8000_0000UL, time.Value);
        Assert.Equal((uint)((2_208_988_800UL & 0xFFFF) << 16) | 0x8000u, time.Middle);
    }

    [Theory]
    [InlineData("192.0.2.1:1")]
    [InlineData("[2001:db8::5]:65535")]
    [InlineData("[::1]:7000")]
    public void Addresses_survive_the_round_trip(string text)
    {
        var endPoint = IPEndPoint.Parse(text);
        var address = TransportAddress.From(endPoint);
        Assert.Equal(endPoint, address.ToIPEndPoint());
        Assert.Equal(text.StartsWith('1'), address.IsIPv4);
        var bytes = new byte[16];
        address.WriteIPv6(bytes);
        Assert.Equal(address, TransportAddress.FromIPv6(bytes, address.Port));
    }

    [Fact]
    public void Mapped_and_plain_IPv4_are_the_same_address() =>
        Assert.Equal(
            TransportAddress.From(IPEndPoint.Parse("192.0.2.1:9")), TransportAddress.From(IPEndPoint.Parse("[::ffff:192.0.2.1]:9")));

    [Fact]
    public void Time_moves_by_spans()
    {
        var time = MonotonicTime.FromMilliseconds(5) + TimeSpan.FromMilliseconds(2);
        Assert.Equal(7, time.Milliseconds);
        Assert.Equal(TimeSpan.FromMilliseconds(7), time - MonotonicTime.Zero);
        Assert.True(time < MonotonicTime.Never);
        Assert.Equal(MonotonicTime.Zero, MonotonicTime.Min(time, MonotonicTime.Zero));
    }
}
