using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Links;
using Events.Platform.Features.Mail;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Organisations;

public sealed record OrganisationRequest(string? Name);

public sealed record OrganisationDetails(Guid Id, string Name, string Role);

public sealed record InvitationList(IReadOnlyList<InvitationDetails> Items);

/// <summary>Organisations: making and naming them, and inviting people.</summary>
internal static class OrganisationsApi
{
    private const int MaxPerUser = 50;

    public static void MapOrganisations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/organisations").RequireAuthorization(AccountCookie.Scheme);
        group.MapPost("", CreateAsync);
        group.MapGet("/{id:guid}", GetAsync);
        group.MapPatch("/{id:guid}", RenameAsync);
        group.MapGet("/{id:guid}/members", Members.ListAsync);
        group.MapPatch("/{id:guid}/members/{userId:guid}", Members.ChangeAsync);
        group.MapDelete("/{id:guid}/members/{userId:guid}", Members.RemoveAsync);
        group.MapGet("/{id:guid}/invitations", ListInvitationsAsync);
        group.MapPost("/{id:guid}/invitations", InviteAsync);
        group.MapDelete("/{id:guid}/invitations/{invitationId:guid}", RevokeInvitationAsync);
    }

    private static Task<Results<Created<OrganisationDetails>, ProblemHttpResult>> CreateAsync(OrganisationRequest request, SignedIn account, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        return database.InTransactionAsync<Results<Created<OrganisationDetails>, ProblemHttpResult>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (checks.Error is not null)
                {
                    return checks.Error.ToResult();
                }

                // The user's row is the lock of the count.
                await connection.ExecuteAsync("select 1 from platform.users where id = @UserId for update", account, transaction);
                if (await connection.QuerySingleAsync<int>("select count(*)::int from platform.organization_members where user_id = @UserId", account, transaction) >= MaxPerUser)
                {
                    return ApiError.Conflict("too_many_organisations", $"An account belongs to at most {MaxPerUser} organisations.").ToResult();
                }

                var id = Guid.CreateVersion7();
                await connection.ExecuteAsync(
                    """
                    insert into platform.organisers (id, name) values (@id, @name);
                    insert into platform.organization_members (user_id, organiser_id, role) values (@UserId, @id, 'organization_admin')
                    """,
                    new { id, name, account.UserId },
                    transaction);
                await Outbox.AppendAsync(transaction, "organisation", id, "organisation.created", new { organiserId = id });
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "organisation.created", id, SubjectType: "organisation", SubjectId: id));
                return TypedResults.Created($"/api/v1/organisations/{id}", new OrganisationDetails(id, name, Permissions.OrganizationAdmin));
            },
            cancel);
    }

    private static async Task<Results<Ok<OrganisationDetails>, ProblemHttpResult>> GetAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<OrganisationDetails>(
            "select o.id, o.name, m.role from platform.organisers o join platform.organization_members m on m.organiser_id = o.id where o.id = @id and m.user_id = @UserId", new { id, account.UserId }) is { } found
            ? TypedResults.Ok(found)
            : OrganisationDoor.NotFound.ToResult();
    }

    private static Task<Results<Ok<OrganisationDetails>, ProblemHttpResult>> RenameAsync(Guid id, OrganisationRequest request, SignedIn account, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        return database.InTransactionAsync<Results<Ok<OrganisationDetails>, ProblemHttpResult>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageMembers) is { } refused)
                {
                    return refused.ToResult();
                }

                if (checks.Error is not null)
                {
                    return checks.Error.ToResult();
                }

                await connection.ExecuteAsync("update platform.organisers set name = @name where id = @id", new { id, name }, transaction);
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "organisation.renamed", id, SubjectType: "organisation", SubjectId: id));
                return TypedResults.Ok(new OrganisationDetails(id, name, Permissions.OrganizationAdmin));
            },
            cancel);
    }

    private static async Task<Results<Ok<InvitationList>, ProblemHttpResult>> ListInvitationsAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await OrganisationDoor.RefusalAsync(connection, account, id, OrganisationAction.ManageMembers) is { } refused
            ? refused.ToResult()
            : TypedResults.Ok(new InvitationList(await Invitations.OpenAsync(connection, id, null)));
    }

    private static Task<Results<Accepted<InvitationDetails>, ProblemHttpResult>> InviteAsync(
        Guid id, InvitationRequest request, SignedIn account, HttpContext context, Database database, LinkMails links, LinkLimits limits, TimeProvider clock, CancellationToken cancel) =>
        database.InTransactionAsync<Results<Accepted<InvitationDetails>, ProblemHttpResult>>(
            async transaction =>
            {
                if (await OrganisationDoor.RefusalAsync(transaction.Connection!, account, id, OrganisationAction.ManageMembers) is { } refused)
                {
                    return refused.ToResult();
                }

                if (RequestError(request, Permissions.OrganisationRoles.Contains) is { } wrong)
                {
                    return wrong.ToResult();
                }

                if (!limits.Admits(context.Connection.RemoteIpAddress, $"invite {request.Email}"))
                {
                    return TooManyMails.ToResult();
                }

                var (invitation, error) = await Invitations.InviteAsync(transaction, links, account.UserId, id, null, request.Email!, request.Role!, clock.GetUtcNow());
                return error is not null ? error.ToResult() : TypedResults.Accepted((string?)null, invitation!);
            },
            cancel);

    private static Task<Results<NoContent, ProblemHttpResult>> RevokeInvitationAsync(Guid id, Guid invitationId, SignedIn account, Database database, CancellationToken cancel) =>
        database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction => await OrganisationDoor.RefusalAsync(transaction.Connection!, account, id, OrganisationAction.ManageMembers) is { } refused ? refused.ToResult()
                : await Invitations.RevokeAsync(transaction, account.UserId, id, null, invitationId) ? TypedResults.NoContent()
                : InvitationNotFound.ToResult(),
            cancel);

    internal static readonly ApiError TooManyMails = new(429, "too_many_attempts", "Too many mails to this address; wait a few minutes.");

    internal static readonly ApiError InvitationNotFound = ApiError.NotFound("invitation_not_found", "There is no such open invitation.");

    internal static ApiError? RequestError(InvitationRequest request, Func<string, bool> isRole) =>
        !MailAddresses.IsValid(request.Email) ? ApiError.BadRequest("email_invalid", "'email' must be an e-mail address.")
        : request.Role is null || !isRole(request.Role) ? ApiError.BadRequest("role_invalid", "'role' is none that can be given here.") : null;
}
