using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Blobs;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>What a ticket's holder answered, for the organisers of its event and nobody else.</summary>
internal static class TicketAnswers
{
    private static readonly ApiError NoTicket = ApiError.NotFound("ticket_not_found", "There is no such ticket.");

    private static readonly ApiError NoFile = ApiError.NotFound("file_not_found", "There is no such file.");

    public static async Task<Results<Ok<IReadOnlyList<TicketAnswer>>, ProblemHttpResult>> ListAsync(Guid id, SignedIn account, Database database, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(cancel);
        var ticket = await connection.QuerySingleOrDefaultAsync<TicketRow>("select event_id, answers::text from platform.tickets where id = @id", new { id });
        if (ticket is null || (await EventGuard.ManagedAsync(connection, account, ticket.EventId, EventAction.ReadRegistrations)).Error is not null)
        {
            return NoTicket.ToResult();
        }

        var answers = JsonSerializer.Deserialize<Dictionary<Guid, JsonElement>>(ticket.Answers)!;
        var files = (await connection.QueryAsync<FileRow>("select id, question_id, event_id, ticket_id, sha256, file_name, mime_type, size from platform.answer_files where ticket_id = @id", new { id })).ToDictionary(f => f.QuestionId);
        return TypedResults.Ok<IReadOnlyList<TicketAnswer>>([.. (await TicketQueries.QuestionsAsync(connection, ticket.EventId, withRetired: true)).Where(q => answers.ContainsKey(q.Id)).Select(q => new TicketAnswer(
            q.Id, q.Label, q.Kind, q.Kind == "file" ? null : answers[q.Id], files.GetValueOrDefault(q.Id)?.ToDetails()))]);
    }

    /// <summary>As a download, whatever it is: nothing that a buyer sent runs or is shown under our origin.</summary>
    public static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> FileAsync(Guid id, SignedIn account, Database database, IBlobStore blobs, HttpResponse response, CancellationToken cancel)
    {
        FileRow? file;
        await using (var connection = await database.OpenAsync(cancel))
        {
            file = await connection.QuerySingleOrDefaultAsync<FileRow>("select id, question_id, event_id, ticket_id, sha256, file_name, mime_type, size from platform.answer_files where id = @id and ticket_id is not null", new { id });
            if (file is null || (await EventGuard.ManagedAsync(connection, account, file.EventId, EventAction.ReadRegistrations)).Error is not null)
            {
                return NoFile.ToResult();
            }
        }

        if (await blobs.OpenReadAsync(file.Sha256, cancellation: cancel) is not { } blob)
        {
            return NoFile.ToResult();
        }

        response.Headers.CacheControl = "private, no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        return TypedResults.Stream(blob.Stream, file.MimeType, file.FileName);
    }

    private sealed record TicketRow(Guid EventId, string Answers);

    private sealed record FileRow(Guid Id, Guid QuestionId, Guid EventId, Guid? TicketId, string Sha256, string FileName, string MimeType, long Size)
    {
        public AnswerFileDetails ToDetails() => new(Id, FileName, MimeType, Size, $"/api/v1/answer-files/{Id}");
    }
}
