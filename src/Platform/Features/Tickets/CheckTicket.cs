using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Tickets;

/// <param name="EventId">The event at whose door the code is shown.</param>
public sealed record TicketCheck(string? Code, Guid? EventId);

/// <param name="Reason">Null for a valid ticket, else code_invalid, wrong_event, cancelled, transferred, revoked, not_paid.</param>
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
        if ((await EventGuard.ManagedAsync(connection, account, atDoor)).Error is { } error)
        {
            return error.ToResult();
        }

        if (!keys.TryVerifyCode(request.Code, out var eventId, out var ticketId))
        {
            return TypedResults.Ok(new TicketVerdict(false, "code_invalid", null));
        }

        // Another event's ticket is another organiser's personal data: nothing of it is shown.
        if (eventId != atDoor)
        {
            return TypedResults.Ok(new TicketVerdict(false, "wrong_event", null));
        }

        return TypedResults.Ok(await OrderQueries.TicketAsync(connection, ticketId, keys) is not { } ticket
            ? new TicketVerdict(false, "code_invalid", null)
            : new TicketVerdict(ticket.State == "valid", ticket.State switch { "valid" => null, "held" or "released" => "not_paid", var state => state }, ticket));
    }
}
