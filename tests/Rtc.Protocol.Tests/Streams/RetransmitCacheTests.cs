using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class RetransmitCacheTests
{
    private static readonly TimeSpan TwoSeconds = TimeSpan.FromSeconds(2);

    [Fact]
    public void A_packet_is_found_by_its_number_until_it_is_too_old_or_its_place_is_taken()
    {
        var cache = new RetransmitCache(4, 8);
        cache.Store([1, 2, 3], 65_535, MonotonicTime.Zero);
        Assert.True(cache.TryGet(65_535, MonotonicTime.FromMilliseconds(2_000), TimeSpan.Zero, TwoSeconds, out var packet));
        Assert.Equal([1, 2, 3], packet.ToArray());
        Assert.False(cache.TryGet(65_535, MonotonicTime.FromMilliseconds(2_001), TimeSpan.Zero, TwoSeconds, out _));
        Assert.False(cache.TryGet(3, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
        cache.Store([4], 3, MonotonicTime.Zero);
        Assert.False(cache.TryGet(65_535, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
    }

    [Fact]
    public void What_is_too_large_is_not_kept_and_what_was_never_stored_is_not_found()
    {
        var cache = new RetransmitCache(4, 8);
        Assert.False(cache.TryGet(0, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
        cache.Store(new byte[9], 0, MonotonicTime.Zero);
        Assert.False(cache.TryGet(0, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
    }

    [Fact]
    public void A_new_source_finds_nothing_of_the_old_one()
    {
        var cache = RetransmitCache.ForAudio();
        cache.Store([1], 7, MonotonicTime.Zero);
        cache.Clear();
        Assert.False(cache.TryGet(7, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
    }

    [Fact]
    public void Memory_is_taken_with_the_first_packet_only()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var cache = RetransmitCache.ForVideo();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000); // The slots' descriptions.
        cache.Store([1], 7, MonotonicTime.Zero);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before > 700_000);
    }
}
