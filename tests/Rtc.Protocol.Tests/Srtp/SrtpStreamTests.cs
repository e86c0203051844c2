using System.Buffers.Binary;
using Events.Rtc.Protocol.Srtp;

namespace Events.Tests.Rtc.Protocol.Tests.Srtp;

/// <summary>Roll-over counters, the replay window, the bounds and the allocations of sender and receiver.</summary>
public sealed class SrtpStreamTests : IDisposable
{
    private readonly SrtpSender _sender = new(SrtpFixture.Cipher(SrtpProfile.AeadAes128Gcm));
    private readonly SrtpReceiver _receiver = new(SrtpFixture.Cipher(SrtpProfile.AeadAes128Gcm));
    private readonly SrtpSendStream _stream;

    public SrtpStreamTests()
    {
        _stream = _sender.OpenStream(SrtpFixture.Ssrc);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    [Fact]
    public void The_roll_over_counter_follows_the_sequence_number_across_several_wraps()
    {
        for (var i = 60_000; i < 60_000 + (3 * 65_536); i += 17)
        {
            Assert.Equal(SrtpRefusal.None, Pass(i));
        }

        Assert.Equal(3u, _stream.RollOverCounter);
    }

    [Fact]
    public void A_retransmission_from_before_the_wrap_keeps_its_old_roll_over_counter()
    {
        var first = Protect(65_530);
        Pass(65_535);
        Pass(65_536);
        Pass(65_540);

        Assert.Equal(first, Protect(65_530));
        Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(_receiver, first));
        Assert.Equal(1u, _stream.RollOverCounter);
    }

    [Fact]
    public void Packets_reordered_around_the_wrap_are_all_accepted_once()
    {
        const int Seed = 99;
        var random = new Random(Seed);
        var packets = Enumerable.Range(65_400, 300).Select(Protect).ToArray();
        var order = Enumerable.Range(0, packets.Length).OrderBy(i => i + random.Next(20)).ToArray();

        Assert.All(order, i => Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(_receiver, packets[i])));
        Assert.All(order, i => Assert.Equal(SrtpRefusal.Replayed, SrtpFixture.Open(_receiver, packets[i])));
    }

    [Fact]
    public void Packet_older_than_the_replay_window_is_refused()
    {
        var tooOld = Protect(1_000);
        var oldest = Protect(1_001);
        Pass(1_000 + 1_024);

        Assert.Equal(SrtpRefusal.TooOld, SrtpFixture.Open(_receiver, tooOld));
        Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(_receiver, oldest));
        Assert.Equal(SrtpRefusal.Replayed, SrtpFixture.Open(_receiver, oldest));
    }

    [Fact]
    public void A_jump_far_ahead_forgets_nothing_that_is_still_inside_the_window()
    {
        var random = new Random(4);
        var accepted = new HashSet<long>();
        long highest = 0;
        for (var round = 0; round < 3_000; round++)
        {
            var index = Math.Max(0, highest + random.Next(-1_100, 300));
            var expected = index > highest || accepted.Count == 0 ? SrtpRefusal.None
                : highest - index >= 1_024 ? SrtpRefusal.TooOld
                : accepted.Contains(index) ? SrtpRefusal.Replayed : SrtpRefusal.None;
            Assert.Equal(expected, Pass((int)index));
            if (expected == SrtpRefusal.None)
            {
                accepted.Add(index);
                highest = Math.Max(highest, index);
            }
        }
    }

    [Fact]
    public void A_forged_packet_neither_moves_the_window_nor_makes_a_stream()
    {
        var forged = Protect(5_000);
        forged[^1] ^= 1;
        Assert.Equal(SrtpRefusal.NotAuthentic, SrtpFixture.Open(_receiver, forged));
        Assert.Equal(0, _receiver.StreamCount);

        Pass(10);
        Assert.Equal(SrtpRefusal.NotAuthentic, SrtpFixture.Open(_receiver, forged));
        Assert.Equal(SrtpRefusal.None, Pass(11));
    }

    [Fact]
    public void Streams_beyond_the_limit_are_refused_and_known_ones_go_on()
    {
        for (var i = 0u; i < SrtpReceiver.DefaultMaxStreams; i++)
        {
            Assert.Equal(SrtpRefusal.None, PassNew(i));
        }

        Assert.Equal(SrtpRefusal.TooManyStreams, PassNew(9_999));
        Assert.Equal(SrtpReceiver.DefaultMaxStreams, _receiver.StreamCount);
        Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(_receiver, SrtpFixture.Protect(_sender, _sender.OpenStream(3), SrtpFixture.Rtp(2, ssrc: 3))));
    }

    [Fact]
    public void Forgetting_a_stream_makes_room_for_another()
    {
        using var receiver = new SrtpReceiver(SrtpFixture.Cipher(SrtpProfile.AeadAes128Gcm), maxStreams: 1);
        Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(receiver, Protect(1)));
        var other = SrtpFixture.Protect(_sender, _sender.OpenStream(5), SrtpFixture.Rtp(1, ssrc: 5));
        Assert.Equal(SrtpRefusal.TooManyStreams, SrtpFixture.Open(receiver, other));

        Assert.True(receiver.Forget(SrtpFixture.Ssrc));
        Assert.False(receiver.Forget(SrtpFixture.Ssrc));
        Assert.Equal(SrtpRefusal.None, SrtpFixture.Open(receiver, other));
    }

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80)]
    public void Control_packets_are_accepted_once_and_must_be_encrypted(SrtpProfile profile)
    {
        using var sender = new SrtpSender(SrtpFixture.Cipher(profile));
        using var receiver = new SrtpReceiver(SrtpFixture.Cipher(profile));
        var first = SrtpFixture.ProtectRtcp(sender, SrtpFixture.Rtcp());
        var second = SrtpFixture.ProtectRtcp(sender, SrtpFixture.Rtcp(ssrc: 1));

        Assert.Equal(SrtpRefusal.None, SrtpFixture.OpenRtcp(receiver, second));
        Assert.Equal(SrtpRefusal.None, SrtpFixture.OpenRtcp(receiver, first));
        Assert.Equal(SrtpRefusal.Replayed, SrtpFixture.OpenRtcp(receiver, first));

        var third = SrtpFixture.ProtectRtcp(sender, SrtpFixture.Rtcp());
        third[profile == SrtpProfile.AeadAes128Gcm ? third.Length - 4 : third.Length - 14] &= 0x7F;
        Assert.Equal(SrtpRefusal.NotEncrypted, SrtpFixture.OpenRtcp(receiver, third));
    }

    [Fact]
    public void A_packet_without_room_for_the_tag_is_our_own_fault()
    {
        Assert.Throws<ArgumentException>(() => _sender.ProtectRtp(_stream, SrtpFixture.Rtp(1), 32));
        Assert.Throws<ArgumentException>(() => _sender.ProtectRtp(_stream, new byte[64], 32));
    }

    [Theory]
    [MemberData(nameof(SrtpFixture.ProfilesAndLibraries), MemberType = typeof(SrtpFixture))]
    public void No_packet_allocates(SrtpProfile profile, bool evp)
    {
        using var sender = new SrtpSender(SrtpFixture.Cipher(profile, evp));
        using var receiver = new SrtpReceiver(SrtpFixture.Cipher(profile, evp));
        var stream = sender.OpenStream(SrtpFixture.Ssrc);
        var rtp = SrtpFixture.WithRoom(SrtpFixture.Rtp(0, payload: 1_100));
        var rtcp = SrtpFixture.WithRoom(SrtpFixture.Rtcp());
        ushort sequence = 0;

        bool Once()
        {
            BinaryPrimitives.WriteUInt16BigEndian(rtp.AsSpan(2), sequence++);
            var length = sender.ProtectRtp(stream, rtp, 1_112);
            var opened = receiver.TryUnprotectRtp(rtp.AsSpan(0, length), out _, out _);
            length = sender.ProtectRtcp(rtcp, 28);
            return opened && receiver.TryUnprotectRtcp(rtcp.AsSpan(0, length), out _, out _);
        }

        for (var i = 0; i < 2_000; i++)
        {
            Assert.True(Once());
        }

        // What the runtime itself allocates when it compiles anew shows once; what a packet costs shows in each window.
        var least = long.MaxValue;
        for (var window = 0; window < 3 && least > 0; window++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var all = true;
            for (var i = 0; i < 1_000; i++)
            {
                all &= Once();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(all);
        }

        Assert.Equal(0, least);
    }

    private byte[] Protect(int extended) => SrtpFixture.Protect(_sender, _stream, SrtpFixture.Rtp((ushort)extended));

    private SrtpRefusal Pass(int extended) => SrtpFixture.Open(_receiver, Protect(extended));

    private SrtpRefusal PassNew(uint ssrc) =>
        SrtpFixture.Open(_receiver, SrtpFixture.Protect(_sender, _sender.OpenStream(ssrc), SrtpFixture.Rtp(1, ssrc: ssrc)));
}
