using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Work;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// What happens without anybody asking: orders expire, offers lapse, the waiting list moves up, tickets are mailed. Each step
/// claims its rows with a lock that others skip, so any number of platforms may run it; all state is in the rows.
/// </summary>
internal sealed class TicketUpkeep(Database database, TicketMails mails, TimeProvider clock, ILogger<TicketUpkeep> log) : RowWorker(log)
{
    /// <summary>How long somebody from the waiting list may think.</summary>
    public static readonly TimeSpan OfferFor = TimeSpan.FromHours(24);

    /// <summary>Whether a place has become free for a queue is not to be seen in one row, so as long as there are queues they are looked through.</summary>
    private static readonly TimeSpan QueuesEvery = TimeSpan.FromSeconds(1);

    private const int Batch = 100;

    private DateTimeOffset _queuesAt;

    public override string Due => """
        exists (select from platform.orders where state = 'pending' and expires_at < now())
        or exists (select from platform.ticket_waiting_list where state = 'offered' and offered_until < now())
        or exists (select from platform.ticket_waiting_list w join platform.events e on e.id = w.event_id where w.state = 'waiting' and e.state = 'live')
        or exists (select from platform.tickets where state = 'valid' and mailed_at is null)
        or exists (select from platform.tickets where state in ('cancelled', 'revoked', 'transferred') and mailed_at is not null and ended_mailed_at is null)
        """;

    public override string NextDue => """
        least(
            (select min(expires_at) from platform.orders where state = 'pending' and expires_at >= now()),
            (select min(offered_until) from platform.ticket_waiting_list where state = 'offered' and offered_until >= now()))
        """;

    protected override async Task WorkAsync(CancellationToken cancel)
    {
        await TryAsync("orders that expire", () => ExpireOrdersAsync(cancel));
        if (clock.GetUtcNow() >= _queuesAt)
        {
            _queuesAt = clock.GetUtcNow() + QueuesEvery;
            await TryAsync("waiting lists", () => MoveQueuesAsync(cancel));
        }

        await TryAsync("mails of new tickets", () => mails.ConfirmDueAsync(cancel));
        await TryAsync("mails of ended tickets", () => mails.EndDueAsync(cancel));
    }

    private Task<int> ExpireOrdersAsync(CancellationToken cancel) => database.InTransactionAsync(
        async transaction =>
        {
            var due = (await transaction.Connection!.QueryAsync<(Guid Id, Guid EventId)>(
                "select id, event_id from platform.orders where state = 'pending' and expires_at < now() order by expires_at limit @Batch for update skip locked", new { Batch })).AsList();
            foreach (var (id, eventId) in due)
            {
                await ReleaseOrder.ExpireAsync(transaction, id, eventId);
            }

            return due.Count;
        },
        cancel);

    private async Task MoveQueuesAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        await connection.ExecuteAsync(
            $"""
            update platform.ticket_waiting_list set state = 'lapsed' where state = 'offered' and offered_until < now();
            update platform.ticket_waiting_list w set state = 'lapsed' from platform.ticket_types y where y.id = w.ticket_type_id and w.state = 'waiting' and {TypeRow.IsOver};
            """);
        foreach (var quota in await Stock.WaitedForAsync(connection, Batch))
        {
            await TryAsync($"the waiting list of quota {quota}", () => database.InTransactionAsync(transaction => OfferAsync(transaction, quota), cancel));
        }
    }

    private async Task<int> OfferAsync(NpgsqlTransaction transaction, Guid quotaId)
    {
        var connection = transaction.Connection!;
        var stock = (await Stock.LockAsync(connection, [quotaId]))[quotaId];
        if (stock.Free <= 0)
        {
            return 0;
        }

        var offered = (await connection.QueryAsync<(Guid Id, Guid EventId, DateTime Until)>(
            $"""
            update platform.ticket_waiting_list w set state = 'offered',
                   offered_until = least(case when w.offered_until > now() then w.offered_until else now() + make_interval(secs => @OfferSeconds) end, y.sales_until)
            from platform.ticket_types y
            where y.id = w.ticket_type_id and w.id in (
                select w.id from platform.ticket_waiting_list w join platform.ticket_types y on y.id = w.ticket_type_id
                where w.quota_id = @quotaId and w.state = 'waiting' and {TypeRow.IsOffered} order by w.id limit @Free for update of w skip locked)
            returning w.id, w.event_id, w.offered_until
            """,
            new { quotaId, Free = Math.Min(stock.Free, Batch), OfferSeconds = OfferFor.TotalSeconds })).AsList();
        foreach (var (id, eventId, until) in offered)
        {
            await mails.OfferAsync(transaction, id, eventId, new DateTimeOffset(until, TimeSpan.Zero));
            await Outbox.AppendAsync(transaction, "waiting", id, "waiting_list.offered", new { waitingId = id, eventId });
        }

        return offered.Count;
    }
}
