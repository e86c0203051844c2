using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Tickets;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.External;

/// <param name="Visibility">"public", "hidden" or "invited".</param>
/// <param name="RetiredAt">Since when it is no longer sold.</param>
public sealed record ExternalTicketType(
    Guid Id, Guid QuotaId, string Name, string Description, string Visibility, long PriceMinor, string Currency, int MaxPerOrder, DateTimeOffset? SalesFrom, DateTimeOffset? SalesUntil, DateTimeOffset? RetiredAt) : IPaged;

/// <param name="Taken">Valid tickets.</param>
/// <param name="Held">Waiting for payment.</param>
public sealed record ExternalQuota(Guid Id, string Name, int Capacity, int Taken, int Held, int Version) : IPaged;

/// <param name="State">pending, confirmed, expired, cancelled, refunding, refunded.</param>
/// <param name="TotalMinor">In the currency's smallest unit.</param>
/// <param name="Tickets">Held and valid ones.</param>
public sealed record ExternalOrder(Guid Id, Guid EventId, string State, string Email, string Name, long TotalMinor, string Currency, int Tickets, DateTimeOffset CreatedAt, DateTimeOffset? ConfirmedAt) : IPaged;

/// <summary>A ticket's holder.</summary>
/// <param name="Id">The ticket's.</param>
/// <param name="State">held, valid, cancelled, transferred or revoked.</param>
/// <param name="CheckedInAt">Null: not in.</param>
/// <param name="Sharing">Whether it was agreed to sharing name and address with others than the organiser; null: nobody asked.</param>
public sealed record ExternalAttendee(
    Guid Id, Guid EventId, Guid OrderId, Guid TicketTypeId, string TypeName, string HolderName, string HolderEmail, string State, DateTimeOffset CreatedAt, DateTimeOffset? CheckedInAt, bool? Sharing) : IPaged;

/// <summary>Who entered the event's rooms.</summary>
/// <param name="UserId">Null: a guest without an account.</param>
public sealed record ExternalParticipant(Guid Id, Guid? UserId, string Name, string Role, DateTimeOffset CreatedAt) : IPaged;

/// <summary>What an event sells, who bought, who holds a ticket, who came.</summary>
internal static class ExternalTickets
{
    private const string Order =
        """
        select o.id, o.event_id, o.state, o.email, o.name, o.total_minor, o.currency,
               (select count(*)::int from platform.tickets t where t.order_id = o.id and t.state in ('held', 'valid')) as tickets, o.created_at, o.confirmed_at
        from platform.orders o
        """;

    private const string Attendee =
        $"""
        select t.id, t.event_id, t.order_id, t.ticket_type_id, y.name as type_name, t.holder_name, t.holder_email, t.state, t.created_at, c.checked_in_at, {ConsentRules.Sharing} as sharing
        from platform.tickets t join platform.orders o on o.id = t.order_id join platform.ticket_types y on y.id = t.ticket_type_id left join platform.ticket_check_ins c on c.ticket_id = t.id
        """;

    public static Task<Results<Ok<Page<ExternalTicketType>>, ProblemHttpResult>> TypesAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalTicketType>(
            id, query, caller, database,
            """
            select id, quota_id, name, description, visibility, price_minor, currency, max_per_order, sales_from, sales_until, retired_at
            from platform.ticket_types where event_id = @eventId and (@after::uuid is null or id > @after) order by id limit @Take
            """,
            audited: null, cancel);

    public static Task<Results<Ok<Page<ExternalQuota>>, ProblemHttpResult>> QuotasAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalQuota>(
            id, query, caller, database,
            """
            select q.id, q.name, q.capacity, q.taken, (select count(*)::int from platform.tickets t where t.quota_id = q.id and t.state = 'held' and t.held_until > now()) as held, q.version
            from platform.ticket_quotas q where q.event_id = @eventId and (@after::uuid is null or q.id > @after) order by q.id limit @Take
            """,
            audited: null, cancel);

    public static Task<Results<Ok<Page<ExternalOrder>>, ProblemHttpResult>> OrdersAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalOrder>(
            id, query, caller, database, $"{Order} where o.event_id = @eventId and (@after::uuid is null or o.id > @after) order by o.id limit @Take", "orders.read", cancel);

    public static Task<Results<Ok<ExternalOrder>, ProblemHttpResult>> OrderAsync(Guid id, ApiCaller caller, Database database, CancellationToken cancel) =>
        OneAsync<ExternalOrder>(id, caller, database, $"{Order} join platform.events e on e.id = o.event_id where o.id = @id and e.organiser_id = @OrganiserId", "orders.read", "order", o => o.EventId, cancel);

    public static Task<Results<Ok<Page<ExternalAttendee>>, ProblemHttpResult>> AttendeesAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalAttendee>(
            id, query, caller, database, $"{Attendee} where t.event_id = @eventId and t.state <> 'released' and (@after::uuid is null or t.id > @after) order by t.id limit @Take", "participants.read", cancel);

    public static Task<Results<Ok<ExternalAttendee>, ProblemHttpResult>> AttendeeAsync(Guid id, ApiCaller caller, Database database, CancellationToken cancel) =>
        OneAsync<ExternalAttendee>(
            id, caller, database, $"{Attendee} join platform.events e on e.id = t.event_id where t.id = @id and t.state <> 'released' and e.organiser_id = @OrganiserId", "participants.read", "ticket", t => t.EventId, cancel);

    public static Task<Results<Ok<Page<ExternalParticipant>>, ProblemHttpResult>> ParticipantsAsync(Guid id, [AsParameters] PageQuery query, ApiCaller caller, Database database, CancellationToken cancel) =>
        ExternalPages.OfEventAsync<ExternalParticipant>(
            id, query, caller, database,
            "select id, user_id, name, role, created_at from platform.event_participants where event_id = @eventId and not preview and taken_over_by is null and (@after::uuid is null or id > @after) order by id limit @Take",
            "participants.read", cancel);

    private static async Task<Results<Ok<T>, ProblemHttpResult>> OneAsync<T>(Guid id, ApiCaller caller, Database database, string sql, string audited, string kind, Func<T, Guid> eventOf, CancellationToken cancel)
        where T : class => (await database.TryInTransactionAsync<T>(
            async (NpgsqlTransaction transaction) =>
            {
                if (await transaction.Connection!.QuerySingleOrDefaultAsync<T>(sql, new { id, caller.OrganiserId }) is not { } found)
                {
                    return ApiError.NotFound($"{kind}_not_found", $"Your organisation has no such {kind}.");
                }

                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.ApiToken(caller.TokenId), audited, caller.OrganiserId, eventOf(found), kind, id));
                return found;
            },
            cancel)).ToOk();
}
