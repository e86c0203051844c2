using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Onsite;

/// <summary>
/// Takes what a device scanned: one that asks is answered now, those that it decided alone are put in their place by their times. A batch is one transaction:
/// what was answered is kept, and what was not answered is sent again and found by its id.
/// </summary>
internal static class UploadScans
{
    public const int MaxScans = 100;

    /// <summary>A device at the busiest door scans some thousand times a day.</summary>
    private const int MaxPerDevice = 100_000;

    private static readonly ApiError ScansInvalid = ApiError.BadRequest("scans_invalid", $"Send 'clock' and 1 to {MaxScans} 'scans'.");

    public static async Task<Results<Ok<ScanAnswers>, ProblemHttpResult>> HandleAsync(ScanBatch request, DeviceCaller caller, Database database, TicketKeys keys, CancellationToken cancel)
    {
        if (request is not { Clock: { } clock, Scans: { Count: > 0 and <= MaxScans } scans })
        {
            return (caller.IsRevoked ? DeviceDoor.Revoked : ScansInvalid).ToResult();
        }

        var told = new List<ToldScan>(scans.Count);
        foreach (var (scan, i) in scans.Select((s, i) => (s, i)))
        {
            var read = ToldScan.Read(scan, i, caller.EventId, keys);
            if (read.Error is not null)
            {
                return read.Error.ToResult();
            }

            told.Add(read.Value!);
        }

        return (await database.TryInTransactionAsync<ScanAnswers>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var device = (await DeviceRow.FindAsync(connection, caller.DeviceId, " for no key update"))!;
                if (device.Scans + told.Count > MaxPerDevice)
                {
                    return ApiError.Conflict("too_many_scans", $"A device has at most {MaxPerDevice} scans; register another.");
                }

                var tickets = await TicketScans.LockAsync(transaction, caller.EventId, told.Select(t => t.TicketId).OfType<Guid>());
                var door = await connection.QuerySingleAsync<Door>("select clock_timestamp() as now, state from platform.events where id = @EventId", new { caller.EventId });
                var known = (await connection.QueryAsync<Known>(
                    "select seq, id, ticket_id, offline, admitted, reason, at, kind = 'out' as is_exit, readmits from platform.check_in_scans where device_id = @DeviceId and id = any(@Ids)",
                    new { caller.DeviceId, Ids = told.Select(t => t.Id).ToArray() })).ToDictionary(k => k.Id);
                foreach (var scan in told)
                {
                    if (known.TryGetValue(scan.Id, out var before))
                    {
                        await PassedAfterAllAsync(connection, scan, before, device, tickets);
                        continue;
                    }

                    var ticket = scan.TicketId is { } id ? tickets.GetValueOrDefault(id) : null;
                    var at = scan.Decision == Decision.Ask ? door.Now : Clamp(scan.At + (door.Now - clock), device.CreatedAt, door.Now);
                    var judged = Judge(scan, ticket, device, door.State, at);
                    known[scan.Id] = await AddAsync(transaction, caller, scan, ticket, device, at, judged);
                }

                await connection.ExecuteAsync(
                    "update platform.check_in_devices set scans = (select count(*) from platform.check_in_scans where device_id = @DeviceId), last_seen_at = now() where id = @DeviceId", new { caller.DeviceId });
                foreach (var ticket in tickets.Values)
                {
                    await ticket.SettleAsync(transaction, caller.EventId);
                }

                return await ScanQueries.AnswersAsync(connection, caller, [.. told.Select(t => t.Id)]);
            },
            cancel)).ToOk();
    }

    /// <summary>The result as far as it does not depend on other scans, and whether the person passed.</summary>
    private static Judged Judge(ToldScan scan, TicketScans? ticket, DeviceRow device, string eventState, DateTimeOffset at)
    {
        if (scan.Decision is Decision.AlreadyIn or Decision.Refused)
        {
            return new Judged(scan.Decision == Decision.Refused ? scan.Reason : null, false);
        }

        var reason = device.RevokedAt is not null ? Refusals.DeviceRevoked
            : scan.Reason is not null ? scan.Reason
            : ticket is null ? Refusals.TicketUnknown
            : ticket.Refusal ?? (scan.IsExit ? null : device.Refuses(ticket.TypeId, at));
        if (scan.Decision == Decision.Admitted)
        {
            return new Judged(reason, true);
        }

        reason ??= scan.IsExit ? null : Refusals.OfEvent(eventState);
        return reason is null && ticket!.WouldPass(scan.Id, device, at, scan.IsExit) is { } asked ? new Judged(asked.Reason, asked.Result == "ok") : new Judged(reason, false);
    }

    private static async Task<Known> AddAsync(NpgsqlTransaction transaction, DeviceCaller caller, ToldScan scan, TicketScans? ticket, DeviceRow device, DateTimeOffset at, Judged judged)
    {
        var offline = scan.Decision != Decision.Ask;
        var result = judged.Reason is not null ? "refused" : judged.Admitted ? "ok" : scan.IsExit ? "not_in" : "already_in";
        var seq = await transaction.Connection!.QuerySingleAsync<long>(
            """
            insert into platform.check_in_scans (id, event_id, ticket_id, device_id, kind, at, offline, admitted, readmits, result, reason)
            values (@Id, @EventId, @TicketId, @DeviceId, @Kind, @at, @offline, @Admitted, @Readmits, @result, @Reason) returning seq
            """,
            new { scan.Id, caller.EventId, TicketId = ticket?.Id, caller.DeviceId, Kind = scan.IsExit ? "out" : "in", at, offline, judged.Admitted, device.Readmits, result, judged.Reason });
        if (judged.Admitted && ticket is not null)
        {
            ticket.Add(new Passage(seq, scan.Id, caller.DeviceId, at, scan.IsExit, device.Readmits), result, judged.Reason);
            if (judged.Reason is not null)
            {
                await Outbox.AppendAsync(transaction, "ticket", ticket.Id, "ticket.check_in_conflict", new { ticketId = ticket.Id, caller.EventId, scanId = scan.Id });
            }
        }

        return new Known(seq, scan.Id, ticket?.Id, offline, judged.Admitted, judged.Reason, at, scan.IsExit, device.Readmits);
    }

    /// <summary>The device asked, heard no answer and let the holder in by itself: what was a question becomes a passage, once.</summary>
    private static async Task PassedAfterAllAsync(NpgsqlConnection connection, ToldScan scan, Known before, DeviceRow device, IReadOnlyDictionary<Guid, TicketScans> tickets)
    {
        if (before.Admitted || before.Offline || scan.Decision != Decision.Admitted || scan.TicketId is not { } id || before.TicketId != id)
        {
            return;
        }

        await connection.ExecuteAsync("update platform.check_in_scans set admitted = true, offline = true where seq = @Seq", new { before.Seq });
        tickets[id].Add(new Passage(before.Seq, before.Id, device.Id, before.At, before.IsExit, before.Readmits), before.Reason is null ? "already_in" : "refused", before.Reason);
    }

    /// <summary>Neither before there was the device nor in the future, in the microseconds that the database keeps.</summary>
    private static DateTimeOffset Clamp(DateTimeOffset at, DateTimeOffset from, DateTimeOffset until) =>
        at < from ? from : at > until ? until : at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond));

    private sealed record Door(DateTimeOffset Now, string State);

    private sealed record Known(long Seq, Guid Id, Guid? TicketId, bool Offline, bool Admitted, string? Reason, DateTimeOffset At, bool IsExit, bool Readmits);

    private readonly record struct Judged(string? Reason, bool Admitted);
}
