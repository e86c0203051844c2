using Events.Rtc.Protocol.Primitives;
using Events.Rtc.Protocol.Streams;

namespace Events.Tests.Rtc.Protocol.Tests.Streams;

public class RetransmitCacheTests
{
    private static readonly TimeSpan TwoSeconds = TimeSpan.FromSeconds(2);

    [Fact]
    public void A_packet_is_found_by_its_number_until_it_is_too_old_or_its_place_is_taken()
    {
        using var cache = new RetransmitCache(4, 8);
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
        using var cache = new RetransmitCache(4, 8);
        Assert.False(cache.TryGet(0, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
        cache.Store(new byte[9], 0, MonotonicTime.Zero);
        Assert.False(cache.TryGet(0, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
    }

    [Fact]
    public void A_new_source_finds_nothing_of_the_old_one()
    {
        using var cache = RetransmitCache.ForAudio();
        cache.Store([1], 7, MonotonicTime.Zero);
        cache.Clear();
        Assert.False(cache.TryGet(7, MonotonicTime.Zero, TimeSpan.Zero, TwoSeconds, out _));
    }

    /// <summary>As one array it would count as old at once, and make the runtime collect everything.</summary>
    [Fact]
    public void Its_memory_is_none_of_the_collectors()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var cache = RetransmitCache.ForVideo();
        cache.Store([1], 7, MonotonicTime.Zero);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000); // The slots' descriptions.
    }

    [Fact]
    public void Once_its_track_has_ended_it_holds_and_keeps_nothing()
    {
        var cache = RetransmitCache.ForVideo();
        Assert.True(cache.Store([1], 7, MonotonicTime.Zero));
        cache.Dispose();
        cache.Dispose();
        Assert.False(cache.TryGet(7, out _));
        Assert.False(cache.Store([1], 8, MonotonicTime.Zero));
        Assert.False(cache.TryGet(8, out _));
    }
}
