using System.Globalization;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Onsite;

/// <param name="Valid">Tickets that are good.</param>
/// <param name="In">That came in.</param>
/// <param name="Left">Of them, those whose holders have gone.</param>
/// <param name="Conflicts">See <see cref="CheckInConflict"/>.</param>
public sealed record DoorCounts(int Valid, int In, int Left, int Conflicts);

/// <summary>Reading what was scanned: a device's own, and what an organiser has to look at.</summary>
internal static class ScanQueries
{
    private const int MaxPage = 200;

    private const string Columns =
        """
        s.seq, s.id, s.result, s.reason, s.at, s.received_at, s.admitted, s.device_id, d.name as device, t.id as ticket_id, t.holder_name, y.id as type_id, y.name as type_name,
        i.checked_in_at, i.left_at, i.device_id as entry_device_id, e.name as entry_device
        """;

    private const string Tables =
        """
        from platform.check_in_scans s left join platform.check_in_devices d on d.id = s.device_id
             left join platform.tickets t on t.id = s.ticket_id left join platform.ticket_types y on y.id = t.ticket_type_id
             left join platform.ticket_check_ins i on i.ticket_id = s.ticket_id left join platform.check_in_devices e on e.id = i.device_id
        """;

    private const string IsConflict = "s.event_id = @EventId and s.admitted and s.voided_at is null and s.result in ('conflict', 'refused')";

    /// <summary>In the order that was asked for.</summary>
    public static async Task<ScanAnswers> AnswersAsync(NpgsqlConnection connection, DeviceCaller caller, Guid[] ids)
    {
        var rows = (await connection.QueryAsync<Row>($"select {Columns} {Tables} where s.device_id = @DeviceId and s.id = any(@ids)", new { caller.DeviceId, ids })).ToDictionary(r => r.Id);
        return new ScanAnswers([.. ids.Distinct().Select(id => rows[id].ToAnswer())]);
    }

    /// <summary>Those that this device has a part in, latest first.</summary>
    public static async Task<Ok<ConflictPage>> OfDeviceAsync(DeviceCaller caller, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var rows = await connection.QueryAsync<Row>(
            $"select {Columns} {Tables} where {IsConflict} and (s.device_id = @DeviceId or i.device_id = @DeviceId) order by s.seq desc limit 50", new { caller.EventId, caller.DeviceId });
        return TypedResults.Ok(new ConflictPage([.. rows.Select(r => r.ToConflict(caller.DeviceId))], null));
    }

    /// <summary>Latest first; <c>after</c> is the <c>next</c> of the page before.</summary>
    public static async Task<Results<Ok<ConflictPage>, ProblemHttpResult>> OfEventAsync(Guid id, SignedIn account, Database database, CancellationToken cancel, long? after = null, int limit = 50)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await CheckIn.RefusalAsync(connection, account, id) is { } refused)
        {
            return refused.ToResult();
        }

        limit = Math.Clamp(limit, 1, MaxPage);
        var rows = (await connection.QueryAsync<Row>(
            $"select {Columns} {Tables} where {IsConflict} and (@after::bigint is null or s.seq < @after) order by s.seq desc limit @Take", new { EventId = id, after, Take = limit + 1 })).AsList();
        return TypedResults.Ok(new ConflictPage([.. rows.Take(limit).Select(r => r.ToConflict(null))], rows.Count > limit ? rows[limit - 1].Seq.ToString(CultureInfo.InvariantCulture) : null));
    }

    public static async Task<Results<Ok<DoorCounts>, ProblemHttpResult>> CountsAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await CheckIn.RefusalAsync(connection, account, id) is { } refused)
        {
            return refused.ToResult();
        }

        return TypedResults.Ok(await connection.QuerySingleAsync<DoorCounts>(
            $"""
            select (select count(*)::int from platform.tickets where event_id = @EventId and state = 'valid') as valid,
                   (select count(*)::int from platform.ticket_check_ins where event_id = @EventId) as "in",
                   (select count(*)::int from platform.ticket_check_ins where event_id = @EventId and left_at is not null) as "left",
                   (select count(*)::int from platform.check_in_scans s where {IsConflict}) as conflicts
            """,
            new { EventId = id }));
    }

    private sealed record Row(
        long Seq, Guid Id, string Result, string? Reason, DateTimeOffset At, DateTimeOffset ReceivedAt, bool Admitted, Guid? DeviceId, string? Device, Guid? TicketId, string? HolderName, Guid? TypeId, string? TypeName,
        DateTimeOffset? CheckedInAt, DateTimeOffset? LeftAt, Guid? EntryDeviceId, string? EntryDevice)
    {
        public ScanAnswer ToAnswer() => new(Id, Result, Reason, At, Admitted, Ticket, Entry);

        public CheckInConflict ToConflict(Guid? asking) => new(Seq, Id, Result, Reason, At, ReceivedAt, Device, Ticket, Entry, asking is null ? null : DeviceId == asking);

        private ScannedTicket? Ticket => TicketId is { } id ? new ScannedTicket(id, HolderName!, TypeId!.Value, TypeName!) : null;

        private TicketEntry? Entry => CheckedInAt is { } at ? new TicketEntry(at, EntryDevice, LeftAt) : null;
    }
}
