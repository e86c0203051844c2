using Dapper;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>What is left of a quota.</summary>
/// <param name="Free">Not taken, not held, not offered to anyone.</param>
/// <param name="Waiting">People on the waiting list who have no offer yet: what is free is theirs first.</param>
internal sealed record StockRow(Guid Id, string Name, int Capacity, int Taken, int Held, int Offered, int Waiting, int Version)
{
    /// <summary>What somebody has, or may still take.</summary>
    public int Promised => Taken + Held + Offered;

    public int Free => Capacity - Promised;

    public int Available => Math.Max(0, Free - Waiting);

    public QuotaDetails ToDetails() => new(Id, Name, Capacity, Taken, Held, Waiting + Offered, Available, Version);
}

/// <summary>
/// Stock is one row per quota, changed only under its lock. A hold is a ticket row whose time has not run out: that it expires
/// is seen when it is read, so that no timer has to fire for stock to come back.
/// </summary>
internal static class Stock
{
    private const string Query =
        """
        select q.id, q.name, q.capacity, q.taken,
               (select count(*)::int from platform.tickets t where t.quota_id = q.id and t.state = 'held' and t.held_until > clock_timestamp()) as held,
               (select count(*)::int from platform.ticket_waiting_list w where w.quota_id = q.id and w.state = 'offered' and w.offered_until > clock_timestamp()) as offered,
               (select count(*)::int from platform.ticket_waiting_list w where w.quota_id = q.id and w.state = 'waiting') as waiting, q.version
        from platform.ticket_quotas q
        """;

    public static async Task<IReadOnlyDictionary<Guid, StockRow>> OfEventAsync(NpgsqlConnection connection, Guid eventId) =>
        (await connection.QueryAsync<StockRow>($"{Query} where q.event_id = @eventId order by q.id", new { eventId })).ToDictionary(s => s.Id);

    /// <summary>Quotas with something free that somebody waits for in an event that is live; not locked.</summary>
    public static async Task<IReadOnlyList<Guid>> WaitedForAsync(NpgsqlConnection connection, int limit) =>
        (await connection.QueryAsync<Guid>(
            $"""
            select s.id from (
                {Query} where exists (
                    select from platform.ticket_waiting_list w join platform.ticket_types y on y.id = w.ticket_type_id join platform.events e on e.id = w.event_id
                    where w.quota_id = q.id and w.state = 'waiting' and e.state = 'live' and {TypeRow.IsOffered})) s
            where s.capacity > s.taken + s.held + s.offered order by s.id limit @limit
            """,
            new { limit })).AsList();

    /// <summary>Locks quotas until the transaction ends, in one order for everybody, and then reads them.</summary>
    public static async Task<IReadOnlyDictionary<Guid, StockRow>> LockAsync(NpgsqlConnection connection, IEnumerable<Guid> quotas)
    {
        var ids = quotas.Distinct().Order().ToArray();
        await connection.ExecuteAsync("select 1 from platform.ticket_quotas where id = any(@ids) order by id for no key update", new { ids });

        // A statement of its own: its snapshot is younger than the lock and so sees what the lock's last owner did.
        return (await connection.QueryAsync<StockRow>($"{Query} where q.id = any(@ids)", new { ids })).ToDictionary(s => s.Id);
    }

    /// <summary>Takes (or with a negative count gives back) tickets of a locked quota.</summary>
    public static Task TakeAsync(NpgsqlConnection connection, Guid quotaId, int count) =>
        connection.ExecuteAsync("update platform.ticket_quotas set taken = taken + @count where id = @quotaId", new { quotaId, count });
}
