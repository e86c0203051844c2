using Dapper;
using Events.Platform.Composition;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>What an order's voucher, invitation and place in the queue allow it.</summary>
internal sealed class Admission
{
    private VoucherRow? _voucher;
    private Guid? _invitedType;
    private Guid? _offeredType;

    /// <summary>Reads them under lock and marks them as used by this order: all in the order's transaction.</summary>
    public static async Task<Outcome<Admission>> ReadAsync(NpgsqlConnection connection, Guid eventId, Guid orderId, NewOrder request, OrderDraft draft, TicketKeys keys)
    {
        var admission = new Admission();
        var error = await admission.UseVoucherAsync(connection, eventId, orderId, request.Voucher, draft)
            ?? await admission.UseInvitationAsync(connection, eventId, orderId, request.Invitation, draft, keys)
            ?? await admission.UseOfferAsync(connection, eventId, orderId, request.WaitingList, draft, keys);
        return error is null ? admission : error;
    }

    /// <summary>
    /// Money for an order has come, perhaps after its hold, when what it had used was free for others: voucher, invitation and place in the queue are used up again. False:
    /// somebody else has used voucher or invitation, or they were taken back.
    /// </summary>
    public static async Task<bool> HoldsStillAsync(NpgsqlConnection connection, Guid orderId)
    {
        var (voucher, invitation) = await connection.QuerySingleAsync<(Guid?, Guid?)>("select voucher_id, invitation_id from platform.orders where id = @orderId", new { orderId });
        if (voucher is { } used)
        {
            var most = await connection.QuerySingleAsync<int>("select max_uses from platform.ticket_vouchers where id = @used for update", new { used });
            if (await UsesByOthersAsync(connection, used, orderId) >= most)
            {
                return false;
            }
        }

        await WaitingList.ClaimAgainAsync(connection, orderId);
        return invitation is not { } id || await connection.ExecuteAsync(
            """
            update platform.ticket_invitations set state = 'accepted', order_id = @orderId, changed_at = now()
            where id = @id and (state in ('sent', 'opened', 'declined') or (state = 'accepted' and order_id = @orderId))
            """,
            new { id, orderId }) == 1;
    }

    public ApiError? Refuses(TypeRow type)
    {
        return !type.IsOnSale(DateTimeOffset.UtcNow) ? NotOnSale(type)
            : type.Visibility == "hidden" && !(_voucher is not null && Covers(type)) && _offeredType != type.Id ? ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.")
            : type.Visibility == "invited" && _invitedType != type.Id ? ApiError.Forbidden("invitation_needed", $"'{type.Name}' is for invited people; use the link of the invitation.")
            : null;
    }

    public static ApiError NotOnSale(TypeRow type) => ApiError.Conflict("sales_closed", $"'{type.Name}' is not on sale at the moment.");

    /// <summary>In the smallest unit, rounded down in the buyer's favour.</summary>
    public long PriceOf(TypeRow type) => _voucher is not null && Covers(type) ? type.PriceMinor * (100 - _voucher.PercentOff) / 100 : type.PriceMinor;

    private bool Covers(TypeRow type) => _voucher!.TicketTypeId is null || _voucher.TicketTypeId == type.Id;

    /// <summary>How many other orders use a voucher, which is locked.</summary>
    private static Task<int> UsesByOthersAsync(NpgsqlConnection connection, Guid voucherId, Guid orderId) => connection.ExecuteScalarAsync<int>(
        "select count(*)::int from platform.orders where voucher_id = @voucherId and id <> @orderId and (state = 'confirmed' or state = 'pending' and expires_at > clock_timestamp())", new { voucherId, orderId });

    private async Task<ApiError?> UseVoucherAsync(NpgsqlConnection connection, Guid eventId, Guid orderId, string? code, OrderDraft draft)
    {
        if (code is null)
        {
            return null;
        }

        _voucher = await connection.QuerySingleOrDefaultAsync<VoucherRow>(
            "select id, ticket_type_id, percent_off, max_uses, valid_until from platform.ticket_vouchers where event_id = @eventId and code = @Code for update",
            new { eventId, Code = code.Length <= 40 && FieldChecks.IsWellFormed(code) ? code.Trim().ToUpperInvariant() : "" });
        if (_voucher is null)
        {
            return ApiError.BadRequest("voucher_invalid", "The event has no such voucher.");
        }

        if (_voucher.ValidUntil <= DateTimeOffset.UtcNow || await UsesByOthersAsync(connection, _voucher.Id, orderId) >= _voucher.MaxUses)
        {
            return ApiError.Conflict("voucher_used_up", "This voucher has expired, or has been used as often as it may.");
        }

        if (_voucher.TicketTypeId is { } only && draft.Tickets.All(t => t.TicketTypeId != only))
        {
            return ApiError.BadRequest("voucher_invalid", "This voucher is for another ticket type.");
        }

        await connection.ExecuteAsync("update platform.orders set voucher_id = @Id where id = @orderId", new { _voucher.Id, orderId });
        return null;
    }

    private async Task<ApiError?> UseInvitationAsync(NpgsqlConnection connection, Guid eventId, Guid orderId, string? link, OrderDraft draft, TicketKeys keys)
    {
        if (link is null)
        {
            return null;
        }

        if (!keys.TryReadLink("invitation", link, out var id)
            || await connection.QuerySingleOrDefaultAsync<InvitationRow>("select ticket_type_id, state from platform.ticket_invitations where id = @id and event_id = @eventId for update", new { id, eventId }) is not { } invitation)
        {
            return ApiError.BadRequest("invitation_invalid", "This is no invitation to the event.");
        }

        if (invitation.State is not ("sent" or "opened" or "declined"))
        {
            return ApiError.Conflict("invitation_used", "This invitation has been used or taken back.");
        }

        if (draft.Tickets.Count(t => t.TicketTypeId == invitation.TicketTypeId) != 1)
        {
            return ApiError.BadRequest("invitation_invalid", "An invitation is for exactly one ticket of its type.");
        }

        _invitedType = invitation.TicketTypeId;
        await connection.ExecuteAsync(
            """
            update platform.ticket_invitations set state = 'accepted', order_id = @orderId, changed_at = now() where id = @id;
            update platform.orders set invitation_id = @id where id = @orderId;
            """,
            new { id, orderId });
        return null;
    }

    private async Task<ApiError?> UseOfferAsync(NpgsqlConnection connection, Guid eventId, Guid orderId, string? link, OrderDraft draft, TicketKeys keys)
    {
        if (link is null)
        {
            return null;
        }

        if (!keys.TryReadLink("waiting", link, out var id)
            || await connection.QuerySingleOrDefaultAsync<Guid?>(
                "update platform.ticket_waiting_list set state = 'claimed', order_id = @orderId where id = @id and event_id = @eventId and state = 'offered' and offered_until > clock_timestamp() returning ticket_type_id",
                new { id, eventId, orderId }) is not { } type)
        {
            return ApiError.Conflict("offer_lapsed", "This place in the queue has no offer at the moment.");
        }

        // What the queue offered is one ticket: more would be somebody else's.
        if (draft.Tickets.Count != 1 || draft.Tickets[0].TicketTypeId != type)
        {
            return ApiError.BadRequest("offer_invalid", "The offer is for exactly one ticket of the type that was waited for.");
        }

        _offeredType = type;
        return null;
    }

    private sealed record VoucherRow(Guid Id, Guid? TicketTypeId, int PercentOff, int MaxUses, DateTimeOffset? ValidUntil);

    private sealed record InvitationRow(Guid TicketTypeId, string State);
}
