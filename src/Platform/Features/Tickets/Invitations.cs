using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Branding;
using Events.Platform.Features.Events;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Organisations;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Invitations to a ticket type by mail, and how far each has come.</summary>
internal static class Invitations
{
    private const int MaxInvitations = 20_000;
    private const string Columns = "id, ticket_type_id, email, state, created_at, changed_at";

    public static async Task<Results<Created<InvitationDetails>, ProblemHttpResult>> SendAsync(
        Guid id, Guid typeId, NewInvitation request, SignedIn account, Database database, TicketKeys keys, NodeOptions options, LinkLimits limits, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var email = checks.Email("email", request.Email);
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        return (await database.TryInTransactionAsync<InvitationDetails>(
            async transaction =>
            {
                var door = await OpenAsync(transaction, id, typeId, account);
                return door.Error is not null ? door.Error
                    : !limits.AdmitsAddressee($"invite {email}") ? OrganisationsApi.TooManyMails
                    : await InviteAsync(transaction, door.Value!, typeId, email, keys, options, isRenewed: true);
            },
            cancel)).ToCreated(_ => $"/api/v1/events/{id}/invitations");
    }

    /// <summary>The event, when this account may invite to this type of its tickets.</summary>
    internal static async Task<Outcome<EventRow>> OpenAsync(NpgsqlTransaction transaction, Guid id, Guid typeId, SignedIn account)
    {
        var connection = transaction.Connection!;
        await connection.ExecuteAsync("select 1 from platform.events where id = @id for share", new { id });
        var managed = await EventGuard.ManagedAsync(connection, account, id);
        return managed.Error is not null ? managed.Error
            : managed.Value!.State == "cancelled" ? CancelEvent.Cancelled
            : (await TicketQueries.TypesAsync(connection, id)).All(t => t.Id != typeId) ? ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.")
            : managed.Value;
    }

    /// <param name="transaction">In which the mail is enqueued as well.</param>
    /// <param name="row">The event.</param>
    /// <param name="typeId">What the person is invited to.</param>
    /// <param name="email">Well-formed.</param>
    /// <param name="keys">Make the link.</param>
    /// <param name="options">Say where we are.</param>
    /// <param name="isRenewed">Whether somebody who has a link already is mailed again: one by one, and not out of a table.</param>
    internal static async Task<Outcome<InvitationDetails>> InviteAsync(NpgsqlTransaction transaction, EventRow row, Guid typeId, string email, TicketKeys keys, NodeOptions options, bool isRenewed)
    {
        var connection = transaction.Connection!;
        if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.ticket_invitations where event_id = @Id", new { row.Id }) >= MaxInvitations)
        {
            return ApiError.Conflict("too_many_invitations", $"An event has at most {MaxInvitations} invitations.");
        }

        var invitation = await connection.QuerySingleOrDefaultAsync<InvitationRow>(
            $"""
            insert into platform.ticket_invitations (id, event_id, ticket_type_id, email, state) values (@InvitationId, @Id, @typeId, @email, 'sent')
            on conflict (ticket_type_id, lower(email)) do update set state = 'sent', changed_at = now()
                where ticket_invitations.state in ('declined', 'revoked') or (@isRenewed and ticket_invitations.state in ('sent', 'opened'))
            returning {Columns}
            """,
            new { InvitationId = Guid.CreateVersion7(), row.Id, typeId, email, isRenewed });
        if (invitation is null)
        {
            return isRenewed
                ? ApiError.Conflict("invitation_accepted", "This person has a ticket by an invitation already.")
                : ApiError.Conflict("already_invited", "This person is invited already.");
        }

        await Outbox.AppendAsync(transaction, "invitation", invitation.Id, "invitation.sent", new { invitationId = invitation.Id, eventId = row.Id });
        await MailOutbox.EnqueueAsync(transaction, new MailMessage(email, "event-invitation", new Dictionary<string, string>(EventBranding.MailValues(row, options))
        {
            ["organisation"] = row.OrganiserName,
            ["event"] = row.Name,
            ["when"] = EventTimes.InWords(row),
            ["invitationUrl"] = new Uri(options.PublicUrl, $"/e/{row.Slug}/tickets#invitation={keys.LinkOf("invitation", invitation.Id)}").ToString(),
        })
        { Urgency = isRenewed ? MailUrgency.Usual : MailUrgency.ToEverybody });
        return invitation.ToDetails(keys);
    }

    public static async Task<Results<Ok<IReadOnlyList<InvitationDetails>>, ProblemHttpResult>> ListAsync(
        Guid id, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel, Guid? after = null, int limit = 100)
    {
        await using var connection = await database.OpenAsync(cancel);
        if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } error)
        {
            return error.ToResult();
        }

        var rows = await connection.QueryAsync<InvitationRow>(
            $"select {Columns} from platform.ticket_invitations where event_id = @id and (@after::uuid is null or id > @after) order by id limit @Take", new { id, after, Take = Math.Clamp(limit, 1, 200) });
        return TypedResults.Ok<IReadOnlyList<InvitationDetails>>([.. rows.Select(r => r.ToDetails(keys))]);
    }

    /// <summary>What the invited person does with the link: "open" or "decline". The key is the permission.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> AnswerAsync(string key, string answer, Database database, TicketKeys keys, CancellationToken cancel)
    {
        if (answer is not ("open" or "decline") || !keys.TryReadLink("invitation", key, out var id))
        {
            return ApiError.NotFound("invitation_invalid", "There is no such invitation.").ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        var changed = await connection.ExecuteAsync(
            """
            update platform.ticket_invitations set state = case when @answer = 'decline' then 'declined' when state = 'sent' then 'opened' else state end, changed_at = now()
            where id = @id and state in ('sent', 'opened', 'declined')
            """,
            new { id, answer });
        return changed == 1 ? TypedResults.NoContent() : ApiError.Conflict("invitation_used", "This invitation has been used or taken back.").ToResult();
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(Guid id, Guid invitationId, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } error)
        {
            return error.ToResult();
        }

        var changed = await connection.ExecuteAsync(
            "update platform.ticket_invitations set state = 'revoked', changed_at = now() where id = @invitationId and event_id = @id and state <> 'accepted'", new { id, invitationId });
        return changed == 1 ? TypedResults.NoContent() : ApiError.Conflict("invitation_used", "There is no such invitation, or it has been used; revoke its ticket instead.").ToResult();
    }

    private sealed record InvitationRow(Guid Id, Guid TicketTypeId, string Email, string State, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt)
    {
        public InvitationDetails ToDetails(TicketKeys keys) => new(Id, TicketTypeId, Email, State, keys.LinkOf("invitation", Id), CreatedAt, ChangedAt);
    }
}
