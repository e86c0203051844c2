using System.Text.Json;
using Events.Platform.Composition;

namespace Events.Platform.Features.Tickets;

/// <summary>Answers against questions; pure.</summary>
internal static class QuestionRules
{
    public const int MaxText = 2_000;

    private const int MaxFileKey = 140;

    /// <summary>
    /// What is kept of the answers: those of questions that apply to this ticket and are shown. A question is shown when the one
    /// that it depends on is shown and was answered as wanted.
    /// </summary>
    /// <param name="questions">In their order: a question depends only on earlier ones.</param>
    public static (IReadOnlyDictionary<Guid, JsonElement> Kept, ApiError? Error) Check(IEnumerable<QuestionDetails> questions, Guid ticketTypeId, IReadOnlyDictionary<string, JsonElement>? answers)
    {
        var given = new Dictionary<Guid, JsonElement>();
        foreach (var (key, value) in answers ?? new Dictionary<string, JsonElement>())
        {
            if (!Guid.TryParse(key, out var id))
            {
                return (given, ApiError.BadRequest("answer_unknown", "'answers' is keyed by question ids."));
            }

            given[id] = value;
        }

        var kept = new Dictionary<Guid, JsonElement>();
        foreach (var question in questions.Where(q => q.TicketTypeId is null || q.TicketTypeId == ticketTypeId))
        {
            if (question.ShownIf is { } condition && !(kept.TryGetValue(condition.QuestionId, out var earlier) && Says(earlier, condition.Answer)))
            {
                continue;
            }

            var isAnswered = given.TryGetValue(question.Id, out var answer) && !IsEmpty(answer);
            if (!isAnswered)
            {
                if (question.Required)
                {
                    return (kept, ApiError.BadRequest("answer_missing", $"Answer the question '{question.Label}' ({question.Id})."));
                }

                continue;
            }

            if (!Fits(question, answer))
            {
                return (kept, ApiError.BadRequest("answer_invalid", $"The answer to '{question.Label}' ({question.Id}) does not fit a question of kind {question.Kind}."));
            }

            kept[question.Id] = answer;
        }

        return (kept, null);
    }

    /// <summary>JSON can write half of a surrogate pair, which is no text: whatever reads it throws.</summary>
    public static bool IsReadable(JsonElement answer)
    {
        try
        {
            return answer.ValueKind switch
            {
                JsonValueKind.String => answer.GetString() is not null,
                JsonValueKind.Array => answer.EnumerateArray().All(IsReadable),
                JsonValueKind.Object => answer.EnumerateObject().All(p => p.Name is not null && IsReadable(p.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsEmpty(JsonElement answer) => answer.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => true,
        JsonValueKind.String => string.IsNullOrWhiteSpace(answer.GetString()),
        JsonValueKind.Array => answer.GetArrayLength() == 0,
        _ => false,
    };

    private static bool Fits(QuestionDetails question, JsonElement answer) => question.Kind switch
    {
        "text" => answer.ValueKind == JsonValueKind.String && answer.GetString() is { Length: <= MaxText } text && FieldChecks.IsWellFormed(text),
        "file" => answer.ValueKind == JsonValueKind.String && answer.GetString() is { Length: <= MaxFileKey }, // whether it opens a file is for AnswerFiles to say
        "choice" => answer.ValueKind == JsonValueKind.String && question.Options.Contains(answer.GetString()!),
        "choices" => answer.ValueKind == JsonValueKind.Array && answer.GetArrayLength() <= question.Options.Count
            && answer.EnumerateArray().All(a => a.ValueKind == JsonValueKind.String && question.Options.Contains(a.GetString()!))
            && answer.EnumerateArray().Select(a => a.GetString()).Distinct().Count() == answer.GetArrayLength(),
        _ => answer.ValueKind is JsonValueKind.True or JsonValueKind.False,
    };

    /// <summary>"yes" and "no" stand for booleans.</summary>
    private static bool Says(JsonElement answer, string wanted) => answer.ValueKind switch
    {
        JsonValueKind.True => wanted == "yes",
        JsonValueKind.False => wanted == "no",
        JsonValueKind.Array => answer.EnumerateArray().Any(a => a.GetString() == wanted),
        _ => answer.GetString() == wanted,
    };
}
