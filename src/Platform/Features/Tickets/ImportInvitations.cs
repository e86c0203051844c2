using System.Text;
using Events.Platform.Composition;
using Events.Platform.Data;
using Events.Platform.Features.Accounts;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Organisations;
using Events.Platform.Roles;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Events.Platform.Features.Tickets;

/// <param name="Line">In the file; the first is 1.</param>
public sealed record ImportError(int Line, string Code, string Detail);

/// <param name="Sent">Mails on their way.</param>
/// <param name="Errors">Lines that sent nothing, and why.</param>
public sealed record ImportedInvitations(int Sent, IReadOnlyList<ImportError> Errors);

/// <summary>
/// Invites everybody in a table: the column called "email", or the first one where there are no headings. What is wrong is said line by line, and the
/// other lines are sent. A file that is sent again mails nobody twice.
/// </summary>
internal static class ImportInvitations
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxLines = 5_000;

    /// <summary>Lines in a transaction: short enough to lock nobody out, and kept when a later one fails.</summary>
    private const int Batch = 100;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static async Task<Results<Ok<ImportedInvitations>, ProblemHttpResult>> HandleAsync(
        Guid id, Guid typeId, HttpContext context, SignedIn account, Database database, TicketKeys keys, NodeOptions options, LinkLimits limits, CancellationToken cancel)
    {
        if (context.Request.ContentType?.StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) != true)
        {
            return new ApiError(415, "unsupported_media_type", "Send the table as text/csv.").ToResult();
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = MaxBytes;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, cancel); // Kestrel ends it at the bound with 413
        string text;
        try
        {
            text = Strict.GetString(body.GetBuffer(), 0, (int)body.Length);
        }
        catch (DecoderFallbackException)
        {
            return ApiError.BadRequest("csv_not_utf8", "The table is not in UTF-8; save it as \"CSV UTF-8\".").ToResult();
        }

        var rows = CsvReader.Read(text).Take(MaxLines + 2).ToList();
        var column = rows.Count == 0 ? -1 : rows[0].Cells.ToList().FindIndex(c => c.Trim().ToLowerInvariant() is "email" or "e-mail" or "email address" or "e-mail address");
        var people = column < 0 ? rows : rows[1..];
        if (people.Count is 0 or > MaxLines)
        {
            return ApiError.BadRequest("csv_lines_invalid", $"The table has 1 to {MaxLines} lines with an e-mail address each.").ToResult();
        }

        var (sent, errors, seen) = (0, new List<ImportError>(), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        foreach (var batch in people.Chunk(Batch))
        {
            var done = await database.TryInTransactionAsync<BatchResult>(
                async transaction =>
                {
                    var door = await Invitations.OpenAsync(transaction, id, typeId, account);
                    if (door.Error is not null)
                    {
                        return door.Error;
                    }

                    var result = new BatchResult(0, []);
                    foreach (var row in batch)
                    {
                        var email = row.Cells.ElementAtOrDefault(Math.Max(column, 0))?.Trim() ?? "";
                        var error = !MailAddresses.IsValid(email) ? ApiError.BadRequest("email_invalid", "This is no e-mail address.")
                            : !seen.Add(email) ? ApiError.BadRequest("email_repeated", "The address stands in an earlier line, too.")
                            : !limits.AdmitsAddressee($"invite {email}") ? OrganisationsApi.TooManyMails
                            : (await Invitations.InviteAsync(transaction, door.Value!, typeId, email, keys, options, isRenewed: false)).Error;
                        result = error is null ? result with { Sent = result.Sent + 1 } : result with { Errors = [.. result.Errors, new ImportError(row.Line, error.Code, error.Detail)] };
                    }

                    return result;
                },
                cancel);
            if (done.Error is not null)
            {
                return done.Error.ToResult();
            }

            sent += done.Value!.Sent;
            errors.AddRange(done.Value.Errors);
        }

        return TypedResults.Ok(new ImportedInvitations(sent, errors));
    }

    private sealed record BatchResult(int Sent, IReadOnlyList<ImportError> Errors);
}
