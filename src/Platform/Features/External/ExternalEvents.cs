using Dapper;
using Events.Platform.Data;
using Events.Platform.Features.Events;
using Events.Platform.Features.Payments;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.External;

/// <param name="Kind">"session" or "stage".</param>
/// <param name="Participants">Who is in its room now.</param>
public sealed record ExternalSession(Guid Id, string Name, string Kind, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, int Participants) : IPaged;

/// <summary>Events and their sessions.</summary>
internal static class ExternalEvents
{
    public static async Task<Results<Ok<EventPage>, ProblemHttpResult>> ListAsync([AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel)
    {
        if (!query.TryCursor(out var after))
        {
            return PageQuery.CursorInvalid.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        var rows = (await connection.QueryAsync<EventRow>(
            $"""
            select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id
            where e.organiser_id = @OrganiserId and (@after::uuid is null or e.id > @after) order by e.id limit @Take
            """,
            new { caller.OrganiserId, after, query.Take })).AsList();
        var items = rows.Take(query.Size).Select(r => r.ToSummary()).ToList();
        return TypedResults.Ok(new EventPage(items, rows.Count > query.Size ? items[^1].Id.ToString() : null));
    }

    public static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> GetAsync(Guid id, ApiCaller caller, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await EventQueries.FindAsync(connection, id.ToString()) is { } row && row.OrganiserId == caller.OrganiserId
            ? TypedResults.Ok(row.ToDetails(await EventQueries.SessionsAsync(connection, id)))
            : EventsApi.NotFound.ToResult();
    }

    public static Task<Results<Created<EventDetails>, ProblemHttpResult>> CreateAsync(NewEvent request, EventManager manager, ApiCaller caller, Database database, PublicListing listing, CancellationToken cancel) =>
        CreateEvent.HandleAsync(caller.OrganiserId, request, manager, database, listing, cancel);

    public static Task<Results<Ok<Page<ExternalSession>>, ProblemHttpResult>> SessionsAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalSession>(
            id, query, caller, database,
            """
            select s.id, s.name, s.kind, s.starts_at, s.ends_at, (select count(*)::int from platform.room_participants p where p.room = s.room) as participants
            from platform.sessions s where s.event_id = @eventId and (@after::uuid is null or s.id > @after) order by s.id limit @Take
            """,
            audited: null, cancel);
}
