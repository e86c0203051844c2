using Dapper;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Tickets;

/// <param name="Tickets">Those that are held or valid.</param>
public sealed record MyOrder(Guid Id, string State, long TotalMinor, string Currency, DateTimeOffset CreatedAt, int Tickets, EventSummary Event);

public sealed record MyOrderPage(IReadOnlyList<MyOrder> Items, string? Next);

/// <summary>What an account has bought, newest first.</summary>
internal static class MyOrders
{
    private const int MaxPage = 100;

    public static async Task<Ok<MyOrderPage>> ListAsync(SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var connection = await database.OpenAsync(cancel);
        var rows = (await connection.QueryAsync<OrderOfEvent>(
            """
            select o.id, o.event_id, o.state, o.total_minor, o.currency, o.created_at,
                   (select count(*)::int from platform.tickets t where t.order_id = o.id and t.state in ('held', 'valid')) as tickets
            from platform.orders o where o.user_id = @UserId and (@after::uuid is null or o.id < @after) order by o.id desc limit @Take
            """,
            new { account.UserId, after, Take = limit + 1 })).AsList();
        var shown = rows.Take(limit).ToList();
        var events = (await connection.QueryAsync<EventRow>(
            $"select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id where e.id = any(@Ids)",
            new { Ids = shown.Select(o => o.EventId).Distinct().ToArray() })).ToDictionary(e => e.Id);
        return TypedResults.Ok(new MyOrderPage(
            [.. shown.Select(o => new MyOrder(o.Id, o.State, o.TotalMinor, o.Currency, o.CreatedAt, o.Tickets, events[o.EventId].ToSummary()))],
            rows.Count > limit ? shown[^1].Id.ToString() : null));
    }

    private sealed record OrderOfEvent(Guid Id, Guid EventId, string State, long TotalMinor, string Currency, DateTimeOffset CreatedAt, int Tickets);
}
