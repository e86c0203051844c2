using System.Globalization;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Audit;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Events.Platform.Features.Payments;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// Who registered, as a table for spreadsheets: a row a ticket, oldest order first. The columns are these and in this order; behind them stands one for
/// each question, in its present order, those that are no longer asked last. Whoever was not asked about sharing has said neither yes nor no to it. Written while it is read, so that its length costs no memory.
/// </summary>
internal static class RegistrationsCsv
{
    private const int Batch = 500;

    private static readonly string[] Columns =
    [
        "order_id", "order_state", "ordered_at", "buyer_name", "buyer_email", "ticket_id", "ticket_state", "ticket_type", "holder_name", "holder_email", "price", "currency", "checked_in_at", "consent_storing", "consent_sharing",
    ];

    public static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> GetAsync(Guid id, SignedIn account, Database database, HttpResponse response, CancellationToken cancel, string? text = null, string? state = null, Guid? type = null)
    {
        var filter = OrderFilter.Read(text, state, type);
        if (filter.Error is not null)
        {
            return filter.Error.ToResult();
        }

        var begun = await database.TryInTransactionAsync<Begun>(
            async transaction =>
            {
                var managed = await EventGuard.ManagedAsync(transaction.Connection!, account, id, EventAction.ReadRegistrations);
                if (managed.Error is not null)
                {
                    return managed.Error;
                }

                await AuditLog.AppendAsync(transaction, new AuditEntry(AuditActor.User(account.UserId), "registrations.exported", managed.Value!.OrganiserId, id));
                var (now, all) = (await TicketQueries.QuestionsAsync(transaction.Connection!, id), await TicketQueries.QuestionsAsync(transaction.Connection!, id, withRetired: true));
                return new Begun(managed.Value, [.. now, .. all.Where(q => now.All(n => n.Id != q.Id))]);
            },
            cancel);
        if (begun.Error is not null)
        {
            return begun.Error.ToResult();
        }

        response.Headers.CacheControl = "private, no-store";
        return TypedResults.Stream(
            stream => WriteAsync(stream, begun.Value!, filter.Value!, database, cancel), "text/csv; charset=utf-8; header=present", $"{begun.Value!.Event.Slug}-registrations.csv");
    }

    private static async Task WriteAsync(Stream stream, Begun begun, OrderFilter filter, Database database, CancellationToken cancel)
    {
        var text = new StringBuilder().Append(CsvWriter.ByteOrderMark);
        CsvWriter.AppendRow(text, [.. Columns, .. begun.Questions.Select(q => q.Label)]);
        (Guid Order, Guid Ticket) after = default;
        while (true)
        {
            List<Row> rows;
            Dictionary<Guid, string> files;
            await using (var connection = await database.OpenAsync(cancel)) // given back while a slow reader takes what there is
            {
                rows = await BatchAsync(connection, begun.Event.Id, filter, after);
                files = (await connection.QueryAsync<(Guid Id, string Name)>("select id, file_name from platform.answer_files where ticket_id = any(@Ids)", new { Ids = rows.Select(r => r.TicketId).ToArray() })).ToDictionary(f => f.Id, f => f.Name);
            }

            foreach (var row in rows)
            {
                CsvWriter.AppendRow(text, [.. CellsOf(row), .. AnswersOf(row, begun.Questions, files)]);
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancel);
            text.Clear();
            if (rows.Count < Batch)
            {
                return;
            }

            after = (rows[^1].OrderId, rows[^1].TicketId);
        }
    }

    private static async Task<List<Row>> BatchAsync(NpgsqlConnection connection, Guid eventId, OrderFilter filter, (Guid Order, Guid Ticket) after) => (await connection.QueryAsync<Row>(
        $"""
        select o.id as order_id, o.state as order_state, o.created_at as ordered_at, o.name as buyer_name, o.email as buyer_email, t.id as ticket_id, t.state as ticket_state, y.name as ticket_type,
               t.holder_name, t.holder_email, t.price_minor, o.currency, c.checked_in_at, o.consent_storing, {ConsentRules.Sharing} as consent_sharing, t.answers::text as answers
        from platform.orders o join platform.tickets t on t.order_id = o.id join platform.ticket_types y on y.id = t.ticket_type_id
             left join platform.ticket_check_ins c on c.ticket_id = t.id
        where o.event_id = @eventId and (o.id, t.id) > (@Order, @Ticket) and {OrderFilter.Condition} order by o.id, t.id limit @Batch
        """,
        new { eventId, after.Order, after.Ticket, filter.Part, filter.State, filter.Type, Batch })).AsList();

    private static string[] CellsOf(Row row) =>
    [
        row.OrderId.ToString(), row.OrderState, TimeOf(row.OrderedAt), row.BuyerName, row.BuyerEmail, row.TicketId.ToString(), row.TicketState, row.TicketType, row.HolderName, row.HolderEmail,
        Money.Amount(row.PriceMinor, row.Currency), row.Currency == "XXX" ? "" : row.Currency, row.CheckedInAt is { } at ? TimeOf(at) : "", row.ConsentStoring ? "yes" : "no", row.ConsentSharing is { } shares ? shares ? "yes" : "no" : "",
    ];

    private static IEnumerable<string> AnswersOf(Row row, IReadOnlyList<QuestionDetails> questions, Dictionary<Guid, string> files)
    {
        var answers = JsonSerializer.Deserialize<Dictionary<Guid, JsonElement>>(row.Answers)!;
        return questions.Select(q => answers.TryGetValue(q.Id, out var answer) ? AnswerOf(q, answer, files) : "");
    }

    private static string AnswerOf(QuestionDetails question, JsonElement answer, Dictionary<Guid, string> files) => answer.ValueKind switch
    {
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Array => string.Join("; ", answer.EnumerateArray().Select(a => a.GetString())),
        _ when question.Kind == "file" => Guid.TryParse(answer.GetString(), out var file) ? files.GetValueOrDefault(file, "") : "",
        _ => answer.GetString() ?? "",
    };

    private static string TimeOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private sealed record Begun(EventRow Event, IReadOnlyList<QuestionDetails> Questions);

    private sealed record Row(
        Guid OrderId, string OrderState, DateTimeOffset OrderedAt, string BuyerName, string BuyerEmail, Guid TicketId, string TicketState, string TicketType, string HolderName, string HolderEmail,
        long PriceMinor, string Currency, DateTimeOffset? CheckedInAt, bool ConsentStoring, bool? ConsentSharing, string Answers);
}
