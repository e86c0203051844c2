using Events.Platform.Composition;

namespace Events.Platform.Features.Tickets;

/// <summary>An order's fields, trimmed and bounded.</summary>
internal sealed record OrderDraft(string Email, string Name, string IdempotencyKey, IReadOnlyList<NewOrderTicket> Tickets)
{
    public static Outcome<OrderDraft> Read(NewOrder request, string? idempotencyKey)
    {
        var checks = new FieldChecks();
        checks.Require(idempotencyKey is { Length: >= 8 and <= 128 } && idempotencyKey.All(c => c is > ' ' and < '\x7f'), "idempotency_key_missing", "Send a header Idempotency-Key of 8 to 128 visible characters, new for each order and the same at each retry.");
        var email = checks.Email("email", request.Email);
        var name = checks.Text("name", request.Name, 200);
        var tickets = request.Tickets ?? [];
        checks.Require(tickets.Count is > 0 and <= PlaceOrder.MaxTickets, "tickets_invalid", $"'tickets' has 1 to {PlaceOrder.MaxTickets} entries.");
        checks.Require(request.Consent is not null, "consent_missing", "'consent' is needed: {version, storing, sharing}.");
        var named = new List<NewOrderTicket>();
        foreach (var ticket in tickets.Take(PlaceOrder.MaxTickets))
        {
            checks.Require(ticket is not null, "tickets_invalid", "A ticket is an object with 'ticketTypeId'.");
            if (ticket is not null)
            {
                checks.Require(ticket.Answers?.Values.All(QuestionRules.IsReadable) ?? true, "answer_invalid", "An answer has half of a surrogate pair, which is no text.");
                named.Add(ticket with
                {
                    HolderName = string.IsNullOrWhiteSpace(ticket.HolderName) ? null : checks.Text("holderName", ticket.HolderName, 200, "holder_name"),
                    HolderEmail = string.IsNullOrWhiteSpace(ticket.HolderEmail) ? null : checks.Email("holderEmail", ticket.HolderEmail, "holder_email"),
                });
            }
        }

        return checks.Error is { } error ? error : new OrderDraft(email, name, idempotencyKey ?? "", named);
    }
}
