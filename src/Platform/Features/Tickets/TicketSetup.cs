using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>What an organiser sells: stock, types, questions, consent.</summary>
internal static class TicketSetup
{
    private const int MaxQuotas = 200;
    private const int MaxTypes = 200;
    private const int MaxQuestions = 100;
    private const int MaxOptions = 100;

    public static async Task<Results<Created<QuotaDetails>, ProblemHttpResult>> AddQuotaAsync(Guid id, NewQuota request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        checks.Require(request.Capacity is >= 0 and <= 1_000_000, "capacity_invalid", "'capacity' is 0 to 1,000,000.");
        return (await ManageAsync<QuotaDetails>(checks, id, manager, database, async (connection, _) =>
        {
            if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.ticket_quotas where event_id = @id", new { id }) >= MaxQuotas)
            {
                return ApiError.Conflict("too_many_quotas", $"An event has at most {MaxQuotas} quotas.");
            }

            var quotaId = Guid.CreateVersion7();
            await connection.ExecuteAsync("insert into platform.ticket_quotas (id, event_id, name, capacity) values (@quotaId, @id, @name, @Capacity)", new { quotaId, id, name, request.Capacity });
            return new StockRow(quotaId, name, request.Capacity!.Value, 0, 0, 0, 0).ToDetails();
        }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/quotas");
    }

    /// <summary>Raised, it is on sale at once; lowered below what is taken, nobody loses a ticket, but nothing more is sold.</summary>
    public static async Task<Results<Ok<QuotaDetails>, ProblemHttpResult>> ChangeQuotaAsync(Guid id, Guid quotaId, NewQuota request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        checks.Require(request.Capacity is null or (>= 0 and <= 1_000_000), "capacity_invalid", "'capacity' is 0 to 1,000,000.");
        var name = request.Name is null ? null : checks.Text("name", request.Name, 200);
        return (await ManageAsync<QuotaDetails>(checks, id, manager, database, async (connection, _) =>
        {
            var changed = await connection.ExecuteAsync(
                "update platform.ticket_quotas set capacity = coalesce(@Capacity, capacity), name = coalesce(@name, name) where id = @quotaId and event_id = @id", new { id, quotaId, request.Capacity, name });
            return changed == 1 ? (await Stock.OfEventAsync(connection, id))[quotaId].ToDetails() : ApiError.NotFound("quota_not_found", "The event has no such quota.");
        }, cancel)).ToOk();
    }

    public static async Task<Results<Created<TicketTypeDetails>, ProblemHttpResult>> AddTypeAsync(Guid id, NewTicketType request, EventManager manager, Database database, Payments.PaymentAccounts accounts, CancellationToken cancel)
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
        return (await ManageAsync<TicketTypeDetails>(checks, id, manager, database, async (connection, row) =>
        {
            // Against going live at the same moment: one of the two sees the other.
            var state = await connection.QuerySingleAsync<string>("select state from platform.events where id = @id for no key update", new { id });
            if (price > 0 && state is "live" && await accounts.ErrorAsync(connection, row.OrganiserId) is { } noAccount)
            {
                return noAccount;
            }

            if (request.QuotaId is not { } quotaId || !(await Stock.OfEventAsync(connection, id)).TryGetValue(quotaId, out var stock))
            {
                return ApiError.NotFound("quota_not_found", "The event has no such quota; 'quotaId' is needed.");
            }

            if ((await TicketQueries.TypesAsync(connection, id)).Count >= MaxTypes)
            {
                return ApiError.Conflict("too_many_ticket_types", $"An event has at most {MaxTypes} ticket types.");
            }

            var type = new TypeRow(Guid.CreateVersion7(), id, quotaId, name, description, visibility, price, currency, most, request.SalesFrom, request.SalesUntil);
            await connection.ExecuteAsync(
                $"""
                insert into platform.ticket_types ({TypeRow.Columns})
                values (@Id, @EventId, @QuotaId, @Name, @Description, @Visibility, @PriceMinor, @Currency, @MaxPerOrder, @SalesFrom, @SalesUntil)
                """,
                type);
            return type.ToDetails(stock.Available);
        }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/tickets");
    }

    public static async Task<Results<Created<QuestionDetails>, ProblemHttpResult>> AddQuestionAsync(Guid id, NewQuestion request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var label = checks.Text("label", request.Label, 500);
        var kind = request.Kind ?? "text";
        var asked = request.Options ?? [];
        checks.Require(kind is "text" or "choice" or "choices" or "yes_no" or "file", "kind_invalid", "'kind' is text, choice, choices, yes_no or file.");
        checks.Require(kind is "choice" or "choices" ? asked.Count is >= 1 and <= MaxOptions : asked.Count == 0, "options_invalid", $"A question of choice has 1 to {MaxOptions} 'options', others have none.");
        var options = asked.Take(MaxOptions).Select(o => checks.Text("options", o, 200)).ToArray();
        checks.Require(options.Distinct().Count() == options.Length, "options_invalid", "The 'options' must differ.");
        var wanted = request.ShownIf is { } shown ? checks.Text("shownIf", shown.Answer, QuestionRules.MaxText, "shown_if") : null;
        return (await ManageAsync<QuestionDetails>(checks, id, manager, database, async (connection, _) =>
        {
            var before = await TicketQueries.QuestionsAsync(connection, id);
            if (before.Count >= MaxQuestions)
            {
                return ApiError.Conflict("too_many_questions", $"An event has at most {MaxQuestions} questions.");
            }

            if (request.ShownIf is { } condition && !before.Any(q => q.Id == condition.QuestionId && q.Kind != "file"))
            {
                return ApiError.BadRequest("shown_if_invalid", "'shownIf' names an earlier question of the event that is not answered by a file.");
            }

            if (request.TicketTypeId is { } typeId && (await TicketQueries.TypesAsync(connection, id)).All(t => t.Id != typeId))
            {
                return ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.");
            }

            var question = new QuestionDetails(Guid.CreateVersion7(), label, kind, request.Required ?? false, options, request.TicketTypeId, request.ShownIf is null ? null : request.ShownIf with { Answer = wanted! });
            await connection.ExecuteAsync(
                """
                insert into platform.ticket_questions (id, event_id, ticket_type_id, position, label, kind, required, options, shown_if_question, shown_if_answer)
                values (@Id, @EventId, @TicketTypeId, @Position, @Label, @Kind, @Required, @Options::jsonb, @ShownIfQuestion, @ShownIfAnswer)
                """,
                new { question.Id, EventId = id, question.TicketTypeId, Position = before.Count, question.Label, question.Kind, question.Required, Options = JsonSerializer.Serialize(options), ShownIfQuestion = question.ShownIf?.QuestionId, ShownIfAnswer = question.ShownIf?.Answer });
            return question;
        }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/tickets");
    }

    public static async Task<Results<Ok<ConsentText>, ProblemHttpResult>> SetConsentAsync(Guid id, NewConsentText request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var (storing, sharing) = (request.Storing?.Trim() ?? "", request.Sharing?.Trim() ?? "");
        checks.Require(storing.Length is > 0 and <= 10_000 && FieldChecks.IsWellFormed(storing), "storing_invalid", "'storing' is a text of 1 to 10,000 characters.");
        checks.Require(sharing.Length <= 10_000 && FieldChecks.IsWellFormed(sharing), "sharing_invalid", "'sharing' has at most 10,000 characters.");
        return (await ManageAsync<ConsentText>(checks, id, manager, database, async (connection, _) =>
        {
            await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
            var text = new ConsentText(((await ConsentRules.CurrentAsync(connection, id))?.Version ?? 0) + 1, storing, sharing);
            await connection.ExecuteAsync("insert into platform.consent_texts (event_id, version, storing, sharing) values (@id, @Version, @Storing, @Sharing)", new { id, text.Version, text.Storing, text.Sharing });
            return text;
        }, cancel)).ToOk();
    }

    public static async Task<Results<Ok<IReadOnlyList<QuotaDetails>>, ProblemHttpResult>> QuotasAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return (await EventGuard.ManagedAsync(connection, account, id)).Error is { } error
            ? error.ToResult()
            : TypedResults.Ok<IReadOnlyList<QuotaDetails>>([.. (await Stock.OfEventAsync(connection, id)).Values.Select(s => s.ToDetails())]);
    }

    /// <summary>Checks the fields, then the permission, then works in one transaction, once under the key that was sent.</summary>
    internal static async Task<Outcome<T>> ManageAsync<T>(FieldChecks checks, Guid eventId, EventManager manager, Database database, Func<NpgsqlConnection, EventRow, Task<Outcome<T>>> work, CancellationToken cancel)
        where T : class
    {
        if (checks.Error is not null)
        {
            return checks.Error;
        }

        return await manager.WriteAsync<T>(
            database,
            "event.set_up",
            eventId,
            async transaction =>
            {
                var connection = transaction.Connection!;
                var managed = await manager.FindAsync(connection, eventId);
                return managed.Error is not null ? managed.Error : await work(connection, managed.Value!);
            },
            cancel);
    }
}
