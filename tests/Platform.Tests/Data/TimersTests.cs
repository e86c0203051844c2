using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Events.Tests.Platform.Data;

[Collection(nameof(PlatformCollection))]
public sealed class TimersTests(PlatformFixture fixture)
{
    private readonly string _kind = $"test-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_timer_runs_once_though_many_look_and_never_early()
    {
        await SetAsync("now", DateTimeOffset.UtcNow.AddSeconds(-1));
        await SetAsync("later", DateTimeOffset.UtcNow.AddHours(1));
        var runners = Enumerable.Range(0, 6).Select(_ => Runner((_, timer) => NoteAsync(timer.Key)));
        var taken = await Task.WhenAll(runners.Select(r => r.RunDueAsync(default)));
        Assert.Equal(1, taken.Sum());
        Assert.Equal(["now"], await NotesAsync());
        Assert.Equal(["later"], await LeftAsync());
    }

    [Fact]
    public async Task A_timer_whose_cause_is_rolled_back_does_not_exist_and_a_cancelled_one_does_not_run()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Database.InTransactionAsync<int>(
            async transaction =>
            {
                await TimerTable.SetAsync(transaction, _kind, "never", DateTimeOffset.UtcNow);
                throw new InvalidOperationException();
            },
            default));
        await SetAsync("cancelled", DateTimeOffset.UtcNow.AddSeconds(-1));
        Assert.True(await fixture.Database.InTransactionAsync(t => TimerTable.CancelAsync(t, _kind, "cancelled"), default));
        Assert.Equal(0, await Runner((_, timer) => NoteAsync(timer.Key)).RunDueAsync(default));
    }

    [Fact]
    public async Task Set_again_a_timer_moves_and_has_the_last_payload()
    {
        await SetAsync("moved", DateTimeOffset.UtcNow.AddSeconds(-1), new { version = 1 });
        await SetAsync("moved", DateTimeOffset.UtcNow.AddHours(1), new { version = 2 });
        Assert.Equal(0, await Runner((_, timer) => NoteAsync(timer.Key)).RunDueAsync(default));
        await SetAsync("moved", DateTimeOffset.UtcNow.AddSeconds(-1), new { version = 3 });
        await Runner((_, timer) => NoteAsync($"{timer.Payload.GetProperty("version")}")).RunDueAsync(default);
        Assert.Equal(["3"], await NotesAsync());
        Assert.Empty(await LeftAsync());
    }

    [Fact]
    public async Task What_fails_leaves_no_trace_holds_nobody_up_and_is_tried_again()
    {
        await SetAsync("bad", DateTimeOffset.UtcNow.AddSeconds(-2));
        await SetAsync("good", DateTimeOffset.UtcNow.AddSeconds(-1));
        var isMended = false;
        var runner = Runner(async (transaction, timer) =>
        {
            await NoteAsync(timer.Key, transaction);
            if (timer.Key == "bad" && !isMended)
            {
                throw new InvalidOperationException("It is broken.");
            }
        });
        Assert.Equal(2, await runner.RunDueAsync(default));
        Assert.Equal(["good"], await NotesAsync());
        await using (var connection = await fixture.Database.OpenAsync(default))
        {
            Assert.Equal("It is broken.", await connection.ExecuteScalarAsync<string>("select last_error from platform.timers where kind = @_kind", new { _kind }));
        }

        isMended = true;
        await Eventually.TrueAsync(async () => await runner.RunDueAsync(default) == 1, "the failed timer is due again");
        Assert.Equal(["good", "bad"], await NotesAsync());
    }

    [Fact]
    public async Task A_timer_whose_platform_died_is_taken_by_another_when_its_lease_ends()
    {
        await SetAsync("orphan", DateTimeOffset.UtcNow.AddSeconds(-1));

        // Taken as a runner takes it, two minutes ago, by a process that never came back.
        await fixture.Database.InTransactionAsync(t => t.Connection!.ExecuteAsync("update platform.timers set attempts = 1, next_at = now() - interval '1 second' where kind = @_kind", new { _kind }), default);
        Assert.Equal(1, await Runner((_, timer) => NoteAsync(timer.Key)).RunDueAsync(default));
        Assert.Equal(["orphan"], await NotesAsync());
    }

    [Fact]
    public async Task A_timer_that_was_moved_after_it_was_taken_has_no_effect_before_its_new_time()
    {
        await SetAsync("raced", DateTimeOffset.UtcNow.AddSeconds(-1));

        // Taken, and then moved before the runner has come to its own transaction, whose first statement is the one below.
        await using var connection = await fixture.Database.OpenAsync(default);
        var generation = await connection.ExecuteScalarAsync<int>("update platform.timers set attempts = 1, next_at = now() + interval '1 minute' where kind = @_kind returning generation", new { _kind });
        await SetAsync("raced", DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal(0, await connection.ExecuteAsync("delete from platform.timers where kind = @_kind and generation = @generation and attempts = 1", new { _kind, generation }));
        Assert.Equal(["raced"], await LeftAsync());
    }

    [Fact]
    public async Task A_handler_may_go_on_by_setting_its_timer_anew_and_unknown_kinds_are_left_alone()
    {
        await SetAsync("steps", DateTimeOffset.UtcNow.AddSeconds(-1), new { step = 1 });
        var runner = Runner(async (transaction, timer) =>
        {
            var step = timer.Payload.GetProperty("step").GetInt32();
            await NoteAsync($"{step}", transaction);
            if (step < 3)
            {
                await TimerTable.SetAsync(transaction, timer.Kind, timer.Key, timer.DueAt, new { step = step + 1 });
            }
        });
        Assert.Equal(3, await runner.RunDueAsync(default));
        Assert.Equal(["1", "2", "3"], await NotesAsync());

        await SetAsync("newer", DateTimeOffset.UtcNow.AddSeconds(-1));
        Assert.Equal(0, await new TimerRunner(fixture.Database, [new Handler("another-kind", (_, _) => Task.CompletedTask)], NullLogger<TimerRunner>.Instance).RunDueAsync(default));
    }

    private Task SetAsync(string key, DateTimeOffset at, object? payload = null) => fixture.Database.InTransactionAsync(
        async transaction =>
        {
            await TimerTable.SetAsync(transaction, _kind, key, at, payload);
            return 0;
        },
        default);

    private TimerRunner Runner(Func<NpgsqlTransaction, DueTimer, Task> work) => new(fixture.Database, [new Handler(_kind, work)], NullLogger<TimerRunner>.Instance);

    /// <summary>Notes are outbox entries: rows that a transaction keeps or does not.</summary>
    private Task NoteAsync(string text, NpgsqlTransaction? within = null) => within is not null
        ? Outbox.AppendAsync(within, "test", Guid.Empty, _kind, new { text })
        : fixture.Database.InTransactionAsync(
            async transaction =>
            {
                await NoteAsync(text, transaction);
                return 0;
            },
            default);

    private async Task<IReadOnlyList<string>> NotesAsync()
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return (await connection.QueryAsync<string>("select payload->>'text' from platform.outbox where type = @_kind order by id", new { _kind })).AsList();
    }

    private async Task<IReadOnlyList<string>> LeftAsync()
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return (await connection.QueryAsync<string>("select key from platform.timers where kind = @_kind", new { _kind })).AsList();
    }

    private sealed class Handler(string kind, Func<NpgsqlTransaction, DueTimer, Task> work) : ITimerHandler
    {
        public string Kind => kind;

        public Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel) => work(transaction, timer);
    }
}
