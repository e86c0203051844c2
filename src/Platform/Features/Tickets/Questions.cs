using System.Text.Json;
using Dapper;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Events;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>
/// What is asked of each ticket's holder. An answer belongs to the question as it was asked: once there is one, a change of what is asked retires the
/// question and puts a new one in its place, and a removal retires it.
/// </summary>
internal static class Questions
{
    private const int MaxQuestions = 100;
    private const int MaxOptions = 100;

    private static readonly ApiError NotFound = ApiError.NotFound("question_not_found", "The event has no such question.");

    private static readonly ApiError Needed = ApiError.Conflict("question_needed", "Another question follows from this one; change or remove that one first.");

    public static async Task<Results<Created<QuestionDetails>, ProblemHttpResult>> AddAsync(Guid id, NewQuestion request, EventManager manager, Database database, CancellationToken cancel)
    {
        var (checks, question) = Read(request, Guid.CreateVersion7());
        return (await TicketSetup.ManageAsync<QuestionDetails>(checks, id, manager, database, "question.added", async (connection, _) =>
        {
            var before = await TicketQueries.QuestionsAsync(connection, id);
            if (before.Count >= MaxQuestions)
            {
                return ApiError.Conflict("too_many_questions", $"An event has at most {MaxQuestions} questions.");
            }

            if (await ReferenceErrorAsync(connection, id, question, before) is { } error)
            {
                return error;
            }

            var position = await connection.ExecuteScalarAsync<int>("select coalesce(max(position) + 1, 0) from platform.ticket_questions where event_id = @id", new { id });
            await InsertAsync(connection, id, question, position, replaces: null);
            return question;
        }, cancel)).ToCreated(_ => $"{manager.Api}/events/{id}/tickets");
    }

    /// <summary>Replaces all of it. An answered question gets a new id with its new words; those that follow from it follow from the new one.</summary>
    public static async Task<Results<Ok<QuestionDetails>, ProblemHttpResult>> ChangeAsync(Guid id, Guid questionId, NewQuestion request, HttpRequest http, EventManager manager, Database database, CancellationToken cancel)
    {
        var (checks, question) = Read(request, questionId);
        return (await TicketSetup.ManageAsync<QuestionDetails>(checks, id, manager, database, "question.changed", async (connection, _) =>
        {
            var all = await TicketQueries.QuestionsAsync(connection, id);
            if (all.FirstOrDefault(q => q.Id == questionId) is not { } before)
            {
                return NotFound;
            }

            if (IfMatch.Refuses(http, before.Version) is { } changed)
            {
                return changed;
            }

            if (await ReferenceErrorAsync(connection, id, question, all.TakeWhile(q => q.Id != questionId)) is { } error)
            {
                return error;
            }

            var following = all.Where(q => q.ShownIf?.QuestionId == questionId).ToList();
            if (following.Any(f => !CanSay(question, f.ShownIf!.Answer)))
            {
                return Needed;
            }

            var asksAnother = question.Label != before.Label || question.Kind != before.Kind || !question.Options.SequenceEqual(before.Options);
            if (asksAnother && await IsAnsweredAsync(connection, id, questionId))
            {
                question = question with { Id = Guid.CreateVersion7() };
                var position = await connection.QuerySingleAsync<int>("update platform.ticket_questions set retired_at = now() where id = @questionId returning position", new { questionId });
                await InsertAsync(connection, id, question, position, replaces: questionId);
                await connection.ExecuteAsync("update platform.ticket_questions set shown_if_question = @Id, version = version + 1 where shown_if_question = @questionId and retired_at is null", new { question.Id, questionId });
                return question;
            }

            await connection.ExecuteAsync(
                """
                update platform.ticket_questions set ticket_type_id = @TicketTypeId, label = @Label, kind = @Kind, required = @Required, options = @OptionsJson::jsonb,
                       shown_if_question = @ShownIfQuestion, shown_if_answer = @ShownIfAnswer, version = version + 1
                where id = @Id
                """,
                Row(id, question));
            return question with { Version = before.Version + 1 };
        }, cancel)).ToOk();
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Guid id, Guid questionId, EventManager manager, Database database, CancellationToken cancel)
    {
        var removed = await TicketSetup.ManageAsync<QuestionDetails>(new FieldChecks(), id, manager, database, "question.removed", async (connection, _) =>
        {
            var all = await TicketQueries.QuestionsAsync(connection, id);
            if (all.FirstOrDefault(q => q.Id == questionId) is not { } question)
            {
                return NotFound;
            }

            if (all.Any(q => q.ShownIf?.QuestionId == questionId))
            {
                return Needed;
            }

            // Older versions, and retired questions that followed from it, go on naming it.
            var isNamed = await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.ticket_questions where @questionId in (shown_if_question, replaces))", new { questionId });
            await connection.ExecuteAsync(
                isNamed || await IsAnsweredAsync(connection, id, questionId)
                    ? "update platform.ticket_questions set retired_at = now() where id = @questionId"
                    : "delete from platform.ticket_questions where id = @questionId",
                new { questionId });
            return question;
        }, cancel);
        return removed.Error is { } error ? error.ToResult() : TypedResults.NoContent();
    }

    /// <summary>By a ticket in whatever state, or by a file that waits for its order. The event's lock keeps orders out meanwhile.</summary>
    private static Task<bool> IsAnsweredAsync(NpgsqlConnection connection, Guid eventId, Guid questionId) => connection.ExecuteScalarAsync<bool>(
        """
        select exists (select 1 from platform.answer_files where question_id = @questionId)
            or exists (select 1 from platform.tickets where event_id = @eventId and jsonb_exists(answers, @Key))
        """,
        new { eventId, questionId, Key = questionId.ToString() });

    private static bool CanSay(QuestionDetails question, string answer) => question.Kind switch
    {
        "yes_no" => answer is "yes" or "no",
        "choice" or "choices" => question.Options.Contains(answer),
        "file" => false,
        _ => true,
    };

    private static async Task<ApiError?> ReferenceErrorAsync(NpgsqlConnection connection, Guid eventId, QuestionDetails question, IEnumerable<QuestionDetails> earlier)
    {
        if (question.ShownIf is { } condition && !earlier.Any(q => q.Id == condition.QuestionId && q.Kind != "file"))
        {
            return ApiError.BadRequest("shown_if_invalid", "'shownIf' names an earlier question of the event that is not answered by a file.");
        }

        return question.TicketTypeId is { } typeId && (await TicketQueries.TypesAsync(connection, eventId)).All(t => t.Id != typeId)
            ? ApiError.NotFound("ticket_type_not_found", "The event has no such ticket type.")
            : null;
    }

    private static Task InsertAsync(NpgsqlConnection connection, Guid eventId, QuestionDetails question, int position, Guid? replaces)
    {
        var values = new DynamicParameters(Row(eventId, question));
        values.AddDynamicParams(new { position, replaces });
        return connection.ExecuteAsync(
            """
            insert into platform.ticket_questions (id, event_id, ticket_type_id, position, label, kind, required, options, shown_if_question, shown_if_answer, replaces)
            values (@Id, @EventId, @TicketTypeId, @position, @Label, @Kind, @Required, @OptionsJson::jsonb, @ShownIfQuestion, @ShownIfAnswer, @replaces)
            """,
            values);
    }

    private static object Row(Guid eventId, QuestionDetails question) => new
    {
        question.Id,
        EventId = eventId,
        question.TicketTypeId,
        question.Label,
        question.Kind,
        question.Required,
        OptionsJson = JsonSerializer.Serialize(question.Options),
        ShownIfQuestion = question.ShownIf?.QuestionId,
        ShownIfAnswer = question.ShownIf?.Answer,
    };

    private static (FieldChecks Checks, QuestionDetails Question) Read(NewQuestion request, Guid questionId)
    {
        var checks = new FieldChecks();
        var label = checks.Text("label", request.Label, 500);
        var kind = request.Kind ?? "text";
        var asked = request.Options ?? [];
        checks.Require(kind is "text" or "choice" or "choices" or "yes_no" or "file", "kind_invalid", "'kind' is text, choice, choices, yes_no or file.");
        checks.Require(kind is "choice" or "choices" ? asked.Count is >= 1 and <= MaxOptions : asked.Count == 0, "options_invalid", $"A question of choice has 1 to {MaxOptions} 'options', others have none.");
        var options = asked.Take(MaxOptions).Select(o => checks.Text("options", o, 200)).ToArray();
        checks.Require(options.Distinct().Count() == options.Length, "options_invalid", "The 'options' must differ.");
        var shownIf = request.ShownIf is { } shown ? shown with { Answer = checks.Text("shownIf", shown.Answer, QuestionRules.MaxText, "shown_if") } : null;
        return (checks, new QuestionDetails(questionId, label, kind, request.Required ?? false, options, request.TicketTypeId, shownIf));
    }
}
