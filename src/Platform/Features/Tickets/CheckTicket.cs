using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <param name="EventId">The event at whose door the code is shown.</param>
/// <param name="TicketId">Instead of a code: found in the list by whoever stands at the door.</param>
public sealed record TicketCheck(string? Code, Guid? EventId, Guid? TicketId = null);

/// <param name="Reason">Null for a valid ticket, else code_invalid, wrong_event, cancelled, transferred, revoked, not_paid; at check-in also blocked, already_in.</param>
public sealed record TicketVerdict(bool Valid, string? Reason, TicketDetails? Ticket);

/// <summary>Whether a shown code opens this event's door. A refusal is an answer, not an error.</summary>
internal static class CheckTicket
{
    public static async Task<Results<Ok<TicketVerdict>, ProblemHttpResult>> HandleAsync(TicketCheck request, SignedIn account, Database database, TicketKeys keys, CancellationToken cancel)
    {
        if (request.EventId is not { } atDoor)
        {
            return ApiError.BadRequest("event_id_missing", "'eventId' is needed.").ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        if ((await EventGuard.ManagedAsync(connection, account, atDoor, EventAction.CheckIn)).Error is { } error)
        {
            return error.ToResult();
        }

        return TypedResults.Ok(await VerdictAsync(connection, keys, atDoor, request.Code, request.TicketId));
    }

    /// <summary>By code, or by id where somebody with the list vouches for the person.</summary>
    public static async Task<TicketVerdict> VerdictAsync(NpgsqlConnection connection, TicketKeys keys, Guid atDoor, string? code, Guid? byHand)
    {
        Guid ticketId;
        if (byHand is { } id)
        {
            (var isHere, ticketId) = (await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.tickets where id = @id and event_id = @atDoor)", new { id, atDoor }), id);
            if (!isHere)
            {
                return new TicketVerdict(false, "code_invalid", null);
            }
        }
        else if (!keys.TryVerifyCode(code, out var eventId, out ticketId))
        {
            return new TicketVerdict(false, "code_invalid", null);
        }
        else if (eventId != atDoor)
        {
            // Another event's ticket is another organiser's personal data: nothing of it is shown.
            return new TicketVerdict(false, "wrong_event", null);
        }

        return await OrderQueries.TicketAsync(connection, ticketId, keys) is not { } ticket
            ? new TicketVerdict(false, "code_invalid", null)
            : new TicketVerdict(ticket.State == "valid", ticket.State switch { "valid" => null, "held" or "released" => "not_paid", var state => state }, ticket);
    }
}
