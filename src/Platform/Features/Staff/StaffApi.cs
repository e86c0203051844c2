using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.External;
using Events.Platform.Features.Organisations;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Staff;

public sealed record StaffUser(Guid Id, string Email, string Name, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt, IReadOnlyList<Membership> Organisations);

/// <summary>
/// The operator's staff: reading personal data for a stated reason, which the organisations concerned can see in their audit log,
/// and issuing tokens of the external API.
/// </summary>
internal static class StaffApi
{
    private static readonly ApiError NotStaff = ApiError.Forbidden("not_staff", "Only admin users of the operator may do this.");
    private static readonly ApiError ReasonMissing = ApiError.BadRequest("reason_missing", "Give the 'reason' for which you read personal data, 5 to 300 characters; it is audited.");

    public static void MapStaff(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/staff").RequireAuthorization(AccountCookie.Scheme).AddEndpointFilter(DoorAsync);
        group.MapGet("/users", FindUserAsync);
        group.MapGet("/organisations/{id:guid}/members", ReadMembersAsync);
        group.MapGet("/organisations/{id:guid}/api-tokens", async (Guid id, Database database, CancellationToken cancel) =>
        {
            await using var connection = await database.OpenAsync(cancel);
            return TypedResults.Ok(await ApiTokens.ListAsync(connection, id));
        });
        group.MapPost("/organisations/{id:guid}/api-tokens", IssueAsync);
        group.MapDelete("/organisations/{id:guid}/api-tokens/{tokenId:guid}", (Guid id, Guid tokenId, SignedIn account, Database database, CancellationToken cancel) =>
            database.InTransactionAsync(transaction => RevokeAsync(transaction, AuditActor.Staff(account.UserId), id, tokenId), cancel));

        var members = routes.MapGroup("/api/v1/organisations/{id:guid}/api-tokens").RequireAuthorization(AccountCookie.Scheme);
        members.MapGet("", ListForMembersAsync);
        members.MapDelete("/{tokenId:guid}", RevokeForMembersAsync);
    }

    /// <summary>Lets the operator's staff in, and nobody else.</summary>
    public static RouteHandlerBuilder RequireStaff(this RouteHandlerBuilder route) => route.RequireAuthorization(AccountCookie.Scheme).AddEndpointFilter(DoorAsync);

    private static async ValueTask<object?> DoorAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        await using (var connection = await context.RequestServices.GetRequiredService<Database>().OpenAsync(context.RequestAborted))
        {
            var isStaff = await connection.QuerySingleAsync<bool>(
                "select exists (select 1 from platform.admin_users where user_id = @UserId and disabled_at is null)", new { SignedIn.From(context.User)?.UserId });
            if (!isStaff)
            {
                return NotStaff.ToResult();
            }
        }

        return await next(invocation);
    }

    private static Task<Results<Ok<StaffUser>, ProblemHttpResult>> FindUserAsync(string? email, string? reason, SignedIn account, Database database, CancellationToken cancel) =>
        database.InTransactionAsync<Results<Ok<StaffUser>, ProblemHttpResult>>(
            async transaction =>
            {
                if (!IsReason(reason))
                {
                    return ReasonMissing.ToResult();
                }

                var connection = transaction.Connection!;
                var user = email is { Length: > 0 and <= 254 } && FieldChecks.IsWellFormed(email)
                    ? await connection.QuerySingleOrDefaultAsync<UserRow>("select id, email, name, created_at, disabled_at from platform.users where lower(email) = lower(@email)", new { email }, transaction)
                    : null;
                if (user is null)
                {
                    return ApiError.NotFound("user_not_found", "There is no account with this address.").ToResult();
                }

                var organisations = (await connection.QueryAsync<Membership>(
                    "select o.id, o.name, m.role from platform.organization_members m join platform.organisers o on o.id = m.organiser_id where m.user_id = @Id order by o.id limit 200", user, transaction)).AsList();
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.Staff(account.UserId), "user.read", SubjectType: "user", SubjectId: user.Id, Detail: new { reason }));
                foreach (var organisation in organisations)
                {
                    await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.Staff(account.UserId), "user.read", organisation.Id, SubjectType: "user", SubjectId: user.Id, Detail: new { reason }));
                }

                return TypedResults.Ok(new StaffUser(user.Id, user.Email, user.Name, user.CreatedAt, user.DisabledAt, organisations));
            },
            cancel);

    private static Task<Results<Ok<MemberPage>, ProblemHttpResult>> ReadMembersAsync(Guid id, string? reason, SignedIn account, Database database, CancellationToken cancel, Guid? after = null) =>
        database.InTransactionAsync<Results<Ok<MemberPage>, ProblemHttpResult>>(
            async transaction =>
            {
                if (!IsReason(reason))
                {
                    return ReasonMissing.ToResult();
                }

                var page = await Members.ReadAsync(transaction.Connection!, id, after);
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.Staff(account.UserId), "members.read", id, Detail: new { page.Items.Count, reason }));
                return TypedResults.Ok(page);
            },
            cancel);

    private static Task<Results<Created<ApiTokenCreated>, ProblemHttpResult>> IssueAsync(Guid id, ApiTokenRequest request, SignedIn account, HttpContext context, Database database, TimeProvider clock, CancellationToken cancel) =>
        database.InTransactionAsync<Results<Created<ApiTokenCreated>, ProblemHttpResult>>(
            async transaction =>
            {
                var (created, error) = await ApiTokens.IssueAsync(transaction, account.UserId, id, request, clock.GetUtcNow());
                if (error is not null)
                {
                    return error.ToResult();
                }

                context.Response.Headers.CacheControl = "no-store";
                return TypedResults.Created((string?)null, created);
            },
            cancel);

    private static async Task<Results<Ok<ApiTokenList>, ProblemHttpResult>> ListForMembersAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageApiTokens) is { } refused
            ? refused.ToResult()
            : TypedResults.Ok(await ApiTokens.ListAsync(connection, id));
    }

    private static Task<Results<NoContent, ProblemHttpResult>> RevokeForMembersAsync(Guid id, Guid tokenId, SignedIn account, Database database, CancellationToken cancel) =>
        database.InTransactionAsync(
            async transaction => await OrganisationDoor.RefusalAsync(transaction.Connection!, account, id, OrganisationAction.ManageApiTokens) is { } refused
                ? refused.ToResult()
                : await RevokeAsync(transaction, AuditActor.User(account.UserId), id, tokenId),
            cancel);

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(NpgsqlTransaction transaction, AuditActor actor, Guid organiserId, Guid tokenId) =>
        await ApiTokens.RevokeAsync(transaction, actor, organiserId, tokenId)
            ? TypedResults.NoContent()
            : ApiError.NotFound("token_not_found", "There is no such token.").ToResult();

    private static bool IsReason(string? reason) => reason?.Trim().Length is >= 5 and <= 300 && FieldChecks.IsWellFormed(reason);

    private sealed record UserRow(Guid Id, string Email, string Name, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt);
}

/// <summary>Makes admin users of the addresses in <c>EVENTS_STAFF</c>, and of no others: who is taken off the list loses it at the next start.</summary>
internal sealed class StaffSeed(NodeOptions options, Database database) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => database.InTransactionAsync(
        async transaction =>
        {
            var addresses = options.Staff.Select(a => a.ToLowerInvariant()).Distinct().ToArray();
            foreach (var email in addresses)
            {
                await transaction.Connection!.ExecuteAsync(
                    "insert into platform.users (id, email, name) values (@Id, @email, @email) on conflict (lower(email)) do nothing", new { Id = Guid.CreateVersion7(), email }, transaction);
            }

            return await transaction.Connection!.ExecuteAsync(
                """
                update platform.admin_users a set disabled_at = now() from platform.users u where u.id = a.user_id and a.disabled_at is null and lower(u.email) <> all(@addresses);
                insert into platform.admin_users (user_id) select id from platform.users where lower(email) = any(@addresses)
                on conflict (user_id) do update set disabled_at = null
                """,
                new { addresses },
                transaction);
        },
        cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
