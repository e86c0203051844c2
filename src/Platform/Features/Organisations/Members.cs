using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Organisations;

public sealed record MemberDetails(Guid UserId, string Email, string Name, string Role, DateTimeOffset CreatedAt);

public sealed record MemberPage(IReadOnlyList<MemberDetails> Items, string? Next);

public sealed record MemberChange(string? Role);

/// <summary>The members of an organisation. One admin always remains.</summary>
internal static class Members
{
    private const int PageSize = 200;

    private static readonly ApiError NotFound = ApiError.NotFound("member_not_found", "There is no such member.");
    private static readonly ApiError LastAdmin = ApiError.Conflict("last_admin", "An organisation keeps at least one admin; make another member one first.");
    private static readonly ApiError RoleInvalid = ApiError.BadRequest("role_invalid", "'role' is organization_admin, event_admin or regular_member.");

    public static async Task<Results<Ok<MemberPage>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel, Guid? after = null)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.View) is { } refused
            ? refused.ToResult()
            : TypedResults.Ok(await ReadAsync(connection, id, after));
    }

    public static async Task<MemberPage> ReadAsync(NpgsqlConnection connection, Guid organiserId, Guid? after)
    {
        var rows = (await connection.QueryAsync<MemberDetails>(
            """
            select u.id as user_id, u.email, u.name, m.role, m.created_at from platform.organization_members m join platform.users u on u.id = m.user_id
            where m.organiser_id = @organiserId and (@after::uuid is null or u.id > @after) order by u.id limit @Take
            """,
            new { organiserId, after, Take = PageSize + 1 })).AsList();
        var items = rows.Take(PageSize).ToList();
        return new MemberPage(items, rows.Count > PageSize ? items[^1].UserId.ToString() : null);
    }

    public static Task<Results<NoContent, ProblemHttpResult>> ChangeAsync(Guid id, Guid userId, MemberChange change, SignedIn account, Database database, TimeProvider clock, CancellationToken cancel) =>
        change.Role is { } role && Permissions.OrganisationRoles.Contains(role)
            ? WriteAsync(id, userId, account, role, database, clock, cancel)
            : Task.FromResult<Results<NoContent, ProblemHttpResult>>(RoleInvalid.ToResult());

    /// <summary>An admin removes a member; anyone leaves.</summary>
    public static Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid userId, SignedIn account, Database database, TimeProvider clock, CancellationToken cancel) =>
        WriteAsync(id, userId, account, null, database, clock, cancel);

    private static Task<Results<NoContent, ProblemHttpResult>> WriteAsync(Guid id, Guid userId, SignedIn account, string? role, Database database, TimeProvider clock, CancellationToken cancel) =>
        database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var action = role is null && userId == account.UserId ? OrganisationAction.View : OrganisationAction.ManageMembers;
                if (await OrganisationDoor.RefusalAsync(connection, account, id, action) is { } refused)
                {
                    return refused.ToResult();
                }

                // The organisation's row makes changes take turns: of two admins that remove each other, one stays.
                await connection.ExecuteAsync("select 1 from platform.organisers where id = @id for update", new { id }, transaction);
                var before = await connection.QuerySingleOrDefaultAsync<string?>("select role from platform.organization_members where organiser_id = @id and user_id = @userId", new { id, userId }, transaction);
                if (before is null)
                {
                    return NotFound.ToResult();
                }

                if (before == role)
                {
                    return TypedResults.NoContent();
                }

                var admins = await connection.QuerySingleAsync<int>("select count(*)::int from platform.organization_members where organiser_id = @id and role = 'organization_admin'", new { id }, transaction);
                if (before == Permissions.OrganizationAdmin && admins == 1)
                {
                    return LastAdmin.ToResult();
                }

                await connection.ExecuteAsync(
                    role is null
                        ? "delete from platform.organization_members where organiser_id = @id and user_id = @userId"
                        : "update platform.organization_members set role = @role where organiser_id = @id and user_id = @userId",
                    new { id, userId, role },
                    transaction);
                await RoleChanges.FollowAsync(transaction, userId, id, null, clock.GetUtcNow());
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), role is null ? "member.removed" : "member.role_changed", id, SubjectType: "user", SubjectId: userId, Detail: new { before, after = role }));
                return TypedResults.NoContent();
            },
            cancel);
}
