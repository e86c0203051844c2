using System.Security.Claims;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Sso;

/// <summary>What an event demands of who enters it.</summary>
/// <param name="Refusal">Null: the demand is met, or there is none.</param>
internal sealed record SsoDemand(bool IsEnforced, ApiError? Refusal);

/// <summary>The demand of an event for its organisation's sign-in: set by the organisation's admin, held at the entry.</summary>
internal static class EventSso
{
    /// <summary>
    /// Holds an account session against the event's connection. A password, a magic link, a guest's name and an older event token do not
    /// stand in for it, nor does a sign-in by another connection, one of more than twelve hours ago, or one that was unlinked since. A connection that
    /// was switched off keeps the event shut.
    /// </summary>
    public static async Task<SsoDemand> DemandAsync(NpgsqlConnection db, Guid eventId, ClaimsPrincipal? principal, DateTimeOffset now)
    {
        var row = await db.QuerySingleOrDefaultAsync<DemandRow>(
            """
            select e.slug, e.sso_connection_id as connection_id, c.name, c.enabled,
                   exists (select 1 from platform.sso_identities i where i.connection_id = c.id and i.user_id = @UserId) as is_linked
            from platform.events e join platform.sso_connections c on c.id = e.sso_connection_id where e.id = @eventId
            """,
            new { eventId, SignedIn.From(principal)?.UserId });
        if (row is null)
        {
            return new SsoDemand(false, null);
        }

        var session = SsoSession.From(principal);
        return row.Enabled && row.IsLinked && session?.ConnectionId == row.ConnectionId && session.CountsAt(now)
            ? new SsoDemand(true, null)
            : new SsoDemand(true, ApiError.Forbidden("sso_required", $"This event is entered through {row.Name}. Sign in there first.") with { Url = StartUrl(row.ConnectionId, $"/e/{row.Slug}") });
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> ChangeAsync(Guid id, EventSsoChange request, SignedIn account, Database database, CancellationToken cancel) =>
        await database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var db = transaction.Connection!;
                var managed = await EventGuard.ManagedAsync(db, account, id);
                if (managed.Error is not null)
                {
                    return managed.Error.ToResult();
                }

                var organiserId = managed.Value!.OrganiserId;
                if (await OrganisationDoor.RefusalAsync(db, account, organiserId, OrganisationAction.ManageSso) is { } refused)
                {
                    return refused.ToResult();
                }

                if (request.ConnectionId is { } wanted
                    && await db.QuerySingleOrDefaultAsync<Guid?>(
                        "select id from platform.sso_connections where id = @wanted and organiser_id = @organiserId and enabled for share", new { wanted, organiserId }, transaction) is null)
                {
                    return SsoErrors.ConnectionNotFound.ToResult();
                }

                await db.ExecuteAsync("update platform.events set sso_connection_id = @ConnectionId where id = @id", new { id, request.ConnectionId }, transaction);
                await AuditLog.AppendAsync(transaction, new AuditEntry(
                    AuditActor.User(account.UserId), request.ConnectionId is null ? "sso.demand_ended" : "sso.demanded", organiserId, id, "sso_connection", request.ConnectionId));
                return TypedResults.NoContent();
            },
            cancel);

    /// <summary>What the sign-in page offers: the event's connection, or those of a mail domain. Says nothing about accounts.</summary>
    public static async Task<Results<Ok<SsoOptions>, ProblemHttpResult>> OptionsAsync(Database database, CancellationToken cancel, string? @event = null, string? email = null, string? next = null)
    {
        await using var db = await database.OpenAsync(cancel);
        if (@event is { Length: <= 80 } && await EventQueries.FindAsync(db, @event) is { IsPublic: true } row
            && await db.QuerySingleOrDefaultAsync<SsoConnection>(
                $"select {SsoConnection.Columns} from platform.sso_connections where enabled and id = (select sso_connection_id from platform.events where id = @Id)", new { row.Id }) is { } demanded)
        {
            return TypedResults.Ok(new SsoOptions(true, [Option(demanded, next ?? $"/e/{row.Slug}")]));
        }

        var domain = Domains.Normalise(email?[(email.LastIndexOf('@') + 1)..]);
        return TypedResults.Ok(new SsoOptions(false, domain is null ? [] : [.. (await Domains.ConnectionsAsync(db, domain)).Select(c => Option(c, next))]));
    }

    public static string StartUrl(Guid connectionId, string? next) => $"/sso/{connectionId}/start" + (next is null ? "" : $"?next={Uri.EscapeDataString(next)}");

    private static SsoOption Option(SsoConnection connection, string? next) => new(connection.Id, connection.Name, StartUrl(connection.Id, next));

    private sealed record DemandRow(string Slug, Guid ConnectionId, string Name, bool Enabled, bool IsLinked);
}
