using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Payments;
using Events.Platform.Features.Recordings;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <param name="Message">Goes into the mails to everybody; may be empty.</param>
public sealed record NewCancellation(string? Message);

/// <param name="State">"working", "attention" (only refunds that the provider would not make are left), "done".</param>
/// <param name="OrdersOpen">Not cancelled yet.</param>
/// <param name="RefundsWaiting">The provider is still to be asked.</param>
/// <param name="TicketsUntold">Holders whose mail is not on its way yet.</param>
public sealed record CancellationDetails(string State, string Message, DateTimeOffset RequestedAt, int OrdersEnded, int OrdersOpen, int RefundsDone, int RefundsWaiting, int RefundsFailed, int TicketsUntold);

/// <summary>
/// A live event is called off. It leaves the listing, its doors and its sale close in one transaction; after that, its orders are ended and refunded and
/// everybody is told by <see cref="EventCancellation"/>, through any number of crashes. There is no way back.
/// </summary>
internal static class CancelEvent
{
    public static readonly ApiError Cancelled = ApiError.Conflict("event_cancelled", "This event is cancelled.");

    private static readonly ApiError NotCancelled = ApiError.NotFound("cancellation_not_found", "This event is not cancelled.");

    /// <summary>Asked again, it is the same cancellation, with the message that it was begun with.</summary>
    public static async Task<Results<Accepted<CancellationDetails>, ProblemHttpResult>> StartAsync(Guid id, NewCancellation request, SignedIn account, Database database, PublicListing listing, CancellationToken cancel)
    {
        var message = request.Message?.Trim() ?? "";
        var checks = new FieldChecks();
        checks.Require(message.Length <= 2_000 && FieldChecks.IsWellFormed(message), "message_invalid", "'message' has at most 2,000 characters of text.");
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        var started = await database.TryInTransactionAsync<CancellationDetails>(
            async transaction =>
            {
                // Orders share this lock: those placed before are ended below, and after it none is placed.
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                var managed = await EventGuard.ManagedAsync(connection, account, id, EventAction.EndOrders);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                var row = managed.Value!;
                if (row.State == "live")
                {
                    // Calendars go by these numbers: each entry is taken out by one that is higher than what it came with.
                    await connection.ExecuteAsync(
                        """
                        update platform.events set state = 'cancelled', revision = revision + 2, changed_at = now() where id = @id;
                        update platform.schedule_items set revision = revision + 1, changed_at = now() where event_id = @id;
                        insert into platform.event_cancellations (event_id, message, requested_by) values (@id, @message, @UserId);
                        """,
                        new { id, message, account.UserId });
                    await EventReminders.ScheduleAsync(transaction, row with { State = "cancelled" });
                    await StopRecording.EventEndsAsync(transaction, id);
                    await TimerTable.SetAsync(transaction, EventCancellation.TimerKind, id.ToString(), TimeProvider.System.GetUtcNow());
                    await Outbox.AppendAsync(transaction, "event", id, "event.cancelled", new { eventId = id });
                    await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "event.cancelled", row.OrganiserId, id));
                }
                else if (row.State != "cancelled")
                {
                    return ApiError.Conflict("event_not_live", "Only a live event is cancelled: before that nobody has a ticket, and after it there is nothing to call off.");
                }

                return (await FindAsync(connection, id))!;
            },
            cancel);
        listing.Forget();
        return started.Error is { } error ? error.ToResult() : TypedResults.Accepted($"/api/v1/events/{id}/cancellation", started.Value!);
    }

    public static async Task<Results<Ok<CancellationDetails>, ProblemHttpResult>> GetAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return (await EventGuard.ManagedAsync(connection, account, id, EventAction.ReadRegistrations)).Error is { } error ? error.ToResult()
            : await FindAsync(connection, id) is { } details ? TypedResults.Ok(details)
            : NotCancelled.ToResult();
    }

    /// <summary>Asks the provider once more for the refunds that it would not make.</summary>
    public static async Task<Results<Ok<CancellationDetails>, ProblemHttpResult>> RetryRefundsAsync(Guid id, EventManager manager, Database database, CancellationToken cancel) =>
        (await TicketSetup.ManageAsync<CancellationDetails>(new FieldChecks(), id, manager, database, "refunds.asked_again", async (connection, _) =>
        {
            await FailedRefunds.AskAgainAsync(connection, id);
            return await FindAsync(connection, id) is { } details ? details : NotCancelled;
        }, cancel, EventAction.EndOrders)).ToOk();

    private static async Task<CancellationDetails?> FindAsync(NpgsqlConnection connection, Guid eventId)
    {
        var row = await connection.QuerySingleOrDefaultAsync<ProgressRow>(
            """
            select c.message, c.requested_at, c.done_at is not null as is_done,
                   (select count(*)::int from platform.orders o where o.event_id = c.event_id and o.closed_at >= c.requested_at and o.state in ('cancelled', 'refunding', 'refunded')) as orders_ended,
                   (select count(*)::int from platform.orders o where o.event_id = c.event_id and o.state in ('pending', 'confirmed')) as orders_open,
                   p.done as refunds_done, p.waiting as refunds_waiting, p.failed as refunds_failed,
                   (select count(*)::int from platform.tickets t where t.event_id = c.event_id and t.state = 'cancelled' and t.mailed_at is not null and t.ended_mailed_at is null) as tickets_untold
            from platform.event_cancellations c,
                 lateral (select count(*) filter (where p.state = 'refunded')::int as done, count(*) filter (where p.state in ('refund_due', 'paid'))::int as waiting, count(*) filter (where p.state = 'refund_failed')::int as failed
                          from platform.payments p join platform.orders o on o.id = p.order_id where o.event_id = c.event_id and (p.state <> 'refunded' or p.changed_at >= c.requested_at)) p
            where c.event_id = @eventId
            """,
            new { eventId });
        if (row is null)
        {
            return null;
        }

        var isWorking = !row.IsDone || row.OrdersOpen > 0 || row.RefundsWaiting > 0 || row.TicketsUntold > 0;
        var state = isWorking ? "working" : row.RefundsFailed > 0 ? "attention" : "done";
        return new CancellationDetails(state, row.Message, row.RequestedAt, row.OrdersEnded, row.OrdersOpen, row.RefundsDone, row.RefundsWaiting, row.RefundsFailed, row.TicketsUntold);
    }

    private sealed record ProgressRow(string Message, DateTimeOffset RequestedAt, bool IsDone, int OrdersEnded, int OrdersOpen, int RefundsDone, int RefundsWaiting, int RefundsFailed, int TicketsUntold);
}
