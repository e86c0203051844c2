using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Events.MediaRegistry.Assets;
using Events.MediaRegistry.Blobs;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Data.Timers;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Events;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Events.Platform.Features.Tickets;

/// <summary>How often files may be uploaded: from one network address, and for one event (in the place of the e-mail address).</summary>
internal sealed class AnswerFileLimits(NodeOptions options) : AttemptLimits(options.AttemptsPerAddress, perEmail: 600, TimeSpan.FromMinutes(1));

/// <summary>
/// Files that answer questions. A buyer uploads first, and orders with the key that comes back: the order claims the file for its ticket. What is not
/// claimed within a day is deleted. Only the event's organisers can read them.
/// </summary>
internal static class AnswerFiles
{
    public const int MaxBytes = 10 * 1024 * 1024;

    /// <summary>Uploaded for an event and not ordered with: more is not forgetfulness.</summary>
    private const int MaxUnclaimed = 2_000;

    /// <summary>Of them from one network: nobody closes a sale alone.</summary>
    private const int MaxOfNetwork = 200;

    /// <summary>10 MB at 90 kB/s.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(2);

    private static readonly ApiError NotFound = ApiError.NotFound("question_not_found", "The event asks no such question for a file.");

    /// <summary>The body is the file; <c>?name=</c> is what it is called.</summary>
    public static async Task<Results<Created<UploadedFile>, ProblemHttpResult>> UploadAsync(
        Guid id, Guid questionId, HttpContext context, Database database, IBlobStore blobs, TicketKeys keys, AnswerFileLimits limits, CancellationToken cancel, string? name = null)
    {
        if (!limits.Admits(context.Connection.RemoteIpAddress, id.ToString()))
        {
            return new ApiError(429, "too_many_attempts", "Too many files at once; try again in a minute.").ToResult();
        }

        var network = HMACSHA256.HashData(keys.Derive("answer-file-network")[0], Encoding.UTF8.GetBytes(AttemptLimits.NetworkOf(context.Connection.RemoteIpAddress)));
        await using (var connection = await database.OpenAsync(cancel))
        {
            if (await EventQueries.FindAsync(connection, id.ToString()) is not { State: "live" }
                || !await connection.ExecuteScalarAsync<bool>("select exists (select 1 from platform.ticket_questions where id = @questionId and event_id = @id and kind = 'file' and retired_at is null)", new { id, questionId }))
            {
                return NotFound.ToResult();
            }

            var (all, own) = await connection.QuerySingleAsync<(int, int)>("select count(*)::int, (count(*) filter (where network = @network))::int from platform.answer_files where event_id = @id and ticket_id is null", new { id, network });
            if (all >= MaxUnclaimed || own >= MaxOfNetwork)
            {
                return ApiError.Conflict("too_many_files", "Too many files were uploaded for this event, or from here, without an order; try again tomorrow.").ToResult();
            }
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = MaxBytes;

        // On disk while it comes: many slow uploads cost files and no memory.
        await using var content = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel))
        {
            patience.CancelAfter(MostTime);
            try
            {
                await context.Request.Body.CopyToAsync(content, patience.Token); // Kestrel ends it at the bound with 413
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return new ApiError(408, "request_timeout", $"The file did not come within {MostTime.TotalMinutes:0} minutes.").ToResult();
            }
        }

        content.Position = 0;
        var bytes = new byte[content.Length];
        await content.ReadExactlyAsync(bytes, cancel);
        if (AnswerFileType.Of(bytes) is not { } type)
        {
            return new ApiError(415, "file_type_refused", $"Send {AnswerFileType.Accepted}; the file is told by its bytes, not by its name.").ToResult();
        }

        content.Position = 0;
        var blob = await blobs.PutAsync(content, cancel);
        var (fileId, fileName) = (Guid.CreateVersion7(), NameOf(name, type.Extension));
        await database.InTransactionAsync(
            async transaction =>
            {
                var asset = await AssetStore.RegisterAsync(transaction, new NewDocument("answer_file", fileId, new AssetFile(blob.Sha256, blob.Size, type.MimeType, fileName)), blobs, content, cancel);
                await TimerTable.SetAsync(transaction, AnswerFileUpkeep.TimerKind, fileId.ToString(), TimeProvider.System.GetUtcNow() + AnswerFileUpkeep.UnclaimedFor);
                return await transaction.Connection!.ExecuteAsync(
                    """
                    insert into platform.answer_files (id, event_id, question_id, asset_id, sha256, file_name, mime_type, size, network)
                    values (@fileId, @id, @questionId, @asset, @Sha256, @fileName, @MimeType, @Size, @network)
                    """,
                    new { fileId, id, questionId, asset, blob.Sha256, fileName, type.MimeType, blob.Size, network });
            },
            cancel);
        return TypedResults.Created($"/api/v1/answer-files/{fileId}", new UploadedFile(keys.LinkOf("file", fileId), fileName, type.MimeType, blob.Size));
    }

    /// <summary>The files that answers name, and the answers with the files' ids in the place of their keys, which are for the buyer alone.</summary>
    public static Outcome<AnswersWithFiles> Named(IReadOnlyList<QuestionDetails> questions, IReadOnlyDictionary<Guid, JsonElement> answers, TicketKeys keys)
    {
        var (named, files) = (new Dictionary<Guid, JsonElement>(answers), new Dictionary<Guid, Guid>());
        foreach (var question in questions.Where(q => q.Kind == "file" && answers.ContainsKey(q.Id)))
        {
            if (!keys.TryReadLink("file", answers[question.Id].GetString(), out var fileId))
            {
                return Invalid(question.Label);
            }

            files[question.Id] = fileId;
            named[question.Id] = JsonSerializer.SerializeToElement(fileId);
        }

        return new AnswersWithFiles(named, files);
    }

    /// <summary>Makes files a ticket's, each once. The error's transaction is rolled back.</summary>
    public static async Task<ApiError?> ClaimAsync(NpgsqlConnection connection, Guid eventId, Guid ticketId, IReadOnlyDictionary<Guid, Guid> files)
    {
        foreach (var (questionId, fileId) in files)
        {
            var claimed = await connection.ExecuteAsync(
                "update platform.answer_files set ticket_id = @ticketId, network = null where id = @fileId and event_id = @eventId and question_id = @questionId and ticket_id is null", new { ticketId, fileId, eventId, questionId });
            if (claimed == 0)
            {
                return Invalid(questionId.ToString());
            }
        }

        return null;
    }

    private static ApiError Invalid(string question) => ApiError.BadRequest("answer_invalid", $"The answer to '{question}' is the key of a file that was uploaded for this question within the last day, for one ticket.");

    /// <summary>The last part of the name, without what means something to a file system, and with the ending of what the file really is.</summary>
    private static string NameOf(string? name, string extension)
    {
        var last = Path.GetFileNameWithoutExtension((name ?? "").Split('/', '\\')[^1]);
        var kept = string.Concat(last.Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_' or '.' or '(' or ')')).Trim(' ', '.');
        return (kept.Length == 0 ? "file" : kept[..Math.Min(kept.Length, 100)]) + extension;
    }
}

/// <param name="Files">By question.</param>
internal sealed record AnswersWithFiles(IReadOnlyDictionary<Guid, JsonElement> Answers, IReadOnlyDictionary<Guid, Guid> Files);
