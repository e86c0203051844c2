using Events.Mixer.Recording;
using Events.Tests.Mixer.Tests.Testing;

namespace Events.Tests.Mixer.Tests.Recording;

public sealed class RecordingClockTests
{
    [Theory]
    [InlineData(-3_600)]
    [InlineData(3_600)]
    public async Task A_wall_clock_that_is_set_moves_nothing_in_a_recording(int seconds)
    {
        await using var mixer = new MixerFixture();
        var time = new SetTime();
        await using var local = await LocalJob.StartAsync(mixer, s => s with { Time = time });
        time.By = TimeSpan.FromSeconds(seconds);

        var before = local.Written();
        await MixerFixture.Until(() => local.Written() > before + 20_000, "what is sent after it", seconds: 5);
        local.MuteVideo(true);
        local.MuteVideo(false);
        await MixerFixture.Until(() => local.VideoFiles == 2, "a second file", seconds: 5);
        local.Job.Stop();
        await MixerFixture.Until(() => local.Job.Snapshot().State != Events.Mixer.RecordingState.Stopping, "the end", seconds: 5);
        var (composed, _) = await mixer.ComposedAsync();
        Assert.InRange(composed.DurationMs, 500, 20_000);
    }

    [Fact]
    public void The_time_of_a_recording_does_not_go_back_over_a_restart()
    {
        var time = new SetTime();
        var first = new RecordingClock(time);
        var known = first.Now;
        time.By = TimeSpan.FromHours(-1);
        Assert.True(new RecordingClock(time, known).Now >= known);
        Assert.True(new RecordingClock(time).Now < known);
        Assert.InRange(first.Now - known, 0, 1_000_000_000);
    }

    /// <summary>A wall clock that is set; the other one goes on.</summary>
    private sealed class SetTime : TimeProvider
    {
        public TimeSpan By { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + By;
    }
}
