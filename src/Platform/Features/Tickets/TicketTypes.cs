using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Tickets;

/// <summary>What people choose from: added, changed, taken off sale for good. What was sold stays as it was sold.</summary>
internal static class TicketTypes
{
    private const int MaxTypes = 200;

    private static readonly ApiError NotFound = ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");

    private static readonly ApiError QuotaNotFound = ApiError.NotFound("quota_not_found", "The event has no such quota; 'quotaId' is needed.");

    public static async Task<Results<Created<TicketTypeDetails>, ProblemHttpResult>> AddAsync(Guid id, NewTicketType request, EventManager manager, Database database, Payments.PaymentAccounts accounts, CancellationToken cancel)
    {
        var (checks, type) = Read(request, id, Guid.CreateVersion7());
        return (await TicketSetup.ManageAsync<TicketTypeDetails>(checks, id, manager, database, "ticket_type.added", async (connection, row) =>
        {
            if (type.PriceMinor > 0 && row.State is "live" && await accounts.ErrorAsync(connection, row.OrganiserId) is { } noAccount)
            {
                return noAccount;
            }

            if (!(await Stock.OfEventAsync(connection, id)).TryGetValue(type.QuotaId, out var stock))
            {
                return QuotaNotFound;
            }

            if ((await TicketQueries.TypesAsync(connection, id)).Count >= MaxTypes)
            {
                return ApiError.Conflict("too_many_ticket_types", $"An event has at most {MaxTypes} ticket types.");
            }

            await connection.ExecuteAsync(
                $"""
                insert into platform.ticket_types ({TypeRow.Columns})
                values (@Id, @EventId, @QuotaId, @Name, @Description, @Visibility, @PriceMinor, @Currency, @MaxPerOrder, @SalesFrom, @SalesUntil, @Version)
                """,
                type);
            return type.ToDetails(stock.Available, sold: 0);
        }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/tickets");
    }

    /// <summary>Replaces all of it. What a ticket costs and which stock it is drawn from stay once one is sold, or being paid for.</summary>
    public static async Task<Results<Ok<TicketTypeDetails>, ProblemHttpResult>> ChangeAsync(
        Guid id, Guid typeId, NewTicketType request, HttpRequest http, EventManager manager, Database database, Payments.PaymentAccounts accounts, CancellationToken cancel)
    {
        var (checks, type) = Read(request, id, typeId);
        return (await TicketSetup.ManageAsync<TicketTypeDetails>(checks, id, manager, database, "ticket_type.changed", async (connection, row) =>
        {
            if ((await TicketQueries.TypesAsync(connection, id)).FirstOrDefault(t => t.Id == typeId) is not { } before)
            {
                return NotFound;
            }

            if (IfMatch.Refuses(http, before.Version) is { } changed)
            {
                return changed;
            }

            var sold = (await TicketQueries.SoldAsync(connection, id)).GetValueOrDefault(typeId);
            var costsAnother = type.PriceMinor != before.PriceMinor || (type.PriceMinor > 0 && type.Currency != before.Currency);
            if (sold > 0 && costsAnother)
            {
                return ApiError.Conflict("price_locked", "Tickets of this type are sold: its price stays. Add another type, and take this one off sale.");
            }

            if (sold > 0 && type.QuotaId != before.QuotaId)
            {
                return ApiError.Conflict("quota_locked", "Tickets of this type are sold: the seats that it is drawn from stay.");
            }

            if (costsAnother && type.PriceMinor > 0 && row.State is "live" && await accounts.ErrorAsync(connection, row.OrganiserId) is { } noAccount)
            {
                return noAccount;
            }

            if (!(await Stock.OfEventAsync(connection, id)).TryGetValue(type.QuotaId, out var stock))
            {
                return QuotaNotFound;
            }

            await connection.ExecuteAsync(
                """
                update platform.ticket_types set quota_id = @QuotaId, name = @Name, description = @Description, visibility = @Visibility, price_minor = @PriceMinor, currency = @Currency,
                       max_per_order = @MaxPerOrder, sales_from = @SalesFrom, sales_until = @SalesUntil, version = version + 1
                where id = @Id
                """,
                type);

            await WaitingList.FollowAsync(connection, type);
            return (type with { Version = before.Version + 1 }).ToDetails(stock.Available, sold);
        }, cancel)).ToOk();
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync(Guid id, Guid typeId, EventManager manager, Database database, CancellationToken cancel)
    {
        var withdrawn = await TicketSetup.ManageAsync<Withdrawn>(new FieldChecks(), id, manager, database, "ticket_type.withdrawn", async (connection, _) =>
        {
            var changed = await connection.ExecuteAsync("update platform.ticket_types set retired_at = now(), version = version + 1 where id = @typeId and event_id = @id and retired_at is null", new { id, typeId });
            if (changed == 0)
            {
                return NotFound;
            }

            // Nobody waits any longer for what is not given any more, and no offer of it keeps a seat.
            await connection.ExecuteAsync("update platform.ticket_waiting_list set state = 'lapsed' where ticket_type_id = @typeId and state in ('waiting', 'offered')", new { typeId });
            return new Withdrawn(typeId);
        }, cancel);
        return withdrawn.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    private static (FieldChecks Checks, TypeRow Type) Read(NewTicketType request, Guid eventId, Guid typeId)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        var description = request.Description?.Trim() ?? "";
        var (visibility, price, currency, most) = (request.Visibility ?? "public", request.PriceMinor ?? 0, request.Currency ?? "EUR", request.MaxPerOrder ?? 10);
        checks.Require(description.Length <= 2_000 && FieldChecks.IsWellFormed(description), "description_invalid", "'description' has at most 2,000 characters of text.");
        checks.Require(visibility is "public" or "hidden" or "invited", "visibility_invalid", "'visibility' is public, hidden or invited.");
        checks.Require(price is >= 0 and <= 100_000_000, "price_invalid", "'priceMinor' is 0 to 100,000,000 of the currency's smallest unit.");
        checks.Require(currency.Length == 3 && currency.All(char.IsAsciiLetterUpper) && (price == 0 || request.Currency is not null), "currency_invalid", "'currency' is an ISO 4217 code like EUR, and needed for a price.");
        checks.Require(most is >= 1 and <= PlaceOrder.MaxTickets, "max_per_order_invalid", $"'maxPerOrder' is 1 to {PlaceOrder.MaxTickets}.");
        checks.Require(request is not { SalesFrom: { } from, SalesUntil: { } until } || until > from, "times_invalid", "'salesUntil' must be after 'salesFrom'.");
        return (checks, new TypeRow(typeId, eventId, request.QuotaId ?? default, name, description, visibility, price, currency, most, request.SalesFrom, request.SalesUntil, 1));
    }

    private sealed record Withdrawn(Guid Id);
}
