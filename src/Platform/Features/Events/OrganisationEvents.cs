using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Events;

/// <summary>An organisation's events in every state, for its members: what the organiser's pages start from.</summary>
internal static class OrganisationEvents
{
    private const int MaxPage = 100;

    /// <summary>Latest start first; <c>after</c> is the last id of the page before.</summary>
    public static async Task<Results<Ok<EventPage>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var connection = await database.OpenAsync(cancel);
        if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.View) is { } refused)
        {
            return refused.ToResult();
        }

        var rows = (await connection.QueryAsync<EventRow>(
            $"""
            select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id
            where e.organiser_id = @id
              and (@after::uuid is null or (e.starts_at, e.id) < (select c.starts_at, c.id from platform.events c where c.id = @after and c.organiser_id = @id))
            order by e.starts_at desc, e.id desc limit @Take
            """,
            new { id, after, Take = limit + 1 })).AsList();
        var items = rows.Take(limit).Select(r => r.ToSummary()).ToList();
        return TypedResults.Ok(new EventPage(items, rows.Count > limit ? items[^1].Id.ToString() : null));
    }
}
