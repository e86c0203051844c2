using Dapper;
using Events.Platform.Data;
using Npgsql;

namespace Events.Platform.Features.Onsite;

/// <summary>A locked ticket, and who passed with it so far.</summary>
internal sealed class TicketScans
{
    private readonly List<Passage> _passages = [];
    private readonly Dictionary<long, (string Result, string? Reason)> _results = [];
    private readonly TicketRow _ticket;
    private readonly EntryRow? _entry;

    private TicketScans(TicketRow ticket, EntryRow? entry) => (_ticket, _entry) = (ticket, entry);

    public Guid Id => _ticket.Id;

    public Guid TypeId => _ticket.TicketTypeId;

    /// <summary>Null: the ticket is good.</summary>
    public string? Refusal => Refusals.OfTicket(_ticket.State, _ticket.OrderState, _ticket.IsBlocked);

    /// <summary>
    /// Locks the event's tickets among these, in the order of their ids, so that two devices never wait for each other crosswise; as whoever lets in, hands on or
    /// refunds locks them too, it is seen from here on what they did.
    /// </summary>
    public static async Task<IReadOnlyDictionary<Guid, TicketScans>> LockAsync(NpgsqlTransaction transaction, Guid eventId, IEnumerable<Guid> ids)
    {
        var connection = transaction.Connection!;
        var values = new { eventId, Ids = ids.Distinct().ToArray() };
        var tickets = (await connection.QueryAsync<TicketRow>(
            """
            select t.id, t.ticket_type_id, t.state, o.state as order_state, t.blocked_at is not null as is_blocked from platform.tickets t join platform.orders o on o.id = t.order_id
            where t.event_id = @eventId and t.id = any(@Ids) order by t.id for no key update of t
            """,
            values)).AsList();
        var entries = (await connection.QueryAsync<EntryRow>("select ticket_id, checked_in_at, user_id, api_token_id, scan_seq, left_at from platform.ticket_check_ins where ticket_id = any(@Ids)", values)).ToDictionary(e => e.TicketId);
        var scans = (await connection.QueryAsync<ScanRow>(
            """
            select seq, id, ticket_id, device_id, user_id, api_token_id, at, kind = 'out' as is_exit, readmits, result, reason from platform.check_in_scans
            where ticket_id = any(@Ids) and admitted and voided_at is null and (reason is null or reason = 'left')
            """,
            values)).ToLookup(s => s.TicketId);
        var found = new Dictionary<Guid, TicketScans>();
        foreach (var row in tickets)
        {
            var entry = entries.GetValueOrDefault(row.Id);
            var ticket = found[row.Id] = new TicketScans(row, entry);
            foreach (var scan in scans[row.Id])
            {
                ticket.Add(new Passage(scan.Seq, scan.Id, scan.DeviceId, scan.At, scan.IsExit, scan.Readmits), scan.Result, scan.Reason);
            }

            if (entry is { ScanSeq: null })
            {
                await ticket.AddEntryOfOthersAsync(connection, eventId, entry);
            }
        }

        return found;
    }

    /// <summary>Somebody passed. What was refused for another reason than having left passes no more.</summary>
    public void Add(Passage passage, string result, string? reason)
    {
        _results[passage.Seq] = (result, reason);
        if (reason is null or Refusals.Left)
        {
            _passages.Add(passage);
        }
    }

    /// <summary>What it would be to pass now.</summary>
    public PassageResult WouldPass(Guid id, DeviceRow device, DateTimeOffset at, bool isExit) =>
        Reconciliation.Of([.. _passages, new Passage(0, id, device.Id, at, isExit, device.Readmits)]).Results.Single(r => r.Seq == 0);

    /// <summary>Writes what all passages together amount to, where it is not what was written before.</summary>
    public async Task SettleAsync(NpgsqlTransaction transaction, Guid eventId)
    {
        var connection = transaction.Connection!;
        var settled = Reconciliation.Of(_passages);
        foreach (var (seq, result, reason) in settled.Results.Where(r => _results[r.Seq] != (r.Result, r.Reason)))
        {
            await connection.ExecuteAsync("update platform.check_in_scans set result = @result, reason = @reason where seq = @seq", new { seq, result, reason });
            if (result is "conflict" or "refused")
            {
                await Outbox.AppendAsync(transaction, "ticket", Id, "ticket.check_in_conflict", new { ticketId = Id, eventId, scanId = _passages.Single(p => p.Seq == seq).Id });
            }
        }

        if (settled.Entry is not { } entry || (_entry?.ScanSeq == entry.Seq && _entry.LeftAt == settled.LeftAt))
        {
            return;
        }

        await connection.ExecuteAsync(
            """
            insert into platform.ticket_check_ins (ticket_id, event_id, checked_in_at, user_id, api_token_id, device_id, scan_seq, left_at)
            select @Id, @eventId, s.at, s.user_id, s.api_token_id, s.device_id, s.seq, @LeftAt from platform.check_in_scans s where s.seq = @Seq
            on conflict (ticket_id) do update set checked_in_at = excluded.checked_in_at, user_id = excluded.user_id, api_token_id = excluded.api_token_id,
                device_id = excluded.device_id, scan_seq = excluded.scan_seq, left_at = excluded.left_at
            """,
            new { Id, eventId, entry.Seq, settled.LeftAt });

        // Who is in is told once, however often its entry turns out to be an earlier one.
        foreach (var type in new[] { _entry is null ? "ticket.checked_in" : null, _entry?.LeftAt is null && settled.LeftAt is not null ? "ticket.left" : null, _entry?.LeftAt is not null && settled.LeftAt is null ? "ticket.returned" : null }.OfType<string>())
        {
            await Outbox.AppendAsync(transaction, "ticket", Id, type, new { ticketId = Id, eventId });
        }
    }

    /// <summary>An account or a token let the ticket in: from now on a passage among the others.</summary>
    private async Task AddEntryOfOthersAsync(NpgsqlConnection connection, Guid eventId, EntryRow entry)
    {
        var id = Guid.CreateVersion7();
        var seq = await connection.QuerySingleAsync<long>(
            """
            insert into platform.check_in_scans (id, event_id, ticket_id, user_id, api_token_id, kind, at, offline, admitted, readmits, result)
            values (@scanId, @eventId, @Id, @UserId, @ApiTokenId, 'in', @CheckedInAt, false, true, false, 'ok') returning seq
            """,
            new { scanId = id, eventId, Id, entry.UserId, entry.ApiTokenId, entry.CheckedInAt });
        Add(new Passage(seq, id, null, entry.CheckedInAt, false, false), "ok", null);
    }

    private sealed record TicketRow(Guid Id, Guid TicketTypeId, string State, string OrderState, bool IsBlocked);

    private sealed record EntryRow(Guid TicketId, DateTimeOffset CheckedInAt, Guid? UserId, Guid? ApiTokenId, long? ScanSeq, DateTimeOffset? LeftAt);

    private sealed record ScanRow(long Seq, Guid Id, Guid TicketId, Guid? DeviceId, Guid? UserId, Guid? ApiTokenId, DateTimeOffset At, bool IsExit, bool Readmits, string Result, string? Reason);
}
