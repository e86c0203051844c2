using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Dashboard;

/// <summary>An event at a glance for who runs it: what the dashboard opens with, in one answer of one moment.</summary>
/// <param name="Revenue">Of confirmed orders, a line a currency; what cost nothing is none.</param>
public sealed record EventDashboard(EventDetails Event, OrderCounts Orders, IReadOnlyList<Revenue> Revenue, IReadOnlyList<QuotaDetails> Quotas, PeopleCounts People, RecordingCounts Recordings);

public sealed record OrderCounts(int Pending, int Confirmed, int Cancelled, int Refunded);

/// <param name="TotalMinor">In the currency's smallest unit.</param>
public sealed record Revenue(string Currency, long TotalMinor);

/// <param name="TicketHolders">Valid tickets.</param>
/// <param name="Entered">Who ever entered the event, previews not counted.</param>
/// <param name="Present">Connections in its rooms right now.</param>
public sealed record PeopleCounts(int TicketHolders, int CheckedIn, int Entered, int Present);

public sealed record RecordingCounts(int Active, int Ready, int Failed);

/// <summary>The internal read API of the organiser's dashboard: composites, so that a page is one request.</summary>
internal static class DashboardApi
{
    private const string Counts =
        """
        select (select count(*)::int from platform.tickets where event_id = @id and state = 'valid') as ticket_holders,
               (select count(*)::int from platform.ticket_check_ins where event_id = @id) as checked_in,
               (select count(*)::int from platform.event_participants where event_id = @id and not preview and taken_over_by is null) as entered,
               (select count(*)::int from platform.room_participants p join platform.sessions s on s.room = p.room where s.event_id = @id) as present;
        select count(*) filter (where state = 'pending')::int as pending, count(*) filter (where state = 'confirmed')::int as confirmed,
               count(*) filter (where state in ('cancelled', 'expired'))::int as cancelled, count(*) filter (where state in ('refunding', 'refunded'))::int as refunded
        from platform.orders where event_id = @id;
        select count(*) filter (where status not in ('ready', 'failed'))::int as active, count(*) filter (where status = 'ready')::int as ready, count(*) filter (where status = 'failed')::int as failed
        from platform.recordings where event_id = @id;
        select currency, sum(total_minor)::bigint as total_minor from platform.orders where event_id = @id and state = 'confirmed' and total_minor > 0 group by currency order by currency
        """;

    public static void MapDashboard(this IEndpointRouteBuilder routes) => routes.MapGet("/api/v1/events/{id:guid}/dashboard", GetAsync).RequireAuthorization(AccountCookie.Scheme);

    private static async Task<Results<Ok<EventDashboard>, ProblemHttpResult>> GetAsync(Guid id, SignedIn account, Database database, HttpContext context, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);

        // One snapshot: figures that are looked at side by side add up.
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancel);
        var managed = await EventGuard.ManagedAsync(connection, account, id, EventAction.ReadRegistrations);
        if (managed.Error is { } error)
        {
            return error.ToResult();
        }

        var sessions = await EventQueries.SessionsAsync(connection, id);
        var quotas = await Stock.OfEventAsync(connection, id);
        await using var counts = await connection.QueryMultipleAsync(Counts, new { id });
        var (people, orders, recordings) = (await counts.ReadSingleAsync<PeopleCounts>(), await counts.ReadSingleAsync<OrderCounts>(), await counts.ReadSingleAsync<RecordingCounts>());
        var revenue = (await counts.ReadAsync<Revenue>()).AsList();
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new EventDashboard(managed.Value!.ToDetails(sessions), orders, revenue, [.. quotas.Values.Select(q => q.ToDetails())], people, recordings));
    }
}
