using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Events;
using Events.Platform.Features.Payments;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Buys tickets. Order, stock and outbox entry are one transaction; the idempotency key is the first thing that it writes, so
/// that a second click waits for the first and gets the same order. Free orders are confirmed at once, others hold their
/// tickets until they are paid or time runs out.
/// </summary>
internal sealed class PlaceOrder(Database database, TicketKeys keys, Payments.Payments payments, PaymentAccounts accounts, OrderLimits limits, ILogger<PlaceOrder> log)
{
    public const int MaxTickets = 50;

    /// <summary>Longer than a bank's second factor takes, shorter than somebody else's patience.</summary>
    public static readonly TimeSpan HoldFor = TimeSpan.FromMinutes(15);

    private static readonly ApiError SoldOut = ApiError.Conflict("sold_out", "These tickets are sold out. Join the waiting list, or try again later: held tickets may come back.");

    public async Task<Outcome<OrderDetails>> HandleAsync(Guid eventId, NewOrder request, string? idempotencyKey, Guid? userId, string origin, CancellationToken cancel)
    {
        var draft = OrderDraft.Read(request, idempotencyKey);
        if (draft.Error is { } error)
        {
            return error;
        }

        var placed = await database.TryInTransactionAsync<PlacedOrder>(transaction => PlaceAsync(transaction, eventId, request, draft.Value!, userId), cancel);
        if (placed.Error is not null)
        {
            return placed.Error;
        }

        string? checkoutUrl;
        try
        {
            checkoutUrl = await payments.StartIfDueAsync(placed.Value!.Id, origin, cancel);
        }
        catch (PaymentProviderException e)
        {
            // The order stands and holds its tickets: the same request finds it again and starts its payment.
            return Payments.Payments.ErrorOf(e, "a payment", log);
        }

        await using var connection = await database.OpenAsync(cancel);
        return (await OrderQueries.FindAsync(connection, placed.Value.Id, keys))! with { Key = keys.KeyOf("order", placed.Value.Id), CheckoutUrl = checkoutUrl };
    }

    private async Task<Outcome<PlacedOrder>> PlaceAsync(NpgsqlTransaction transaction, Guid eventId, NewOrder request, OrderDraft draft, Guid? userId)
    {
        var connection = transaction.Connection!;

        // What the event offers, and whether it does, stays as it is until this order is placed: see TicketSetup.ManageAsync.
        await connection.ExecuteAsync("select 1 from platform.events where id = @eventId for share", new { eventId });
        if (await EventQueries.FindAsync(connection, eventId.ToString()) is not { IsPublic: true } row)
        {
            return EventsApi.NotFound;
        }

        if (row.State != "live")
        {
            return ApiError.Conflict("sales_closed", "Tickets of this event are not on sale.");
        }

        var orderId = Guid.CreateVersion7();
        var fingerprint = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, JsonSerializerOptions.Web));
        var inserted = await connection.ExecuteAsync(
            $"""
            insert into platform.orders (id, event_id, user_id, email, name, state, total_minor, currency, idempotency_key, fingerprint, consent_storing, consent_sharing)
            values (@orderId, @eventId, coalesce(@userId, {GuestOrders.ProvenOwner}), @Email, @Name, 'pending', 0, 'XXX', @IdempotencyKey, @fingerprint, false, false)
            on conflict (event_id, lower(email), idempotency_key) do nothing
            """,
            new { orderId, eventId, userId, draft.Email, draft.Name, draft.IdempotencyKey, fingerprint });
        if (inserted == 0)
        {
            var before = await connection.QuerySingleAsync<(Guid Id, byte[] Fingerprint)>(
                "select id, fingerprint from platform.orders where event_id = @eventId and lower(email) = lower(@Email) and idempotency_key = @IdempotencyKey", new { eventId, draft.Email, draft.IdempotencyKey });
            return before.Fingerprint.AsSpan().SequenceEqual(fingerprint)
                ? new PlacedOrder(before.Id)
                : new ApiError(422, "idempotency_key_reused", "This Idempotency-Key came with another order before; use a new one.");
        }

        var lines = await LinesAsync(connection, eventId, orderId, request, draft);
        if (lines.Error is not null)
        {
            return lines.Error;
        }

        var total = lines.Value!.Sum(l => l.PriceMinor);
        if (total > 0 && await accounts.ErrorAsync(connection, row.OrganiserId) is { } noAccount)
        {
            return noAccount;
        }

        var wanted = lines.Value!.GroupBy(l => l.Type.QuotaId).ToDictionary(g => g.Key, g => g.Count());
        var stock = await Stock.LockAsync(connection, wanted.Keys);
        var claims = request.WaitingList is not null;
        if (wanted.Any(w => (claims ? stock[w.Key].Free : stock[w.Key].Available) < w.Value))
        {
            return SoldOut;
        }

        // Each ticket is a mail to its holder.
        if (!lines.Value!.GroupBy(l => l.HolderEmail, StringComparer.OrdinalIgnoreCase).All(g => limits.AdmitsAddressee(g.Key, g.Count())))
        {
            return OrderLimits.TooMany;
        }

        await InsertTicketsAsync(connection, eventId, orderId, lines.Value!, draft);
        foreach (var line in lines.Value!)
        {
            if (await AnswerFiles.ClaimAsync(connection, eventId, line.Id, line.Files) is { } gone)
            {
                return gone;
            }
        }

        await connection.ExecuteAsync(
            """
            update platform.orders set total_minor = @total, currency = @Currency, consent_version = @Version, consent_storing = @Storing, consent_sharing = @Sharing,
                   expires_at = clock_timestamp() + make_interval(secs => @HoldSeconds)
            where id = @orderId
            """,
            new { orderId, total, lines.Value![0].Type.Currency, request.Consent!.Version, request.Consent.Storing, request.Consent.Sharing, HoldSeconds = HoldFor.TotalSeconds });
        await Outbox.AppendAsync(transaction, "order", orderId, "order.placed", new { orderId, eventId });
        if (total == 0)
        {
            await ConfirmOrder.TakeAsync(transaction, orderId, eventId);
        }

        return new PlacedOrder(orderId);
    }

    /// <summary>Each ticket with its type, price and answers, or the first thing that is wrong.</summary>
    private async Task<Outcome<List<OrderLine>>> LinesAsync(NpgsqlConnection connection, Guid eventId, Guid orderId, NewOrder request, OrderDraft draft)
    {
        var types = (await TicketQueries.TypesAsync(connection, eventId)).ToDictionary(t => t.Id);
        var questions = await TicketQueries.QuestionsAsync(connection, eventId);
        if (await ConsentRules.ErrorAsync(connection, eventId, request.Consent) is { } consentError)
        {
            return consentError;
        }

        var admission = await Admission.ReadAsync(connection, eventId, orderId, request, draft, keys);
        if (admission.Error is not null)
        {
            return admission.Error;
        }

        var lines = new List<OrderLine>();
        foreach (var ticket in draft.Tickets)
        {
            if (!types.TryGetValue(ticket.TicketTypeId, out var type))
            {
                return ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");
            }

            if (admission.Value!.Refuses(type) is { } refused)
            {
                return refused;
            }

            var (answers, answerError) = QuestionRules.Check(questions, type.Id, ticket.Answers);
            if (answerError is not null)
            {
                return answerError;
            }

            var files = AnswerFiles.Named(questions, answers, keys);
            if (files.Error is not null)
            {
                return files.Error;
            }

            lines.Add(new OrderLine(Guid.CreateVersion7(), type, ticket.HolderName ?? draft.Name, ticket.HolderEmail ?? draft.Email, admission.Value.PriceOf(type), JsonSerializer.Serialize(files.Value!.Answers), files.Value.Files));
        }

        if (lines.GroupBy(l => l.Type).FirstOrDefault(g => g.Count() > g.Key.MaxPerOrder) is { } many)
        {
            return ApiError.BadRequest("too_many_tickets", $"An order has at most {many.Key.MaxPerOrder} tickets of '{many.Key.Name}'.");
        }

        return lines.Select(l => l.Type.Currency).Distinct().Count() > 1 && lines.Any(l => l.PriceMinor > 0)
            ? ApiError.BadRequest("currencies_mixed", "Order tickets of one currency at a time.")
            : lines;
    }

    private static Task InsertTicketsAsync(NpgsqlConnection connection, Guid eventId, Guid orderId, List<OrderLine> lines, OrderDraft draft) =>
        connection.ExecuteAsync(
            """
            insert into platform.tickets (id, order_id, event_id, ticket_type_id, quota_id, holder_name, holder_email, price_minor, state, held_until, answers)
            select l.id, @orderId, @eventId, l.type_id, l.quota_id, l.name, l.email, l.price, 'held', clock_timestamp() + make_interval(secs => @HoldSeconds), l.answers::jsonb
            from unnest(@Ids, @Types, @Quotas, @Names, @Emails, @Prices, @Answers) as l (id, type_id, quota_id, name, email, price, answers)
            """,
            new
            {
                orderId,
                eventId,
                HoldSeconds = HoldFor.TotalSeconds,
                Ids = lines.Select(l => l.Id).ToArray(),
                Types = lines.Select(l => l.Type.Id).ToArray(),
                Quotas = lines.Select(l => l.Type.QuotaId).ToArray(),
                Names = lines.Select(l => l.HolderName).ToArray(),
                Emails = lines.Select(l => l.HolderEmail).ToArray(),
                Prices = lines.Select(l => l.PriceMinor).ToArray(),
                Answers = lines.Select(l => l.Answers).ToArray(),
            });

    private sealed record PlacedOrder(Guid Id);

    private sealed record OrderLine(Guid Id, TypeRow Type, string HolderName, string HolderEmail, long PriceMinor, string Answers, IReadOnlyDictionary<Guid, Guid> Files);
}
