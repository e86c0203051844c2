using System.Globalization;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Onsite;

/// <param name="Name">Of a ticket that is good; of others nothing is told that no door needs.</param>
/// <param name="Refusal">Null: good. Else one of <see cref="Refusals.All"/>.</param>
/// <param name="InAt">When it came in; null: it has not.</param>
public sealed record ListedTicket(Guid Id, string? Name, Guid TypeId, string? Refusal, DateTimeOffset? InAt, DateTimeOffset? LeftAt);

/// <param name="Cursor">Where to go on, now or later: what changed since.</param>
/// <param name="More">Ask again at once.</param>
public sealed record ListedTickets(IReadOnlyList<ListedTicket> Items, string Cursor, bool More);

/// <summary>
/// The list that a device keeps for when it is offline: every ticket of its event, by pages, and then what has changed since. A ticket that changes again comes
/// again; none is passed over, for pages end below the transactions that are still running.
/// </summary>
internal static class ScanList
{
    private const int MaxPage = 1_000;

    private static readonly ApiError CursorInvalid = ApiError.BadRequest("cursor_invalid", "'cursor' is what the answer before said, or nothing.");

    /// <summary>Another database than the one that the cursor is of, after a restore.</summary>
    private static readonly ApiError CursorGone = new(410, "cursor_gone", "The list has to be loaded anew: ask without a cursor.");

    public static async Task<Results<Ok<ListedTickets>, StatusCodeHttpResult, ProblemHttpResult>> GetAsync(DeviceCaller caller, Database database, HttpContext context, CancellationToken cancel, string? cursor = null, int limit = 500)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        var after = new Cursor(0, default);
        if (cursor is not null && !Cursor.TryRead(cursor, out after))
        {
            return CursorInvalid.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        if (await connection.ExecuteScalarAsync<bool>("select @Xid::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot())", new { Xid = after.XidText }))
        {
            return CursorGone.ToResult();
        }

        var rows = (await connection.QueryAsync<Row>(
            """
            select c.xid::text as xid, t.id, t.holder_name, t.ticket_type_id, t.state, o.state as order_state, t.blocked_at is not null as is_blocked, i.checked_in_at, i.left_at
            from platform.ticket_changes c join platform.tickets t on t.id = c.ticket_id join platform.orders o on o.id = t.order_id
                 left join platform.ticket_check_ins i on i.ticket_id = t.id
            where c.event_id = @EventId and (c.xid, c.ticket_id) > (@Xid::text::xid8, @TicketId) and c.xid < pg_snapshot_xmin(pg_current_snapshot())
            order by c.xid, c.ticket_id limit @Take
            """,
            new { caller.EventId, Xid = after.XidText, after.TicketId, Take = limit + 1 })).AsList();
        var items = rows.Take(limit).ToList();
        var end = items.Count > 0 ? new Cursor(ulong.Parse(items[^1].Xid, CultureInfo.InvariantCulture), items[^1].Id) : after;

        // Nothing changed is the usual answer, and costs a line.
        var tag = $"\"{end}\"";
        context.Response.Headers.ETag = tag;
        if (items.Count == 0 && cursor is not null && context.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }

        return TypedResults.Ok(new ListedTickets([.. items.Select(r => r.ToListed())], end.ToString(), rows.Count > limit));
    }

    /// <param name="Xid">The transaction of the last change that was told.</param>
    private readonly record struct Cursor(ulong Xid, Guid TicketId)
    {
        public string XidText => Xid.ToString(CultureInfo.InvariantCulture);

        public static bool TryRead(string text, out Cursor cursor)
        {
            cursor = default;
            var dot = text.IndexOf('.', StringComparison.Ordinal);
            if (text.Length > 60 || dot < 1 || !ulong.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var xid) || !Guid.TryParseExact(text.AsSpan(dot + 1), "N", out var id))
            {
                return false;
            }

            cursor = new Cursor(xid, id);
            return true;
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Xid}.{TicketId:N}");
    }

    private sealed record Row(string Xid, Guid Id, string HolderName, Guid TicketTypeId, string State, string OrderState, bool IsBlocked, DateTimeOffset? CheckedInAt, DateTimeOffset? LeftAt)
    {
        public ListedTicket ToListed()
        {
            var refusal = Refusals.OfTicket(State, OrderState, IsBlocked);
            return new ListedTicket(Id, refusal is null ? HolderName : null, TicketTypeId, refusal, CheckedInAt, LeftAt);
        }
    }
}
