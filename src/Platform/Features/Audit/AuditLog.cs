using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Audit;

/// <summary>Who acted.</summary>
public sealed record AuditActor(string Kind, Guid? Id)
{
    public static AuditActor User(Guid id) => new("user", id);

    /// <summary>The operator's staff.</summary>
    public static AuditActor Staff(Guid id) => new("staff", id);

    public static AuditActor ApiToken(Guid id) => new("api_token", id);

    /// <summary>Nobody with an account.</summary>
    public static readonly AuditActor System = new("system", null);
}

/// <param name="Action">"member.role_changed", "participants.read", …</param>
/// <param name="OrganiserId">The organisation whose admins may read of it; null: the operator's alone.</param>
/// <param name="Detail">Ids, roles, counts: no names, no addresses.</param>
public sealed record AuditEntry(AuditActor Actor, string Action, Guid? OrganiserId = null, Guid? EventId = null, string? SubjectType = null, Guid? SubjectId = null, object? Detail = null);

public sealed record AuditItem(Guid Id, DateTimeOffset At, string ActorKind, Guid? ActorId, string Action, Guid? EventId, string? SubjectType, Guid? SubjectId, JsonElement Detail);

public sealed record AuditPage(IReadOnlyList<AuditItem> Items, string? Next);

/// <summary>The audit log: written in the transaction of its cause, append-only, read by the organisation's admins.</summary>
public static class AuditLog
{
    private const int MaxPage = 200;

    public static Task AppendAsync(NpgsqlTransaction transaction, AuditEntry entry) => transaction.Connection!.ExecuteAsync(
        """
        insert into platform.audit_log (id, organiser_id, event_id, actor_kind, actor_id, action, subject_type, subject_id, detail)
        values (@Id, @OrganiserId, @EventId, @Kind, @ActorId, @Action, @SubjectType, @SubjectId, @Detail::jsonb)
        """,
        new
        {
            Id = Guid.CreateVersion7(),
            entry.OrganiserId,
            entry.EventId,
            entry.Actor.Kind,
            ActorId = entry.Actor.Id,
            entry.Action,
            entry.SubjectType,
            entry.SubjectId,
            Detail = JsonSerializer.Serialize(entry.Detail ?? new { }, JsonSerializerOptions.Web),
        },
        transaction);

    internal static void MapAudit(this IEndpointRouteBuilder routes) => routes.MapGet("/api/v1/organisations/{id:guid}/audit", ListAsync).RequireAuthorization(AccountCookie.Scheme);

    /// <summary>Latest first; <c>after</c> is the last id of the page before.</summary>
    private static async Task<Results<Ok<AuditPage>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ReadAudit) is { } refused)
        {
            return refused.ToResult();
        }

        limit = Math.Clamp(limit, 1, MaxPage);
        var rows = (await connection.QueryAsync<Row>(
            """
            select id, at, actor_kind, actor_id, action, event_id, subject_type, subject_id, detail::text as detail from platform.audit_log
            where organiser_id = @id and (@after::uuid is null or id < @after) order by id desc limit @Take
            """,
            new { id, after, Take = limit + 1 })).AsList();
        var items = rows.Take(limit).Select(r => new AuditItem(r.Id, r.At, r.ActorKind, r.ActorId, r.Action, r.EventId, r.SubjectType, r.SubjectId, JsonSerializer.Deserialize<JsonElement>(r.Detail))).ToList();
        return TypedResults.Ok(new AuditPage(items, rows.Count > limit ? items[^1].Id.ToString() : null));
    }

    private sealed record Row(Guid Id, DateTimeOffset At, string ActorKind, Guid? ActorId, string Action, Guid? EventId, string? SubjectType, Guid? SubjectId, string Detail);
}
