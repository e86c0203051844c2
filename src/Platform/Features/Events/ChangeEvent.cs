using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Recordings;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Events;

/// <summary>What may change; what is left out stays.</summary>
public sealed record EventChange(string? Name, string? Description, string? TimeZone, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, string? BusinessType);

/// <param name="State">building, draft, live, ended or archived.</param>
public sealed record EventStateChange(string? State);

/// <summary>Changing an event, and moving it through its life.</summary>
internal static class ChangeEvent
{
    private static readonly string[] Life = ["building", "draft", "live", "ended", "archived"];

    public static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> HandleAsync(Guid id, EventChange request, HttpRequest http, EventManager manager, Database database, PublicListing listing, CancellationToken cancel)
    {
        var checks = new FieldChecks();
        var name = request.Name is null ? null : checks.Text("name", request.Name, 200);
        checks.Require(request.Description is null || (request.Description.Length <= 10_000 && FieldChecks.IsWellFormed(request.Description)), "description_invalid", "'description' has at most 10,000 characters of text.");
        checks.Require(request.TimeZone is null || EventTimes.IsZone(request.TimeZone), "time_zone_unknown", "'timeZone' must be an IANA zone like Europe/Zurich.");
        checks.Require(request.BusinessType is null || BusinessTypes.Contains(request.BusinessType), "business_type_invalid", BusinessTypes.Detail);
        if (checks.Error is not null)
        {
            return checks.Error.ToResult();
        }

        var outcome = await manager.WriteAsync<EventDetails>(
            database,
            "event.changed",
            id,
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                var managed = await manager.FindAsync(connection, id);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                if (IfMatch.Refuses(http, managed.Value!.Revision) is { } changedMeanwhile)
                {
                    return changedMeanwhile;
                }

                var (from, to) = (request.StartsAt ?? managed.Value!.StartsAt, request.EndsAt ?? managed.Value!.EndsAt);
                if (!EventTimes.AreInBounds(from, to))
                {
                    return ApiError.BadRequest("times_invalid", "'endsAt' is after 'startsAt', less than 400 days apart.");
                }

                if (from != managed.Value!.StartsAt || to != managed.Value.EndsAt)
                {
                    await ScheduleChanges.KeepAsync(transaction, managed.Value, id, managed.Value.Name, managed.Value.StartsAt, managed.Value.EndsAt);
                }

                await connection.ExecuteAsync(
                    """
                    update platform.events set name = coalesce(@name, name), description = coalesce(@Description, description), time_zone = coalesce(@TimeZone, time_zone),
                           business_type = coalesce(@BusinessType, business_type), starts_at = @from, ends_at = @to, revision = revision + 1, changed_at = now()
                    where id = @id
                    """,
                    new { id, name, request.Description, request.TimeZone, request.BusinessType, from, to });
                await Outbox.AppendAsync(transaction, "event", id, "event.changed", new { eventId = id });
                var changed = (await EventQueries.FindAsync(connection, id.ToString()))!;
                await EventReminders.ScheduleAsync(transaction, changed);
                return changed.ToDetails(await EventQueries.SessionsAsync(connection, id));
            },
            cancel);
        listing.Forget();
        return outcome.ToOk();
    }

    /// <summary>One step forward at a time; what was cancelled can only be archived. Live needs a payment account when anything costs money.</summary>
    public static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> MoveAsync(Guid id, EventStateChange request, EventManager manager, Database database, Payments.PaymentAccounts accounts, PublicListing listing, CancellationToken cancel)
    {
        var to = Array.IndexOf(Life, request.State);
        if (to < 0)
        {
            return ApiError.BadRequest("state_invalid", "'state' is building, draft, live, ended or archived.").ToResult();
        }

        var outcome = await manager.WriteAsync<EventDetails>(
            database,
            "event.state_changed",
            id,
            async transaction =>
            {
                var connection = transaction.Connection!;
                await connection.ExecuteAsync("select 1 from platform.events where id = @id for no key update", new { id });
                var managed = await manager.FindAsync(connection, id);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                var row = managed.Value!;
                if (row.State != request.State)
                {
                    if (row.State == "cancelled" ? request.State != "archived" : Array.IndexOf(Life, row.State) + 1 != to)
                    {
                        return ApiError.Conflict("state_not_reachable", $"An event goes from {string.Join(" to ", Life)}, one step at a time; this one is {row.State}.");
                    }

                    if (request.State == "live"
                        && await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.ticket_types where event_id = @id and price_minor > 0 and retired_at is null)", new { id })
                        && await accounts.ErrorAsync(connection, row.OrganiserId) is { } noAccount)
                    {
                        return noAccount;
                    }

                    await connection.ExecuteAsync("update platform.events set state = @State, revision = revision + 1, changed_at = now() where id = @id", new { id, request.State });
                    await Outbox.AppendAsync(transaction, "event", id, $"event.{request.State}", new { eventId = id });
                    await EventReminders.ScheduleAsync(transaction, row with { State = request.State! });
                    if (request.State is "ended" or "archived")
                    {
                        await StopRecording.EventEndsAsync(transaction, id);
                    }
                }

                return (await EventQueries.FindAsync(connection, id.ToString()))!.ToDetails(await EventQueries.SessionsAsync(connection, id));
            },
            cancel);
        listing.Forget();
        return outcome.ToOk();
    }
}
