using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Tickets;

/// <summary>An organiser takes a ticket type off sale for good, or a question out of the form. What was sold and answered stays.</summary>
internal static class WithdrawTickets
{
    public static async Task<Results<NoContent, ProblemHttpResult>> TypeAsync(Guid id, Guid typeId, EventManager manager, Database database, CancellationToken cancel)
    {
        var outcome = await TicketSetup.ManageAsync<Withdrawn>(
            new FieldChecks(),
            id,
            manager,
            database,
            async (connection, _) =>
            {
                var changed = await connection.ExecuteAsync("update platform.ticket_types set retired_at = now() where id = @typeId and event_id = @id and retired_at is null", new { id, typeId });
                if (changed == 0)
                {
                    return ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");
                }

                // Nobody waits any longer for what is not given any more, and no offer of it keeps a seat.
                await connection.ExecuteAsync("update platform.ticket_waiting_list set state = 'lapsed' where ticket_type_id = @typeId and state in ('waiting', 'offered')", new { typeId });
                return new Withdrawn(typeId);
            },
            cancel);
        return outcome.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> QuestionAsync(Guid id, Guid questionId, SignedIn account, Database database, CancellationToken cancel) =>
        await database.InTransactionAsync<Results<NoContent, ProblemHttpResult>>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if ((await EventGuard.ManagedAsync(connection, account, id)).Error is { } error)
                {
                    return error.ToResult();
                }

                if (await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.ticket_questions where event_id = @id and shown_if_question = @questionId)", new { id, questionId }))
                {
                    return ApiError.Conflict("question_needed", "Another question follows from this one; remove that one first.").ToResult();
                }

                return await connection.ExecuteAsync("delete from platform.ticket_questions where id = @questionId and event_id = @id", new { id, questionId }) == 1
                    ? TypedResults.NoContent()
                    : ApiError.NotFound("question_not_found", "The event has no such question.").ToResult();
            },
            cancel);

    private sealed record Withdrawn(Guid Id);
}
