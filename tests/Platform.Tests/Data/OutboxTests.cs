using Dapper;
using Events.Platform.Data;
using Events.Tests.Platform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Tests.Platform.Data;

/// <summary>What nobody needs any more goes out of the outbox, and nothing else.</summary>
[Collection(nameof(PlatformCollection))]
public sealed class OutboxTests(PlatformFixture fixture)
{
    private readonly string _type = $"test-{Guid.NewGuid():N}";

    [Fact]
    public async Task Old_entries_go_when_every_consumer_has_passed_them()
    {
        await AppendAsync("first", days: 40);
        await AppendAsync("second", days: 35);
        await AppendAsync("third", days: 31);
        await AppendAsync("young", days: 29);
        await ReadAsync("quick", "third");
        await ReadAsync("slow", "first");
        try
        {
            await TrimAsync();
            Assert.Equal(["second", "third", "young"], await LeftAsync());

            // A consumer that has read nothing yet needs all of it.
            await ReadAsync("slow", "third");
            await ReadAsync("new", null);
            await TrimAsync();
            Assert.Equal(["second", "third", "young"], await LeftAsync());
        }
        finally
        {
            await ExecuteAsync("delete from platform.outbox_consumers where name like @_type || '%'");
        }

        await TrimAsync();
        Assert.Equal(["young"], await LeftAsync());
    }

    private Task TrimAsync() => new OutboxUpkeep(fixture.Database, TimeProvider.System, NullLogger<OutboxUpkeep>.Instance).TrimAsync(CancellationToken.None);

    private Task AppendAsync(string name, int days) => ExecuteAsync(
        "insert into platform.outbox (id, aggregatetype, aggregateid, type, payload) values (@Id, 'test', @name, @_type, '{}')", new { Id = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddDays(-days)), name, _type });

    /// <summary>A consumer has applied everything up to an entry; null: it has just begun.</summary>
    private Task ReadAsync(string consumer, string? upTo) => ExecuteAsync(
        """
        insert into platform.outbox_consumers (name) values (@Name) on conflict do nothing;
        update platform.outbox_consumers c set xid = o.xid, seq = o.seq from platform.outbox o where c.name = @Name and o.type = @_type and o.aggregateid = @upTo
        """,
        new { Name = $"{_type}-{consumer}", _type, upTo });

    private async Task<IReadOnlyList<string>> LeftAsync()
    {
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        return (await connection.QueryAsync<string>("select aggregateid from platform.outbox where type = @_type order by xid, seq", new { _type })).AsList();
    }

    private async Task ExecuteAsync(string sql, object? values = null)
    {
        await using var connection = await fixture.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync(sql, values ?? new { _type });
    }
}
