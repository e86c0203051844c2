using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Onsite;

/// <summary>Badges as PDF: of everybody beforehand, of one at the door.</summary>
internal static class Badges
{
    /// <summary>Fifty sheets: more would keep a request and its memory for long.</summary>
    private const int PerPart = 500;

    private const string Pdf = "application/pdf";

    private static readonly ApiError None = ApiError.NotFound("badges_none", "There are no valid tickets in this part.");

    /// <summary>Of all valid tickets in the order of their holders' names, 500 a part.</summary>
    public static async Task<Results<FileContentHttpResult, ProblemHttpResult>> OfEventAsync(Guid id, SignedIn account, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel, Guid? type = null, int part = 1)
    {
        if (part is < 1 or > 10_000)
        {
            return ApiError.BadRequest("part_invalid", "'part' counts from 1.").ToResult();
        }

        var read = await database.TryInTransactionAsync<Found>(
            async transaction =>
            {
                var connection = transaction.Connection!;
                var managed = await EventGuard.ManagedAsync(connection, account, id);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                var rows = await connection.QueryAsync<Row>(
                    """
                    select t.id, t.holder_name, y.name as type_name from platform.tickets t join platform.ticket_types y on y.id = t.ticket_type_id
                    where t.event_id = @id and t.state = 'valid' and (@type::uuid is null or t.ticket_type_id = @type) order by lower(t.holder_name), t.id limit @PerPart offset @Skip
                    """,
                    new { id, type, PerPart, Skip = (part - 1) * PerPart });
                var found = new Found(managed.Value!, [.. rows]);
                if (found.Rows.Count == 0)
                {
                    return None;
                }

                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "badges.printed", found.Event.OrganiserId, id, Detail: new { badges = found.Rows.Count }));
                return found;
            },
            cancel);
        if (read.Error is not null)
        {
            return read.Error.ToResult();
        }

        context.Response.Headers.CacheControl = "private, no-store";
        var of = read.Value!;
        return TypedResults.File(BadgeSheet.Sheets(of.Event.Name, [.. of.Rows.Select(r => r.ToBadge(id, keys))]), Pdf, $"{of.Event.Slug}-badges-{part}.pdf");
    }

    /// <summary>Of one ticket, on a page of a card's size: printed as its holder comes in.</summary>
    public static async Task<Results<FileContentHttpResult, ProblemHttpResult>> OfTicketAsync(Guid id, SignedIn account, Database database, TicketKeys keys, HttpContext context, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var ticket = await connection.QuerySingleOrDefaultAsync<OneRow>(
            "select t.id, t.event_id, t.holder_name, y.name as type_name, t.state, e.name as event_name from platform.tickets t join platform.ticket_types y on y.id = t.ticket_type_id join platform.events e on e.id = t.event_id where t.id = @id", new { id });
        if (ticket is null || await CheckIn.RefusalAsync(connection, account, ticket.EventId) is not null)
        {
            return ApiError.NotFound("ticket_not_found", "There is no such ticket.").ToResult();
        }

        if (ticket.State != "valid")
        {
            return ApiError.Conflict("ticket_not_valid", "Only a valid ticket has a badge.").ToResult();
        }

        context.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.File(BadgeSheet.Card(ticket.EventName, new Row(ticket.Id, ticket.HolderName, ticket.TypeName).ToBadge(ticket.EventId, keys)), Pdf);
    }

    private sealed record Found(EventRow Event, IReadOnlyList<Row> Rows);

    private sealed record Row(Guid Id, string HolderName, string TypeName)
    {
        public Badge ToBadge(Guid eventId, TicketKeys keys) => new(HolderName, TypeName, keys.CodeOf(eventId, Id));
    }

    private sealed record OneRow(Guid Id, Guid EventId, string HolderName, string TypeName, string State, string EventName);
}
