using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Lets ticket holders in at the door, each once, and takes a mistake back.</summary>
internal static class CheckIn
{
    private static readonly ApiError NoTicket = ApiError.NotFound("ticket_not_found", "There is no such ticket.");

    /// <summary>By its code, or by hand by its id. A ticket that is in already is an answer, with the time when it came.</summary>
    public static async Task<Results<Ok<TicketVerdict>, ProblemHttpResult>> HandleAsync(TicketCheck request, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel)
    {
        if (request.EventId is not { } atDoor)
        {
            return ApiError.BadRequest("event_id_missing", "'eventId' is needed.").ToResult();
        }

        return (await database.TryInTransactionAsync<TicketVerdict>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (await RefusalAsync(connection, account, atDoor) is { } refused)
                {
                    return refused;
                }

                var verdict = await CheckTicket.VerdictAsync(connection, keys, atDoor, request.Code, request.TicketId);
                if (!verdict.Valid)
                {
                    return verdict;
                }

                // Two doors at the same moment: one of them lets the person in, the other is told so.
                var ticketId = verdict.Ticket!.Id;
                var isIn = await connection.ExecuteAsync(
                    "update platform.tickets set checked_in_at = now(), checked_in_by = @UserId where id = @ticketId and state = 'valid' and checked_in_at is null", new { ticketId, account.UserId }) == 1;
                if (isIn)
                {
                    await Outbox.AppendAsync(transaction, "ticket", ticketId, "ticket.checked_in", new { ticketId, eventId = atDoor });
                }

                var after = (await OrderQueries.TicketAsync(connection, ticketId, keys))!;
                return isIn ? new TicketVerdict(true, null, after) : new TicketVerdict(false, after.State == "valid" ? "already_in" : after.State, after);
            },
            cancel)).ToOk();
    }

    /// <summary>It was somebody else, or the wrong button.</summary>
    public static async Task<Results<Ok<TicketDetails>, ProblemHttpResult>> UndoAsync(Guid id, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel) =>
        (await database.TryInTransactionAsync<TicketDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (await connection.QuerySingleOrDefaultAsync<Guid?>("select event_id from platform.tickets where id = @id for update", new { id }) is not { } eventId || await RefusalAsync(connection, account, eventId) is not null)
                {
                    return NoTicket;
                }

                if (await connection.ExecuteAsync("update platform.tickets set checked_in_at = null, checked_in_by = null where id = @id and checked_in_at is not null", new { id }) == 1)
                {
                    await Outbox.AppendAsync(transaction, "ticket", id, "ticket.check_in_undone", new { ticketId = id, eventId });
                }

                return (await OrderQueries.TicketAsync(connection, id, keys))!;
            },
            cancel)).ToOk();

    private static async Task<ApiError?> RefusalAsync(NpgsqlConnection connection, SignedIn account, Guid eventId)
    {
        if (Permissions.Allows(await Permissions.EventRoleAsync(connection, account.UserId, eventId), EventAction.CheckIn))
        {
            return null;
        }

        return (await EventGuard.ManagedAsync(connection, account, eventId)).Error;
    }
}
