using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Organisations;

/// <summary>An event that somebody has a part in.</summary>
/// <param name="Role">host, cohost, speaker, moderator, judge, booth_staff or scanner.</param>
public sealed record MyPart(string Role, EventSummary Event);

public sealed record MyParts(IReadOnlyList<MyPart> Items, string? Next);

/// <param name="Role">In this event; attendee for those who have no other part.</param>
/// <param name="Actions">What the role may do, in snake case: "edit_event", "check_in", …</param>
public sealed record MyRights(string Role, IReadOnlyList<string> Actions);

/// <summary>Where somebody helps without being a member of the organisation, and what the part allows: what the organiser's pages show is by this.</summary>
internal static class MyPartsApi
{
    private const int MaxPage = 100;

    public static void MapMyParts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/me/events", ListAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/events/{id:guid}/rights", RightsAsync).RequireAuthorization(AccountCookie.Scheme);
    }

    /// <summary>Latest start first, drafts too; <c>after</c> is the last id of the page before. Events of one's own organisations are listed there.</summary>
    private static async Task<Ok<MyParts>> ListAsync(SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var connection = await database.OpenAsync(cancel);
        var parts = (await connection.QueryAsync<PartRow>(
            """
            select r.event_id, r.role from platform.event_roles r join platform.events e on e.id = r.event_id
            where r.user_id = @UserId and e.state <> 'archived'
              and not exists (select 1 from platform.organization_members m where m.organiser_id = e.organiser_id and m.user_id = r.user_id)
              and (@after::uuid is null or (e.starts_at, e.id) < (select c.starts_at, c.id from platform.events c where c.id = @after))
            order by e.starts_at desc, e.id desc limit @Take
            """,
            new { account.UserId, after, Take = limit + 1 })).AsList();
        var shown = parts.Take(limit).ToList();
        var events = (await connection.QueryAsync<EventRow>(
            $"select {EventRow.Columns} from platform.events e join platform.organisers o on o.id = e.organiser_id where e.id = any(@Ids)",
            new { Ids = shown.Select(p => p.EventId).ToArray() })).ToDictionary(e => e.Id);
        return TypedResults.Ok(new MyParts([.. shown.Select(p => new MyPart(p.Role, events[p.EventId].ToSummary()))], parts.Count > limit ? shown[^1].EventId.ToString() : null));
    }

    private static async Task<Results<Ok<MyRights>, ProblemHttpResult>> RightsAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await EventQueries.FindAsync(connection, id.ToString()) is not { } row || !await EventGuard.SeesAsync(connection, account, row))
        {
            return EventsApi.NotFound.ToResult();
        }

        var role = await Permissions.EventRoleAsync(connection, account.UserId, id) ?? Permissions.Attendee;
        return TypedResults.Ok(new MyRights(role, [.. Enum.GetValues<EventAction>().Where(a => Permissions.Allows(role, a)).Select(a => JsonNamingPolicy.SnakeCaseLower.ConvertName(a.ToString()))]));
    }

    private sealed record PartRow(Guid EventId, string Role);
}
