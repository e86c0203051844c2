using Dapper;
using Events.Platform.Data.Work;

namespace Events.Platform.Data;

/// <summary>
/// Lets go of outbox entries that are old, and that every consumer with a cursor (<c>platform.outbox_consumers</c>) has passed. What follows the write-ahead log instead, as
/// Debezium does, has an entry as soon as it is written, and misses nothing when the row goes.
/// </summary>
internal sealed class OutboxUpkeep(Database database, TimeProvider clock, ILogger<OutboxUpkeep> log) : RowWorker(log)
{
    /// <summary>For a consumer that is new, or looks something up again.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    private static readonly TimeSpan LookEvery = TimeSpan.FromHours(1);

    private const int Batch = 5_000;

    public override string Due => "false";

    protected override TimeSpan AtLeastEvery => LookEvery;

    /// <summary>Deletes in batches, so that none holds its locks for long.</summary>
    public async Task TrimAsync(CancellationToken cancel)
    {
        // Ids begin with the time (RFC 9562 §5.7), so the primary key finds the old ones.
        var before = Guid.CreateVersion7(clock.GetUtcNow() - KeptFor);
        await using var connection = await database.OpenAsync(cancel);
        int gone;
        do
        {
            gone = await connection.ExecuteAsync(new CommandDefinition(
                """
                delete from platform.outbox where id in (
                    select o.id from platform.outbox o
                    where o.id < @before and not exists (select from platform.outbox_consumers c where (c.xid, c.seq) < (o.xid, o.seq))
                    order by o.id limit @Batch for update skip locked)
                """,
                new { before, Batch },
                cancellationToken: cancel));
        }
        while (gone == Batch);
    }

    protected override Task WorkAsync(CancellationToken cancel) => TrimAsync(cancel);
}
