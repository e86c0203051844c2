using Dapper;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Events;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Carries the cancellation of an event out, a batch a transaction: orders are ended (their refunds are the payments' to make, their holders' mails the
/// tickets'), then whoever waited or was invited is told. A batch that is lost with its process is taken up by the next one.
/// </summary>
internal sealed class EventCancellation(TicketMails mails) : ITimerHandler
{
    public const string TimerKind = "event-cancellation";

    private const int Batch = 50;

    public string Kind => TimerKind;

    public async Task RunAsync(NpgsqlTransaction transaction, DueTimer timer, CancellationToken cancel)
    {
        var connection = transaction.Connection!;
        var eventId = Guid.Parse(timer.Key);
        if (await EventQueries.FindAsync(connection, timer.Key) is not { } row)
        {
            return;
        }

        if (await EndOrdersAsync(transaction, eventId) || await TellWaitingAsync(transaction, row) || await TellInvitedAsync(transaction, row))
        {
            await TimerTable.SetAsync(transaction, Kind, timer.Key, timer.DueAt);
            return;
        }

        await connection.ExecuteAsync("update platform.event_cancellations set done_at = now() where event_id = @eventId", new { eventId });
        await Outbox.AppendAsync(transaction, "event", eventId, "event.cancellation_done", new { eventId });
    }

    /// <summary>True: there was something to do, and there may be more.</summary>
    private static async Task<bool> EndOrdersAsync(NpgsqlTransaction transaction, Guid eventId)
    {
        var connection = transaction.Connection!;
        var orders = (await connection.QueryAsync<Guid>(
            "select id from platform.orders where event_id = @eventId and state in ('pending', 'confirmed') order by id limit @Batch for update", new { eventId, Batch })).AsList();

        // Who bought a moment ago and has no confirmation yet is told all the same.
        await connection.ExecuteAsync("update platform.tickets set mailed_at = now() where order_id = any(@orders) and state = 'valid' and mailed_at is null", new { orders });
        foreach (var order in orders)
        {
            await ReleaseOrder.CancelAsync(transaction, order, byOrganiser: true);
        }

        return orders.Count > 0;
    }

    private async Task<bool> TellWaitingAsync(NpgsqlTransaction transaction, EventRow row)
    {
        var people = (await transaction.Connection!.QueryAsync<(string Email, string Name)>(
            """
            update platform.ticket_waiting_list set state = 'lapsed'
            where id in (select id from platform.ticket_waiting_list where event_id = @Id and state in ('waiting', 'offered') order by id limit @Batch for update) returning email, name
            """,
            new { row.Id, Batch })).AsList();
        foreach (var (email, name) in people)
        {
            await mails.EventCancelledAsync(transaction, row, email, name);
        }

        return people.Count > 0;
    }

    private async Task<bool> TellInvitedAsync(NpgsqlTransaction transaction, EventRow row)
    {
        var people = (await transaction.Connection!.QueryAsync<string>(
            """
            update platform.ticket_invitations set state = 'revoked', changed_at = now()
            where id in (select id from platform.ticket_invitations where event_id = @Id and state in ('sent', 'opened') order by id limit @Batch for update) returning email
            """,
            new { row.Id, Batch })).AsList();
        foreach (var email in people)
        {
            await mails.EventCancelledAsync(transaction, row, email, "");
        }

        return people.Count > 0;
    }
}
