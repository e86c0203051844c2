using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>What an organiser sells from, and what buyers agree to.</summary>
internal static class TicketSetup
{
    private const int MaxQuotas = 200;

    public static async Task<Results<Created<QuotaDetails>, ProblemHttpResult>> AddQuotaAsync(Guid id, NewQuota request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = checks.Text("name", request.Name, 200);
        checks.Require(request.Capacity is >= 0 and <= 1_000_000, "capacity_invalid", "'capacity' is 0 to 1,000,000.");
        return (await ManageAsync<QuotaDetails>(checks, id, manager, database, "quota.added", async (connection, _) =>
        {
            if (await connection.ExecuteScalarAsync<int>("select count(*)::int from platform.ticket_quotas where event_id = @id", new { id }) >= MaxQuotas)
            {
                return ApiError.Conflict("too_many_quotas", $"An event has at most {MaxQuotas} quotas.");
            }

            var quotaId = Guid.CreateVersion7();
            await connection.ExecuteAsync("insert into platform.ticket_quotas (id, event_id, name, capacity) values (@quotaId, @id, @name, @Capacity)", new { quotaId, id, name, request.Capacity });
            return new StockRow(quotaId, name, request.Capacity!.Value, 0, 0, 0, 0, 1).ToDetails();
        }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/quotas");
    }

    /// <summary>Raised, it is on sale at once. It is not lowered below what is promised already: sold, being paid for, or offered to somebody who waited.</summary>
    public static async Task<Results<Ok<QuotaDetails>, ProblemHttpResult>> ChangeQuotaAsync(Guid id, Guid quotaId, NewQuota request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        checks.Require(request.Capacity is null or (>= 0 and <= 1_000_000), "capacity_invalid", "'capacity' is 0 to 1,000,000.");
        var name = request.Name is null ? null : checks.Text("name", request.Name, 200);
        return (await ManageAsync<QuotaDetails>(checks, id, manager, database, "quota.changed", async (connection, _) =>
        {
            if (!(await Stock.OfEventAsync(connection, id)).ContainsKey(quotaId))
            {
                return ApiError.NotFound("quota_not_found", "The event has no such quota.");
            }

            var stock = (await Stock.LockAsync(connection, [quotaId]))[quotaId];
            if (IfMatch.Refuses(http, stock.Version) is { } changed)
            {
                return changed;
            }

            if (request.Capacity < Math.Min(stock.Promised, stock.Capacity))
            {
                return ApiError.Conflict("capacity_below_sold", $"{stock.Promised} are sold, being paid for, or offered: 'capacity' cannot be less.");
            }

            await connection.ExecuteAsync("update platform.ticket_quotas set capacity = coalesce(@Capacity, capacity), name = coalesce(@name, name), version = version + 1 where id = @quotaId", new { quotaId, request.Capacity, name });
            return (await Stock.OfEventAsync(connection, id))[quotaId].ToDetails();
        }, cancel)).ToOk();
    }

    public static async Task<Results<Ok<ConsentText>, ProblemHttpResult>> SetConsentAsync(Guid id, NewConsentText request, EventManager manager, Database database, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var (storing, sharing) = (request.Storing?.Trim() ?? "", request.Sharing?.Trim() ?? "");
        checks.Require(storing.Length is > 0 and <= 10_000 && FieldChecks.IsWellFormed(storing), "storing_invalid", "'storing' is a text of 1 to 10,000 characters.");
        checks.Require(sharing.Length <= 10_000 && FieldChecks.IsWellFormed(sharing), "sharing_invalid", "'sharing' has at most 10,000 characters.");
        return (await ManageAsync<ConsentText>(checks, id, manager, database, "consent.changed", async (connection, _) =>
        {
            var text = new ConsentText(((await ConsentRules.CurrentAsync(connection, id))?.Version ?? 0) + 1, storing, sharing);
            await connection.ExecuteAsync("insert into platform.consent_texts (event_id, version, storing, sharing) values (@id, @Version, @Storing, @Sharing)", new { id, text.Version, text.Storing, text.Sharing });
            return text;
        }, cancel)).ToOk();
    }

    public static async Task<Results<Ok<IReadOnlyList<QuotaDetails>>, ProblemHttpResult>> QuotasAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        return (await EventGuard.ManagedAsync(connection, account, id, EventAction.ReadRegistrations)).Error is { } error
            ? error.ToResult()
            : TypedResults.Ok<IReadOnlyList<QuotaDetails>>([.. (await Stock.OfEventAsync(connection, id)).Values.Select(s => s.ToDetails())]);
    }

    /// <summary>
    /// Checks the fields, then the permission, then works in one transaction, once under the key that was sent. What an event offers changes under the
    /// event's lock, which orders share: an order sees all of a change or nothing of it, and the change every order that came before.
    /// </summary>
    internal static Task<Outcome<T>> ManageAsync<T>(FieldChecks checks, Guid eventId, EventManager manager, Database database, string action, Func<NpgsqlConnection, EventRow, Task<Outcome<T>>> work, CancellationToken cancel, EventAction needed = EventAction.EditEvent)
        where T : class => ManageInAsync<T>(checks, eventId, manager, database, action, (transaction, row) => work(transaction.Connection!, row), cancel, needed);

    /// <summary>The same for work that sets timers or enqueues mails.</summary>
    internal static async Task<Outcome<T>> ManageInAsync<T>(FieldChecks checks, Guid eventId, EventManager manager, Database database, string action, Func<NpgsqlTransaction, EventRow, Task<Outcome<T>>> work, CancellationToken cancel, EventAction needed = EventAction.EditEvent)
        where T : class
    {
        if (checks.Error is not null)
        {
            return checks.Error;
        }

        return await manager.WriteAsync<T>(
            database,
            action,
            eventId,
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @eventId for no key update", new { eventId });
                var managed = await manager.FindAsync(connection, eventId, needed);
                return managed.Error is not null ? managed.Error : await work(transaction, managed.Value!);
            },
            cancel);
    }
}
