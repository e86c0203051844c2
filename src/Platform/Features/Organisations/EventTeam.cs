using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Links;
using Events.Platform.Features.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Organisations;

public sealed record TeamMember(Guid UserId, string Email, string Name, string Role);

public sealed record TeamAnswer(IReadOnlyList<TeamMember> Members, IReadOnlyList<InvitationDetails> Invitations);

/// <summary>Who has a part in one event: hosts, co-hosts, speakers, moderators, judges, booth staff, scanners.</summary>
internal static class EventTeam
{
    private const int MaxTeam = 500;

    private static readonly ApiError NotAllowed = ApiError.Forbidden("role_not_allowed", "Your role in this event does not allow it.");
    private static readonly ApiError NotFound = ApiError.NotFound("team_member_not_found", "This user has no part in the event.");

    public static void MapEventTeam(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/events/{id:guid}/team").RequireAuthorization(AccountCookie.Scheme);
        group.MapGet("", ListAsync);
        group.MapPost("", InviteAsync);
        group.MapDelete("/{userId:guid}", RemoveAsync);
        group.MapDelete("/invitations/{invitationId:guid}", RevokeAsync);
    }

    private static async Task<Results<Ok<TeamAnswer>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var (row, refused) = await DoorAsync(connection, account, id);
        if (row is null)
        {
            return refused!.ToResult();
        }

        var members = await connection.QueryAsync<TeamMember>(
            "select u.id as user_id, u.email, u.name, r.role from platform.event_roles r join platform.users u on u.id = r.user_id where r.event_id = @id order by r.role, u.id limit @MaxTeam", new { id, MaxTeam });
        return TypedResults.Ok(new TeamAnswer(members.AsList(), await Invitations.OpenAsync(connection, row.OrganiserId, id)));
    }

    private static Task<Results<Accepted<InvitationDetails>, ProblemHttpResult>> InviteAsync(
        Guid id, InvitationRequest request, SignedIn account, HttpContext context, Database database, LinkMails links, LinkLimits limits, TimeProvider clock, CancellationToken cancel) =>
        database.InTransactionAsync<Results<Accepted<InvitationDetails>, ProblemHttpResult>>(
            async transaction =>
            {
                var (row, refused) = await DoorAsync(transaction.Connection!, account, id);
                if (row is null)
                {
                    return refused!.ToResult();
                }

                if (OrganisationsApi.RequestError(request, r => Permissions.EventRoles.Contains(r) && r is not (Permissions.Organiser or Permissions.Attendee)) is { } wrong)
                {
                    return wrong.ToResult();
                }

                if (!limits.Admits(context.Connection.RemoteIpAddress, $"invite {request.Email}"))
                {
                    return OrganisationsApi.TooManyMails.ToResult();
                }

                var (invitation, error) = await Invitations.InviteAsync(transaction, links, account.UserId, row.OrganiserId, id, request.Email!, request.Role!, clock.GetUtcNow());
                return error is not null ? error.ToResult() : TypedResults.Accepted((string?)null, invitation!);
            },
            cancel);

    private static Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid userId, SignedIn account, Database database, TimeProvider clock, CancellationToken cancel) =>
        database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var (row, refused) = await DoorAsync(transaction.Connection!, account, id);
                if (row is null)
                {
                    return refused!.ToResult();
                }

                if (await transaction.Connection!.ExecuteAsync("delete from platform.event_roles where event_id = @id and user_id = @userId", new { id, userId }, transaction) == 0)
                {
                    return NotFound.ToResult();
                }

                await RoleChanges.FollowAsync(transaction, userId, row.OrganiserId, id, clock.GetUtcNow());
                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "team.removed", row.OrganiserId, id, "user", userId));
                return TypedResults.NoContent();
            },
            cancel);

    private static Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(Guid id, Guid invitationId, SignedIn account, Database database, CancellationToken cancel) =>
        database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var (row, refused) = await DoorAsync(transaction.Connection!, account, id);
                return row is null ? refused!.ToResult()
                    : await Invitations.RevokeAsync(transaction, account.UserId, row.OrganiserId, id, invitationId) ? TypedResults.NoContent()
                    : OrganisationsApi.InvitationNotFound.ToResult();
            },
            cancel);

    private static async Task<(EventRow? Row, ApiError? Refused)> DoorAsync(NpgsqlConnection connection, SignedIn account, Guid eventId)
    {
        var row = await EventQueries.FindAsync(connection, eventId.ToString());
        var role = row is null ? null : await Permissions.EventRoleAsync(connection, account.UserId, eventId);
        return row is null || (role is null && !row.IsPublic) ? (null, EventsApi.NotFound)
            : Permissions.Allows(role, EventAction.ManageTeam) ? (row, null)
            : (null, NotAllowed);
    }
}
