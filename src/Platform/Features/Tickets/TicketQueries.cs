using System.Text.Json;
using Dapper;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>Reading what an event sells.</summary>
internal static class TicketQueries
{
    public static async Task<IReadOnlyList<TypeRow>> TypesAsync(NpgsqlConnection connection, Guid eventId) =>
        (await connection.QueryAsync<TypeRow>($"select {TypeRow.Columns} from platform.ticket_types where event_id = @eventId and retired_at is null order by id", new { eventId })).AsList();

    /// <summary>By type, the tickets that were ever sold or are being paid for.</summary>
    public static async Task<IReadOnlyDictionary<Guid, int>> SoldAsync(NpgsqlConnection connection, Guid eventId) =>
        (await connection.QueryAsync<(Guid Type, int Count)>(
            "select ticket_type_id, count(*)::int from platform.tickets where event_id = @eventId and state <> 'released' group by ticket_type_id", new { eventId })).ToDictionary(s => s.Type, s => s.Count);

    /// <param name="connection">Open.</param>
    /// <param name="eventId">Whose questions.</param>
    /// <param name="withRetired">Those too that are no longer asked, for what was answered to them.</param>
    public static async Task<IReadOnlyList<QuestionDetails>> QuestionsAsync(NpgsqlConnection connection, Guid eventId, bool withRetired = false) =>
        [.. (await connection.QueryAsync<QuestionRow>(
            "select id, label, kind, required, options::text, ticket_type_id, shown_if_question, shown_if_answer, version from platform.ticket_questions where event_id = @eventId and (@withRetired or retired_at is null) order by position, id",
            new { eventId, withRetired })).Select(q => q.ToDetails())];

    private sealed record QuestionRow(Guid Id, string Label, string Kind, bool Required, string Options, Guid? TicketTypeId, Guid? ShownIfQuestion, string? ShownIfAnswer, int Version)
    {
        public QuestionDetails ToDetails() =>
            new(Id, Label, Kind, Required, JsonSerializer.Deserialize<string[]>(Options)!, TicketTypeId, ShownIfQuestion is { } question ? new ShownIf(question, ShownIfAnswer!) : null, Version);
    }
}

/// <summary>Reading orders and tickets.</summary>
internal static class OrderQueries
{
    private const string TicketColumns = "t.id, t.ticket_type_id, y.name as type_name, t.holder_name, t.holder_email, t.price_minor, t.state, t.event_id, c.checked_in_at";

    private const string TicketTables = "from platform.tickets t join platform.ticket_types y on y.id = t.ticket_type_id left join platform.ticket_check_ins c on c.ticket_id = t.id";

    public static async Task<OrderDetails?> FindAsync(NpgsqlConnection connection, Guid orderId, TicketKeys keys)
    {
        var order = await connection.QuerySingleOrDefaultAsync<OrderRow>("select id, event_id, state, email, name, total_minor, currency, expires_at from platform.orders where id = @orderId", new { orderId });
        if (order is null)
        {
            return null;
        }

        var tickets = await connection.QueryAsync<TicketRow>(
            $"select {TicketColumns} {TicketTables} where t.order_id = @orderId and t.state <> 'released' order by t.id", new { orderId });
        return new OrderDetails(
            order.Id, order.EventId, order.State, order.Email, order.Name, order.TotalMinor, order.Currency, order.State == "pending" ? order.ExpiresAt : null, null, null,
            [.. tickets.Select(t => t.ToDetails(keys))]);
    }

    public static async Task<TicketDetails?> TicketAsync(NpgsqlConnection connection, Guid ticketId, TicketKeys keys) =>
        (await connection.QuerySingleOrDefaultAsync<TicketRow>(
            $"select {TicketColumns} {TicketTables} where t.id = @ticketId", new { ticketId }))?.ToDetails(keys);

    /// <summary>Newest first.</summary>
    /// <param name="connection">Open.</param>
    /// <param name="eventId">Whose orders.</param>
    /// <param name="after">The last id of the page before.</param>
    /// <param name="limit">Orders on the page.</param>
    /// <param name="filter">Which of them.</param>
    public static async Task<OrderPage> PageAsync(NpgsqlConnection connection, Guid eventId, Guid? after, int limit, OrderFilter filter)
    {
        var rows = (await connection.QueryAsync<OrderSummary>(
            $"""
            select o.id, o.state, o.email, o.name, o.total_minor, o.currency, o.created_at, t.tickets, t.checked_in,
                   (select coalesce(p.refund_error, 'The refund failed.') from platform.payments p where p.order_id = o.id and p.state = 'refund_failed' order by p.changed_at desc limit 1) as refund_problem
            from platform.orders o,
                 lateral (select count(*)::int as tickets, count(c.checked_in_at)::int as checked_in from platform.tickets t left join platform.ticket_check_ins c on c.ticket_id = t.id where t.order_id = o.id and t.state in ('held', 'valid')) t
            where o.event_id = @eventId and (@after::uuid is null or o.id < @after) and {OrderFilter.Condition} order by o.id desc limit @Take
            """,
            new { eventId, after, filter.State, filter.Part, filter.Type, Take = limit + 1 })).AsList();
        return new OrderPage([.. rows.Take(limit)], rows.Count > limit ? rows[limit - 1].Id.ToString() : null);
    }

    private sealed record OrderRow(Guid Id, Guid EventId, string State, string Email, string Name, long TotalMinor, string Currency, DateTimeOffset? ExpiresAt);

    private sealed record TicketRow(Guid Id, Guid TicketTypeId, string TypeName, string HolderName, string HolderEmail, long PriceMinor, string State, Guid EventId, DateTimeOffset? CheckedInAt)
    {
        public TicketDetails ToDetails(TicketKeys keys) =>
            new(Id, TicketTypeId, TypeName, HolderName, HolderEmail, PriceMinor, State, State == "valid" ? keys.CodeOf(EventId, Id) : null, CheckedInAt, EventId);
    }
}
