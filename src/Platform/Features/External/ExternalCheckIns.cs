using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.External;

/// <summary>A ticket at the door: by what its QR code says, or by its id for who came without it. One of the two.</summary>
public sealed record NewCheckIn(string? Code, Guid? TicketId);

/// <param name="Result">"ok": just let in; "already_in"; "refused".</param>
/// <param name="Reason">Of a refusal: code_invalid, wrong_event, ticket_not_found, not_paid, cancelled, transferred, revoked, blocked.</param>
/// <param name="TicketId">Its holder is read at <c>/attendees/{id}</c>, with the scope for that. Null for what is no ticket of this event.</param>
/// <param name="CheckedInAt">When it was let in, now or before.</param>
public sealed record CheckInAnswer(string Result, string? Reason, Guid? TicketId, DateTimeOffset? CheckedInAt);

/// <param name="Id">The ticket's.</param>
public sealed record ExternalCheckIn(Guid Id, DateTimeOffset CheckedInAt) : IPaged;

/// <summary>Letting people in by an organiser's own system. A refusal is an answer, not an error: the door's lamp turns red.</summary>
internal static class ExternalCheckIns
{
    public static Task<Results<Ok<Page<ExternalCheckIn>>, ProblemHttpResult>> ListAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalCheckIn>(
            id, query, caller, database,
            "select ticket_id as id, checked_in_at from platform.ticket_check_ins where event_id = @eventId and (@after::uuid is null or ticket_id > @after) order by ticket_id limit @Take",
            audited: null, cancel);

    public static async Task<Results<Ok<CheckInAnswer>, ProblemHttpResult>> CheckInAsync(Guid id, NewCheckIn request, EventManager manager, Database database, TicketKeys keys, CancellationToken cancel)
    {
        if ((request.Code is null) == (request.TicketId is null))
        {
            return ApiError.BadRequest("ticket_missing", "Send 'code' or 'ticketId', one of them.").ToResult();
        }

        return (await manager.WriteAsync<CheckInAnswer>(
            database,
            "ticket.check_in",
            id,
            async transaction => await manager.FindAsync(transaction.Connection!, id) is { Error: { } error } ? error : await DecideAsync(transaction, id, request, manager.Caller!, keys),
            cancel)).ToOk();
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> TakeBackAsync(Guid id, Guid ticketId, EventManager manager, Database database, CancellationToken cancel)
    {
        var outcome = await manager.WriteAsync<ExternalCheckIn>(
            database,
            "ticket.check_out",
            id,
            async transaction =>
            {
                if (await manager.FindAsync(transaction.Connection!, id) is { Error: { } error })
                {
                    return error;
                }

                return await CheckIn.LeaveAsync(transaction, id, ticketId) is { } at ? new ExternalCheckIn(ticketId, at) : ApiError.NotFound("check_in_not_found", "This ticket is not in.");
            },
            cancel);
        return outcome.Error is { } refused ? refused.ToResult() : TypedResults.NoContent();
    }

    private static async Task<CheckInAnswer> DecideAsync(NpgsqlTransaction transaction, Guid eventId, NewCheckIn request, ApiCaller caller, TicketKeys keys)
    {
        static CheckInAnswer Refused(string reason, Guid? ticketId = null) => new("refused", reason, ticketId, null);

        var ticketId = request.TicketId ?? default;
        if (request.Code is not null)
        {
            if (!keys.TryVerifyCode(request.Code, out var codeEvent, out ticketId))
            {
                return Refused("code_invalid");
            }

            // Another event's ticket may be another organisation's: nothing of it is told.
            if (codeEvent != eventId)
            {
                return Refused("wrong_event");
            }
        }

        return await CheckIn.EnterAsync(transaction, eventId, ticketId, userId: null, caller.TokenId) switch
        {
            null => Refused("ticket_not_found"),
            { CheckedInAt: { } at } entry => new CheckInAnswer(entry.IsNew ? "ok" : "already_in", null, ticketId, at),
            { State: "held" or "released" } => Refused("not_paid", ticketId),
            { State: var state } => Refused(state, ticketId),
        };
    }
}
