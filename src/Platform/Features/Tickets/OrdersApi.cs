using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Payments;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Orders, for the buyer (by the order's key, or the account that bought) and for the organiser.</summary>
internal static class OrdersApi
{
    public const string KeyHeader = "X-Order-Key";

    private static readonly ApiError NotFound = ApiError.NotFound("order_not_found", "There is no such order, or the key does not open it.");

    private static readonly ApiError TicketNotFound = ApiError.NotFound("ticket_not_found", "There is no such ticket, or the key does not open its order.");

    public static void MapOrders(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v1/events/{id:guid}/orders", PlaceAsync);
        routes.MapGet("/api/v1/events/{id:guid}/orders", ListAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/events/{id:guid}/registrations.csv", RegistrationsCsv.GetAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/me/orders", MyOrders.ListAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapGet("/api/v1/orders/{id:guid}", GetAsync);
        routes.MapPost("/api/v1/orders/{id:guid}/cancel", CancelAsync);
        routes.MapPost("/api/v1/orders/{id:guid}/refund", RefundAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/tickets/{id:guid}/transfer", TransferAsync);
        routes.MapPost("/api/v1/tickets/{id:guid}/revoke", RevokeAsync).RequireAuthorization(AccountCookie.Scheme);
        routes.MapPost("/api/v1/tickets/{id:guid}/resend", ResendAsync);
        routes.MapGet("/api/v1/tickets/{id:guid}", TicketAsync);
        routes.MapGet("/api/v1/tickets/{id:guid}/qr.png", QrAsync);
    }

    private static async Task<Results<Created<OrderDetails>, ProblemHttpResult>> PlaceAsync(Guid id, NewOrder request, PlaceOrder placing, OrderLimits limits, NodeOptions options, HttpContext context, CancellationToken cancel)
    {
        if (!limits.Admits(context.Connection.RemoteIpAddress))
        {
            return OrderLimits.TooMany.ToResult();
        }

        var account = await AccountAsync(context);
        var origin = options.PublicUrl.GetLeftPart(UriPartial.Authority);
        var placed = await placing.HandleAsync(id, request, context.Request.Headers["Idempotency-Key"], account?.UserId, origin, cancel);
        return placed.ToCreated(o => $"/api/v1/orders/{o.Id}");
    }

    private static async Task<Results<Ok<OrderPage>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel, Guid? after = null, int limit = 50, string? text = null, string? state = null, Guid? type = null)
    {
        var filter = OrderFilter.Read(text, state, type);
        if (filter.Error is not null)
        {
            return filter.Error.ToResult();
        }

        await using var connection = await database.OpenAsync(cancel);
        return (await EventGuard.ManagedAsync(connection, account, id, EventAction.ReadRegistrations)).Error is { } error
            ? error.ToResult()
            : TypedResults.Ok(await OrderQueries.PageAsync(connection, id, after, Math.Clamp(limit, 1, 200), filter.Value!));
    }

    private static async Task<Results<Ok<OrderDetails>, ProblemHttpResult>> GetAsync(Guid id, Database database, TicketKeys keys, Payments.Payments payments, NodeOptions options, ILogger<PlaceOrder> log, HttpContext context, CancellationToken cancel)
    {
        OrderDetails order;
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await AccessAsync(connection, id, context, keys) == Access.None || await OrderQueries.FindAsync(connection, id, keys) is not { } found)
            {
                return NotFound.ToResult();
            }

            order = found;
        }

        try
        {
            var checkoutUrl = order.State == "pending" ? await payments.StartIfDueAsync(id, options.PublicUrl.GetLeftPart(UriPartial.Authority), cancel) : null;
            return TypedResults.Ok(order with { CheckoutUrl = checkoutUrl });
        }
        catch (PaymentProviderException e)
        {
            // An order can be read while its till is closed.
            Payments.Payments.ErrorOf(e, "a payment", log);
            return TypedResults.Ok(order);
        }
    }

    private static Task<Results<Ok<OrderDetails>, ProblemHttpResult>> CancelAsync(Guid id, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel) =>
        EndAsync(id, needed: Access.Buyer, database, keys, context, cancel);

    private static Task<Results<Ok<OrderDetails>, ProblemHttpResult>> RefundAsync(Guid id, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel, NewRefund? request = null) =>
        request?.ByHand == true ? SettleByHandAsync(id, database, keys, context, cancel) : EndAsync(id, needed: Access.Organiser, database, keys, context, cancel);

    private static async Task<Results<Ok<OrderDetails>, ProblemHttpResult>> SettleByHandAsync(Guid id, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel) =>
        (await database.TryInTransactionAsync<OrderDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var access = await AccessAsync(connection, id, context, keys);
                if (access < Access.Organiser)
                {
                    return NotFound;
                }

                if (!await FailedRefunds.SettleByHandAsync(transaction, id))
                {
                    return ApiError.Conflict("refund_not_failed", "No refund of this order has failed; ask the provider for it first.");
                }

                var order = (await OrderQueries.FindAsync(connection, id, keys))!;
                await AuditAsync(transaction, access, context, "order.refunded_by_hand", "order", id, order.EventId);
                return order;
            },
            cancel)).ToOk();

    private static async Task<Results<Ok<OrderDetails>, ProblemHttpResult>> EndAsync(Guid id, Access needed, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel) =>
        (await database.TryInTransactionAsync<OrderDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var access = await AccessAsync(connection, id, context, keys);
                if (access < needed)
                {
                    return NotFound;
                }

                if (await ReleaseOrder.CancelAsync(transaction, id, access == Access.Organiser) is { } error)
                {
                    return error;
                }

                var order = (await OrderQueries.FindAsync(connection, id, keys))!;
                await AuditAsync(transaction, access, context, "order.ended", "order", id, order.EventId);
                return order;
            },
            cancel)).ToOk();

    private static async Task<Results<Ok<TicketDetails>, ProblemHttpResult>> TransferAsync(Guid id, NewHolder holder, Database database, TicketKeys keys, OrderLimits limits, HttpContext context, CancellationToken cancel) =>
        !limits.Admits(context.Connection.RemoteIpAddress) ? OrderLimits.TooMany.ToResult() : (await database.TryInTransactionAsync<TicketDetails>(
            async transaction => await TicketAccessAsync(transaction.Connection!, id, context, keys) < Access.Buyer ? TicketNotFound : await TransferTicket.HandleAsync(transaction, id, holder, keys, limits),
            cancel)).ToOk();

    /// <summary>Mails the confirmation once more, at most once a minute.</summary>
    private static async Task<Results<Accepted<TicketDetails>, ProblemHttpResult>> ResendAsync(Guid id, Database database, TicketKeys keys, OrderLimits limits, HttpContext context, CancellationToken cancel)
    {
        var asked = await database.TryInTransactionAsync<TicketDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                if (await TicketAccessAsync(connection, id, context, keys) == Access.None)
                {
                    return TicketNotFound;
                }

                // The upkeep mails what was not mailed yet.
                var isDue = await connection.ExecuteAsync(
                    "update platform.tickets set mailed_at = null, mailings = mailings + 1 where id = @id and state = 'valid' and mailed_at < now() - interval '1 minute'", new { id }) == 1;
                var ticket = (await OrderQueries.TicketAsync(connection, id, keys))!;
                return ticket.State != "valid" ? ApiError.Conflict("ticket_not_valid", "Only a valid ticket is mailed.")
                    : isDue && !limits.AdmitsAddressee(ticket.HolderEmail) ? OrderLimits.TooMany
                    : isDue || await connection.ExecuteScalarAsync<bool>("select mailed_at is null from platform.tickets where id = @id", new { id }) ? ticket
                    : new ApiError(429, "too_many_attempts", "It was mailed less than a minute ago; look for it first.");
            },
            cancel);
        return asked.Error is { } error ? error.ToResult() : TypedResults.Accepted($"/api/v1/tickets/{id}", asked.Value!);
    }

    private static async Task<Results<Ok<TicketDetails>, ProblemHttpResult>> RevokeAsync(Guid id, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel) =>
        (await database.TryInTransactionAsync<TicketDetails>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var access = await TicketAccessAsync(connection, id, context, keys);
                if (access != Access.Organiser)
                {
                    return TicketNotFound;
                }

                if (await ReleaseOrder.RevokeTicketAsync(transaction, id) is { } error)
                {
                    return error;
                }

                var ticket = (await OrderQueries.TicketAsync(connection, id, keys))!;
                await AuditAsync(transaction, access, context, "ticket.revoked", "ticket", id, ticket.EventId);
                return ticket;
            },
            cancel)).ToOk();

    private static async Task<Results<Ok<TicketDetails>, ProblemHttpResult>> TicketAsync(Guid id, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return await ShownAsync(connection, id, context, keys) is { } ticket ? TypedResults.Ok(ticket) : TicketNotFound.ToResult();
    }

    private static async Task<Results<FileContentHttpResult, ProblemHttpResult>> QrAsync(Guid id, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        if (await ShownAsync(connection, id, context, keys) is not { Code: { } code })
        {
            return TicketNotFound.ToResult();
        }

        context.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.File(TicketCode.ToPng(code), "image/png");
    }

    /// <summary>For reading, the key in the ticket's own mail is enough.</summary>
    private static async Task<TicketDetails?> ShownAsync(NpgsqlConnection connection, Guid id, HttpContext context, TicketKeys keys) =>
        keys.Matches("ticket", id, context.Request.Headers[KeyHeader]) || await TicketAccessAsync(connection, id, context, keys) != Access.None
            ? await OrderQueries.TicketAsync(connection, id, keys) : null;

    private enum Access
    {
        None,

        /// <summary>Sees it, and mails tickets again.</summary>
        Reader,

        /// <summary>Also hands tickets on, and cancels what cost nothing.</summary>
        Buyer,

        /// <summary>Also gives money back and takes tickets back.</summary>
        Organiser,
    }

    private static async Task<Access> TicketAccessAsync(NpgsqlConnection connection, Guid ticketId, HttpContext context, TicketKeys keys) =>
        await connection.QuerySingleOrDefaultAsync<Guid?>("select order_id from platform.tickets where id = @ticketId", new { ticketId }) is { } order ? await AccessAsync(connection, order, context, keys) : Access.None;

    private static async Task<Access> AccessAsync(NpgsqlConnection connection, Guid orderId, HttpContext context, TicketKeys keys)
    {
        var account = await AccountAsync(context);
        if (account is not null && await connection.QuerySingleOrDefaultAsync<OwnerRow>("select event_id, user_id from platform.orders where id = @orderId", new { orderId }) is { } owner)
        {
            var role = await Permissions.EventRoleAsync(connection, account.UserId, owner.EventId);
            if (Permissions.Allows(role, EventAction.EndOrders))
            {
                return Access.Organiser;
            }

            if (owner.UserId == account.UserId)
            {
                return Access.Buyer;
            }

            if (Permissions.Allows(role, EventAction.ReadRegistrations) && !keys.Matches("order", orderId, context.Request.Headers[KeyHeader]))
            {
                return Access.Reader;
            }
        }

        return keys.Matches("order", orderId, context.Request.Headers[KeyHeader]) ? Access.Buyer : Access.None;
    }

    /// <summary>What an organiser does to somebody else's order; what buyers do to theirs is theirs.</summary>
    private static async Task AuditAsync(NpgsqlTransaction transaction, Access access, HttpContext context, string action, string subjectType, Guid subject, Guid eventId)
    {
        if (access != Access.Organiser)
        {
            return;
        }

        var organiserId = await transaction.Connection!.QuerySingleAsync<Guid>("select organiser_id from platform.events where id = @eventId", new { eventId }, transaction);
        await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User((await AccountAsync(context))!.UserId), action, organiserId, eventId, subjectType, subject));
    }

    private static async Task<SignedIn?> AccountAsync(HttpContext context) => SignedIn.From((await context.AuthenticateAsync(AccountCookie.Scheme)).Principal);

    private sealed record OwnerRow(Guid EventId, Guid? UserId);
}
