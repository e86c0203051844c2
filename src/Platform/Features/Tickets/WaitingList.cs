using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>The queue for a sold-out ticket type. What comes free is offered in order; nobody outside can take it before.</summary>
internal static class WaitingList
{
    /// <summary>Of one quota: longer is not hope but a list of addresses.</summary>
    private const int MaxWaiting = 10_000;

    public static async Task<Results<Created<WaitingDetails>, ProblemHttpResult>> JoinAsync(Guid id, NewWaiting request, HttpContext context, OrderLimits limits, Database database, TicketKeys keys, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var (email, name) = (checks.Email("email", request.Email), checks.Text("name", request.Name, 200));
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        if (!limits.Admits(context.Connection.RemoteIpAddress, email))
        {
            return OrderLimits.TooMany.ToResult();
        }

        return (await database.TryInTransactionAsync<WaitingDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for share", new { id });
                if (await EventQueries.FindAsync(connection, id.ToString()) is not { State: "live" })
                {
                    return EventsApi.NotFound;
                }

                if ((await TicketQueries.TypesAsync(connection, id)).FirstOrDefault(t => t.Id == request.TicketTypeId && t.Visibility == "public") is not { } type)
                {
                    return ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");
                }

                if (!type.IsOnSale(DateTimeOffset.UtcNow))
                {
                    return Admission.NotOnSale(type);
                }

                var stock = (await Stock.LockAsync(connection, [type.QuotaId]))[type.QuotaId];
                if (stock.Available > 0)
                {
                    return ApiError.Conflict("not_sold_out", "There are tickets left; order one.");
                }

                if (stock.Waiting >= MaxWaiting)
                {
                    return ApiError.Conflict("waiting_list_full", "The waiting list is full.");
                }

                var waitingId = Guid.CreateVersion7();
                var added = await connection.ExecuteAsync(
                    """
                    insert into platform.ticket_waiting_list (id, event_id, ticket_type_id, quota_id, email, name, state) values (@waitingId, @id, @TypeId, @QuotaId, @email, @name, 'waiting')
                    on conflict (ticket_type_id, lower(email)) where state in ('waiting', 'offered') do nothing
                    """,
                    new { waitingId, id, TypeId = type.Id, type.QuotaId, email, name });
                return added == 1
                    ? (await FindAsync(connection, waitingId, keys))!
                    : ApiError.Conflict("already_waiting", "This address waits for this ticket already.");
            },
            cancel)).ToCreated(w => $"/api/v1/waiting-list/{w.Key}");
    }

    /// <summary>Whoever waits for a type waits for a seat of its stock, and is offered it no longer than it is on sale, and to everybody.</summary>
    public static Task<int> FollowAsync(NpgsqlConnection connection, TypeRow type) => connection.ExecuteAsync(
        $"""
        update platform.ticket_waiting_list w set quota_id = y.quota_id, state = case when {TypeRow.IsOver} then 'lapsed' else w.state end,
               offered_until = case when w.state = 'offered' then least(w.offered_until, y.sales_until) else w.offered_until end
        from platform.ticket_types y where y.id = @Id and w.ticket_type_id = y.id and w.state in ('waiting', 'offered')
        """,
        type);

    /// <summary>
    /// An order that was let in by an offer ended before it was paid. Its owner waits again, by the id of before and so ahead of all who came later: the queue's next move offers
    /// the seat anew for what is left of the offer, or, should somebody have taken it meanwhile, the next one that comes free.
    /// </summary>
    public static Task<int> ReturnAsync(NpgsqlConnection connection, Guid orderId) => connection.ExecuteAsync(
        $"""
        update platform.ticket_waiting_list w set quota_id = y.quota_id,
               state = case when w.offered_until <= now() or {TypeRow.IsOver}
                                 or exists (select from platform.ticket_waiting_list o where o.ticket_type_id = w.ticket_type_id and lower(o.email) = lower(w.email) and o.state in ('waiting', 'offered'))
                            then 'lapsed' else 'waiting' end
        from platform.ticket_types y where y.id = w.ticket_type_id and w.order_id = @orderId and w.state = 'claimed'
        """,
        new { orderId });

    /// <summary>Money for such an order has come after all: the seat that its owner waits for, or is offered, is not kept besides.</summary>
    public static Task<int> ClaimAgainAsync(NpgsqlConnection connection, Guid orderId) => connection.ExecuteAsync(
        "update platform.ticket_waiting_list set state = 'claimed' where order_id = @orderId and state in ('waiting', 'offered')", new { orderId });

    public static async Task<Results<Ok<WaitingDetails>, ProblemHttpResult>> GetAsync(string key, Database database, TicketKeys keys, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return keys.TryReadLink("waiting", key, out var id) && await FindAsync(connection, id, keys) is { } found ? TypedResults.Ok(found) : NotFound.ToResult();
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> LeaveAsync(string key, Database database, TicketKeys keys, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return keys.TryReadLink("waiting", key, out var id) && await connection.ExecuteAsync("update platform.ticket_waiting_list set state = 'left' where id = @id and state in ('waiting', 'offered')", new { id }) == 1
            ? TypedResults.NoContent() : NotFound.ToResult();
    }

    private static readonly ApiError NotFound = ApiError.NotFound("waiting_not_found", "There is no such place in a queue.");

    private static async Task<WaitingDetails?> FindAsync(NpgsqlConnection connection, Guid id, TicketKeys keys) =>
        await connection.QuerySingleOrDefaultAsync<WaitingRow>(
            """
            select w.id, case when w.state = 'offered' and w.offered_until <= now() then 'lapsed' else w.state end as state, case when w.state <> 'waiting' then w.offered_until end as offered_until,
                   case when w.state = 'waiting' then (select count(*)::int from platform.ticket_waiting_list b where b.quota_id = w.quota_id and b.state = 'waiting' and b.id <= w.id) else 0 end as position
            from platform.ticket_waiting_list w where w.id = @id
            """,
            new { id }) is { } row ? new WaitingDetails(row.Id, row.State, row.Position, row.OfferedUntil, keys.LinkOf("waiting", row.Id)) : null;

    private sealed record WaitingRow(Guid Id, string State, DateTimeOffset? OfferedUntil, int Position);
}
