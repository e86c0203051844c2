using Events.Platform.Composition;

namespace Events.Platform.Features.Tickets;

/// <summary>Which orders an organiser wants to see.</summary>
/// <param name="Part">A part of the buyer's or a holder's name or address, in lower case; null: any.</param>
/// <param name="Type">Orders with a ticket of this type; null: any.</param>
internal sealed record OrderFilter(string? Part, string? State, Guid? Type)
{
    /// <summary>Over <c>platform.orders o</c>, with this record's properties as parameters.</summary>
    public const string Condition =
        """
        (@State::text is null or o.state = @State)
          and (@Type::uuid is null or exists (select 1 from platform.tickets h where h.order_id = o.id and h.ticket_type_id = @Type))
          and (@Part::text is null or position(@Part in lower(o.email || ' ' || o.name)) > 0
               or exists (select 1 from platform.tickets h where h.order_id = o.id and position(@Part in lower(h.holder_email || ' ' || h.holder_name)) > 0))
        """;

    public static Outcome<OrderFilter> Read(string? text, string? state, Guid? type) =>
        text is { Length: > 200 } || (text is not null && !FieldChecks.IsWellFormed(text)) || state is not (null or "pending" or "confirmed" or "expired" or "cancelled" or "refunding" or "refunded")
            ? ApiError.BadRequest("filter_invalid", "'text' has at most 200 characters; 'state' is one that an order can have.")
            : new OrderFilter(string.IsNullOrWhiteSpace(text) ? null : text.Trim().ToLowerInvariant(), state, type);
}
