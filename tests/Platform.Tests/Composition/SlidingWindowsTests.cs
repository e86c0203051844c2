using Events.Platform.Composition;

namespace Events.Tests.Platform.Composition;

public sealed class SlidingWindowsTests
{
    private readonly SettableTime _time = new();

    [Fact]
    public void A_key_has_so_many_within_a_window_and_another_has_its_own()
    {
        var windows = new SlidingWindows<string>(3, TimeSpan.FromMinutes(1), _time);
        Assert.True(windows.TryTake("a", out var left));
        Assert.Equal(2, left);
        Assert.True(windows.TryTake("a"));
        Assert.True(windows.TryTake("a", out left));
        Assert.Equal(0, left);
        Assert.False(windows.TryTake("a", out left));
        Assert.Equal(0, left);
        Assert.True(windows.TryTake("b"));
    }

    [Fact]
    public void What_was_used_is_free_again_segment_by_segment()
    {
        var windows = new SlidingWindows<string>(3, TimeSpan.FromMinutes(1), _time);
        Assert.True(windows.TryTake("a"));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(windows.TryTake("a"));
        Assert.True(windows.TryTake("a"));
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(windows.TryTake("a"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(windows.TryTake("a"));
        Assert.False(windows.TryTake("a"));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(windows.TryTake("a"));
        Assert.True(windows.TryTake("a"));
        Assert.False(windows.TryTake("a"));
    }

    /// <summary>A long pause counts for as long as it was, not for one segment.</summary>
    [Fact]
    public void After_a_pause_of_a_window_all_is_free()
    {
        var windows = new SlidingWindows<string>(2, TimeSpan.FromMinutes(1), _time);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(windows.TryTake("a"));
            Assert.True(windows.TryTake("a"));
            Assert.False(windows.TryTake("a"));
            _time.Advance(TimeSpan.FromHours(i) + TimeSpan.FromMinutes(1));
        }
    }

    /// <summary>The window is the present segment, of up to ten seconds, and the five before it.</summary>
    [Fact]
    public void No_fifty_seconds_hold_more_than_is_allowed_and_sixty_that_hold_less_refuse_nothing()
    {
        var random = new Random(7);
        var windows = new SlidingWindows<int>(10, TimeSpan.FromMinutes(1), _time);
        var taken = new List<TimeSpan>();
        var now = TimeSpan.Zero;
        for (var i = 0; i < 20_000; i++)
        {
            var pause = TimeSpan.FromSeconds(random.NextDouble() * (i % 100 == 0 ? 90 : 3));
            _time.Advance(pause);
            now += pause;
            if (windows.TryTake(1))
            {
                Assert.InRange(taken.Count(t => now - t < TimeSpan.FromSeconds(50)), 0, 9);
                taken.Add(now);
            }
            else
            {
                Assert.InRange(taken.Count(t => now - t < TimeSpan.FromMinutes(1)), 10, 100);
            }

            taken.RemoveAll(t => now - t > TimeSpan.FromMinutes(2));
        }
    }

    [Fact]
    public void Who_does_not_come_back_is_forgotten()
    {
        var windows = new SlidingWindows<int>(3, TimeSpan.FromMinutes(1), _time);
        for (var i = 0; i < 1_000; i++)
        {
            windows.TryTake(i);
        }

        Assert.Equal(1_000, windows.Count);
        _time.Advance(TimeSpan.FromMinutes(2));
        windows.TryTake(0);
        Assert.Equal(1, windows.Count);
    }

    private sealed class SettableTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
