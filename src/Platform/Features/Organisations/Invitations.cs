using System.Globalization;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Links;
using Events.Platform.Features.Rooms;
using Npgsql;

namespace Events.Platform.Features.Organisations;

/// <param name="Role">A member's role, or one in an event.</param>
public sealed record InvitationRequest(string? Email, string? Role);

/// <param name="EventId">Null: into the organisation.</param>
public sealed record InvitationDetails(Guid Id, Guid? EventId, string Email, string Role, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>Inviting by e-mail, into an organisation or to a part in an event; accepted by the one who reads the mailbox.</summary>
internal static class Invitations
{
    /// <summary>An invitation may wait over a weekend and a holiday. It signs nobody in.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const int MaxOpen = 500;

    private static readonly ApiError TooMany = ApiError.Conflict("too_many_invitations", $"At most {MaxOpen} invitations are open at once; revoke some, or wait until they are accepted.");
    private static readonly ApiError Gone = new(410, "invitation_revoked", "This invitation was taken back.");

    /// <summary>Makes or renews an invitation and mails its link. The same address again: the same invitation, a new link, the new role.</summary>
    public static async Task<(InvitationDetails? Invitation, ApiError? Error)> InviteAsync(
        NpgsqlTransaction transaction, LinkMails links, Guid inviterId, Guid organiserId, Guid? eventId, string email, string role, DateTimeOffset now)
    {
        var connection = transaction.Connection!;
        var open = await connection.QuerySingleAsync<int>(
            "select count(*)::int from platform.invitations where organiser_id = @organiserId and accepted_at is null and expires_at > now() and lower(email) <> lower(@email)", new { organiserId, email }, transaction);
        if (open >= MaxOpen)
        {
            return (null, TooMany);
        }

        var invitation = await connection.QuerySingleAsync<InvitationDetails>(
            """
            insert into platform.invitations as i (id, organiser_id, event_id, email, role, invited_by, expires_at)
            values (@Id, @organiserId, @eventId, @email, @role, @inviterId, @ExpiresAt)
            on conflict (organiser_id, coalesce(event_id, '00000000-0000-0000-0000-000000000000'), lower(email)) where accepted_at is null
            do update set role = excluded.role, invited_by = excluded.invited_by, expires_at = excluded.expires_at
            returning i.id, i.event_id, i.email, i.role, i.created_at, i.expires_at
            """,
            new { Id = Guid.CreateVersion7(), organiserId, eventId, email, role, inviterId, ExpiresAt = now + Lifetime },
            transaction);

        // A renewed invitation has one link: the old mail's no longer works.
        await connection.ExecuteAsync("update platform.magic_links set consumed_at = now() where subject_id = @Id and consumed_at is null", new { invitation.Id }, transaction);
        var names = await connection.QuerySingleAsync<Names>(
            """
            select u.name as inviter, o.name as organisation, e.name as event from platform.users u
            join platform.organisers o on o.id = @organiserId left join platform.events e on e.id = @eventId where u.id = @inviterId
            """,
            new { organiserId, eventId, inviterId },
            transaction);
        await links.SendAsync(
            transaction,
            new MagicLink(MagicLinks.Invitation, email, null, invitation.Id, null, invitation.ExpiresAt),
            email,
            eventId is null ? "organisation-invitation" : "event-role-invitation",
            new()
            {
                ["inviter"] = names.Inviter,
                ["organisation"] = names.Organisation,
                ["event"] = names.Event ?? "",
                ["role"] = role.Replace('_', ' '),
                ["until"] = invitation.ExpiresAt.ToString("d MMMM yyyy HH:mm 'UTC'", CultureInfo.InvariantCulture),
            });
        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(inviterId), "invitation.sent", organiserId, eventId, "invitation", invitation.Id, new { role }));
        return (invitation, null);
    }

    /// <summary>The consumed link's effect.</summary>
    public static async Task<ApiError?> AcceptAsync(NpgsqlTransaction transaction, Guid invitationId, Guid userId, DateTimeOffset now)
    {
        var connection = transaction.Connection!;
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            "update platform.invitations set accepted_at = now() where id = @invitationId and accepted_at is null returning organiser_id, event_id, role", new { invitationId }, transaction);
        if (row is null)
        {
            return Gone;
        }

        // An invitation never takes a higher role away; only an admin's explicit change does.
        await connection.ExecuteAsync(
            row.EventId is null
                ? "insert into platform.organization_members (user_id, organiser_id, role) values (@userId, @OrganiserId, @Role) on conflict (user_id, organiser_id) do nothing"
                : "insert into platform.event_roles (event_id, user_id, role) values (@EventId, @userId, @Role) on conflict (event_id, user_id) do update set role = excluded.role",
            new { userId, row.OrganiserId, row.EventId, row.Role },
            transaction);
        await RoleChanges.FollowAsync(transaction, userId, row.OrganiserId, row.EventId, now);
        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(userId), "invitation.accepted", row.OrganiserId, row.EventId, "invitation", invitationId, new { row.Role }));
        return null;
    }

    public static async Task<IReadOnlyList<InvitationDetails>> OpenAsync(NpgsqlConnection connection, Guid organiserId, Guid? eventId) =>
        (await connection.QueryAsync<InvitationDetails>(
            """
            select id, event_id, email, role, created_at, expires_at from platform.invitations
            where organiser_id = @organiserId and event_id is not distinct from @eventId and accepted_at is null and expires_at > now() order by id limit 500
            """,
            new { organiserId, eventId })).AsList();

    /// <summary>Takes an invitation back; false when it is not open.</summary>
    public static async Task<bool> RevokeAsync(NpgsqlTransaction transaction, Guid actor, Guid organiserId, Guid? eventId, Guid invitationId)
    {
        var gone = await transaction.Connection!.ExecuteAsync(
            """
            delete from platform.invitations where id = @invitationId and organiser_id = @organiserId and event_id is not distinct from @eventId and accepted_at is null
            """,
            new { invitationId, organiserId, eventId },
            transaction);
        if (gone > 0)
        {
            await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(actor), "invitation.revoked", organiserId, eventId, "invitation", invitationId));
        }

        return gone > 0;
    }

    private sealed record Row(Guid OrganiserId, Guid? EventId, string Role);

    private sealed record Names(string Inviter, string Organisation, string? Event);
}
