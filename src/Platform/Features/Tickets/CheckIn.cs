using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <param name="State">The ticket's, or "blocked"; only a valid one enters.</param>
/// <param name="IsNew">Let in just now.</param>
/// <param name="CheckedInAt">Now or before; null: not in.</param>
internal sealed record DoorEntry(string State, bool IsNew, DateTimeOffset? CheckedInAt);

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

                var ticketId = verdict.Ticket!.Id;
                var entry = await EnterAsync(transaction, atDoor, ticketId, account.UserId, apiTokenId: null);
                var after = (await OrderQueries.TicketAsync(connection, ticketId, keys))!;
                return entry is { IsNew: true } ? new TicketVerdict(true, null, after) : new TicketVerdict(false, entry?.CheckedInAt is not null ? "already_in" : entry?.State ?? after.State, after);
            },
            cancel)).ToOk();
    }

    /// <summary>It was somebody else, or the wrong button.</summary>
    public static async Task<Results<Ok<TicketDetails>, ProblemHttpResult>> UndoAsync(Guid id, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel) =>
        (await database.TryInTransactionAsync<TicketDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (await connection.QuerySingleOrDefaultAsync<Guid?>("select event_id from platform.tickets where id = @id", new { id }) is not { } eventId || await RefusalAsync(connection, account, eventId) is not null)
                {
                    return NoTicket;
                }

                await LeaveAsync(transaction, eventId, id);
                return (await OrderQueries.TicketAsync(connection, id, keys))!;
            },
            cancel)).ToOk();

    /// <summary>The one way in, for accounts and tokens. Two doors at the same moment: one of them lets the person in, the other is told so.</summary>
    /// <returns>Null: the event has no such ticket.</returns>
    public static async Task<DoorEntry?> EnterAsync(NpgsqlTransaction transaction, Guid eventId, Guid ticketId, Guid? userId, Guid? apiTokenId)
    {
        // Against a refund or a transfer at the same moment, too: one of the two comes first, and the other sees it.
        var connection = transaction.Connection!;
        var state = await connection.QuerySingleOrDefaultAsync<string>(
            "select case when state = 'valid' and blocked_at is not null then 'blocked' else state end from platform.tickets where id = @ticketId and event_id = @eventId for no key update", new { ticketId, eventId });
        if (state is not "valid")
        {
            return state is null ? null : new DoorEntry(state, false, null);
        }

        var values = new { ticketId, eventId, userId, apiTokenId };
        if (await connection.QuerySingleOrDefaultAsync<DateTimeOffset?>("select checked_in_at from platform.ticket_check_ins where ticket_id = @ticketId", values) is { } before)
        {
            return new DoorEntry(state, false, before);
        }

        var now = await connection.QuerySingleAsync<DateTimeOffset>(
            "insert into platform.ticket_check_ins (ticket_id, event_id, user_id, api_token_id) values (@ticketId, @eventId, @userId, @apiTokenId) returning checked_in_at", values);
        await Outbox.AppendAsync(transaction, "ticket", ticketId, "ticket.checked_in", new { ticketId, eventId });
        return new DoorEntry(state, true, now);
    }

    /// <summary>Takes an entry back.</summary>
    /// <returns>When it had been; null: the ticket was not in.</returns>
    public static async Task<DateTimeOffset?> LeaveAsync(NpgsqlTransaction transaction, Guid eventId, Guid ticketId)
    {
        // Everybody locks the ticket before what hangs on it. Scans that are yet to arrive are new; those that made this entry count no more.
        var values = new { ticketId, eventId };
        await transaction.Connection!.ExecuteAsync("select 1 from platform.tickets where id = @ticketId for no key update", values);
        await transaction.Connection!.ExecuteAsync("update platform.check_in_scans set voided_at = now() where ticket_id = @ticketId and event_id = @eventId and admitted and voided_at is null", values);
        var at = await transaction.Connection!.QuerySingleOrDefaultAsync<DateTimeOffset?>(
            "delete from platform.ticket_check_ins where ticket_id = @ticketId and event_id = @eventId returning checked_in_at", values);
        if (at is not null)
        {
            await Outbox.AppendAsync(transaction, "ticket", ticketId, "ticket.checked_out", new { ticketId, eventId });
        }

        return at;
    }

    /// <summary>Who may stand at the event's doors. Null when allowed.</summary>
    public static async Task<ApiError?> RefusalAsync(NpgsqlConnection connection, SignedIn account, Guid eventId) =>
        (await EventGuard.ManagedAsync(connection, account, eventId, EventAction.CheckIn)).Error;
}
