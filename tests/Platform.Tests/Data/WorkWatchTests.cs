using System.Diagnostics;
using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Platform.Data;

/// <summary>With a database of its own, of which nobody else knows when it is used.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class WorkWatchTests(PlatformFixture fixture) : IAsyncLifetime
{
    private readonly string _table = $"work_{Guid.NewGuid():N}";
    private readonly Database _database = new(fixture.Options.Database!);
    private Work _work = null!;
    private WorkWatch _watch = null!;

    public async Task InitializeAsync()
    {
        await ExecuteAsync($"create table {_table} (due_at timestamptz); create sequence {_table}_looks");
        _work = new Work(_table);
        _watch = new WorkWatch(_database, [_work], NullLogger<WorkWatch>.Instance);
        await _work.StartAsync(CancellationToken.None);
        await _watch.StartAsync(CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(2.5)); // The first look of both.
        _work.Done.Clear();
    }

    public async Task DisposeAsync()
    {
        await _watch.StopAsync(CancellationToken.None);
        await _work.StopAsync(CancellationToken.None);
        _watch.Dispose();
        _work.Dispose();
        await ExecuteAsync($"drop table {_table}; drop sequence {_table}_looks");
        await _database.DisposeAsync();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync(sql);
    }

    private async Task<long> LooksAsync()
    {
        await using var database = new Database(fixture.Options.Database!);
        await using var connection = await database.OpenAsync(CancellationToken.None);
        return await connection.QuerySingleAsync<long>($"select last_value from {_table}_looks");
    }

    private async Task<TimeSpan> DoneAfterAsync(Stopwatch since)
    {
        await Eventually.TrueAsync(() => Task.FromResult(!_work.Done.IsEmpty), "it is done");
        return since.Elapsed;
    }

    [Fact]
    public async Task Nothing_is_asked_for_while_nobody_uses_the_database()
    {
        var before = await LooksAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.InRange(await LooksAsync() - before, 0, 1);
    }

    [Fact]
    public async Task What_is_written_is_done_at_once()
    {
        var since = Stopwatch.StartNew();
        await ExecuteAsync($"insert into {_table} values (now())");
        Assert.InRange((await DoneAfterAsync(since)).TotalSeconds, 0, 0.9);
    }

    [Fact]
    public async Task What_the_clock_makes_due_is_done_then()
    {
        var since = Stopwatch.StartNew();
        await ExecuteAsync($"insert into {_table} values (now() + interval '3 seconds')");
        Assert.InRange((await DoneAfterAsync(since)).TotalSeconds, 3, 4.5);
    }

    [Fact]
    public async Task What_another_platform_has_left_is_done_after_a_while()
    {
        await using var database = new Database(fixture.Options.Database!);
        var since = Stopwatch.StartNew();
        await using (var connection = await database.OpenAsync(CancellationToken.None))
        {
            await connection.ExecuteAsync($"insert into {_table} values (now())");
        }

        Assert.InRange((await DoneAfterAsync(since)).TotalSeconds, 0, 12);
    }

    private sealed class Work(string table) : RowWorker(NullLogger.Instance)
    {
        public System.Collections.Concurrent.ConcurrentQueue<DateTimeOffset> Done { get; } = [];

        public override string Due => $"nextval('{table}_looks') > 0 and exists (select from {table} where due_at <= now())";

        public override string NextDue => $"(select min(due_at) from {table} where due_at > now())";

        protected override Task WorkAsync(CancellationToken cancel)
        {
            Done.Enqueue(DateTimeOffset.UtcNow);
            return Task.CompletedTask;
        }
    }
}
